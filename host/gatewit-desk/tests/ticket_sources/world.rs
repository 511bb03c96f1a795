//! The ports of a desk in these tests: a store in memory, a clock set by hand, doors that are open all day.

use gatewit_decision::Window;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use async_trait::async_trait;
use bytes::Bytes;
use gatewit_desk::store_layout;
use gatewit_domain::claims::{Claims, ScannerClaims, TicketProof};
use gatewit_domain::event::{SealedKey, StrategyOptions};
use gatewit_domain::id::EventId;
use gatewit_domain::plugin::{
    LibraryError, PluginIdentity, PluginKind, PluginRow, PluginState, PluginUpload, PluginUse,
};
use gatewit_domain::ports::{
    Clock, Commit, EventKey, Guard, Key, PluginLibrary, Signer, SignerError, Store, StoreError,
    Strategies, TokenHeader, TriedPlugin, Write,
};
use gatewit_domain::window::{DoorRule, Holder, StrategyError, StrategyName, WindowsAnswer};
use gatewit_store::MemoryStore;
use jiff::{SignedDuration, Timestamp};

/// Runs a future to its end on this thread.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}

type OnCommit = Box<dyn Fn() + Send + Sync>;
type Meanwhile = Box<dyn FnOnce() + Send>;

/// A store that survives the desk, and that breaks on demand.
pub struct Disk {
    store: MemoryStore,
    pub commits: AtomicUsize,
    /// The keys that were read one by one since this was last taken.
    pub keys_read: Mutex<Vec<Key>>,
    /// The number of rows that were read.
    pub reads: AtomicUsize,
    /// The number of commits after which every further one fails.
    pub breaks_after: Mutex<Option<usize>>,
    /// Called before and after each commit.
    pub on_commit: Mutex<Option<OnCommit>>,
    /// Called once, just before the next commit.
    pub meanwhile: Mutex<Option<Meanwhile>>,
    /// Whether other tasks run before each read, and before and after each commit.
    pub pauses: AtomicBool,
}

impl Default for Disk {
    fn default() -> Self {
        Self {
            store: MemoryStore::new(store_layout(Timestamp::MIN)),
            commits: AtomicUsize::default(),
            keys_read: Mutex::default(),
            reads: AtomicUsize::default(),
            breaks_after: Mutex::default(),
            on_commit: Mutex::default(),
            meanwhile: Mutex::default(),
            pauses: AtomicBool::default(),
        }
    }
}

impl Disk {
    /// Returns the rows of a table.
    pub fn table(&self, name: &str) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let rows = self.rows(&format!("{name}/"));
        rows.map(|(key, value)| (text(key.as_bytes()), text(&value)))
            .collect()
    }

    /// Returns the names of the tables that were read since the last call.
    pub fn tables_read(&self) -> BTreeSet<String> {
        let keys = std::mem::take(&mut *self.keys_read.lock().unwrap());
        keys.iter().map(|key| key.table().into_owned()).collect()
    }

    /// Writes a row behind the desk's back.
    pub fn put(&self, key: &str, value: &'static str) {
        let writes = vec![Write::Put(Key::new(key.to_owned()), value.into())];
        block_on(self.store.commit(Vec::new(), writes)).unwrap();
    }

    /// Deletes a row behind the desk's back.
    pub fn delete(&self, key: &str) {
        let writes = vec![Write::Delete(Key::new(key.to_owned()))];
        block_on(self.store.commit(Vec::new(), writes)).unwrap();
    }

    /// Makes the rows with this key prefix unreadable.
    pub fn damage(&self, prefix: &str) {
        let damaged = |(key, _)| Write::Put(key, "damaged".into());
        let writes: Vec<_> = self.rows(prefix).map(damaged).collect();
        assert!(!writes.is_empty(), "there is no row {prefix}");
        block_on(self.store.commit(Vec::new(), writes)).unwrap();
    }

    /// Changes the rows with this key prefix.
    pub fn edit(&self, prefix: &str, edit: impl Fn(&mut serde_json::Value)) {
        let edited = |(key, value): (Key, Bytes)| {
            let mut value = serde_json::from_slice(&value).unwrap();
            edit(&mut value);
            Write::Put(key, value.to_string().into())
        };
        let writes = self.rows(prefix).map(edited).collect();
        block_on(self.store.commit(Vec::new(), writes)).unwrap();
    }

    fn rows(&self, prefix: &str) -> impl Iterator<Item = (Key, Bytes)> + use<> {
        let prefix = Key::new(prefix.to_owned());
        let rows = block_on(self.store.scan(&prefix, None, usize::MAX));
        rows.unwrap().into_iter()
    }

    /// Makes the store work again, and optionally break after this many commits.
    pub fn mend(&self, breaks_after: Option<usize>) {
        self.commits.store(0, Ordering::Relaxed);
        *self.breaks_after.lock().unwrap() = breaks_after;
    }

    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::Relaxed)
    }

    async fn pause(&self) {
        let mut is_over = !self.pauses.load(Ordering::Relaxed);
        let wait = |context: &mut Context<'_>| match mem::replace(&mut is_over, true) {
            true => Poll::Ready(()),
            false => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        };
        poll_fn(wait).await;
    }

    fn tell(&self) {
        if let Some(on_commit) = &*self.on_commit.lock().unwrap() {
            on_commit();
        }
    }
}

#[async_trait]
impl Store for Disk {
    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.keys_read.lock().unwrap().extend_from_slice(keys);
        self.reads.fetch_add(keys.len(), Ordering::Relaxed);
        self.pause().await;
        self.store.get_many(keys).await
    }

    async fn scan(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        self.pause().await;
        let rows = self.store.scan(prefix, after, limit).await?;
        self.reads.fetch_add(rows.len(), Ordering::Relaxed);
        Ok(rows)
    }

    async fn commit(&self, guards: Vec<Guard>, writes: Vec<Write>) -> Result<Commit, StoreError> {
        let is_broken = |max: usize| self.commits() >= max;
        if self.breaks_after.lock().unwrap().is_some_and(is_broken) {
            let source = "the disk is broken".into();
            return Err(StoreError::Failed {
                action: "commit",
                source,
            });
        }
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(happens) = meanwhile {
            happens();
        }
        self.tell();
        self.pause().await;
        let commit = self.store.commit(guards, writes).await;
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.pause().await;
        self.tell();
        commit
    }
}

/// A clock set by hand.
pub struct SetClock(AtomicI64);

impl SetClock {
    pub fn at(text: &str) -> Arc<Self> {
        let at: Timestamp = text.parse().unwrap();
        Arc::new(Self(AtomicI64::new(at.as_second())))
    }

    pub fn set(&self, text: &str) {
        let at: Timestamp = text.parse().unwrap();
        self.0.store(at.as_second(), Ordering::Relaxed);
    }

    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }

    /// Ends at once: an answer that is in time is ready before that.
    async fn sleep(&self, _: SignedDuration) {}
}

/// A library that nobody asks.
pub struct NoLibrary;

#[async_trait]
impl PluginLibrary for NoLibrary {
    fn used(&self, _: &str) -> Option<PluginUse> {
        None
    }

    async fn upload(&self, upload: PluginUpload) -> Result<(), LibraryError> {
        Err(LibraryError::Unknown(upload.name))
    }

    async fn try_out(
        &self,
        plugin: &str,
        _: Bytes,
        _: Option<&str>,
    ) -> Result<TriedPlugin, LibraryError> {
        Err(LibraryError::Unknown(plugin.to_owned()))
    }

    async fn roll_back(&self, plugin: &str, _: &str) -> Result<(), LibraryError> {
        Err(LibraryError::Unknown(plugin.to_owned()))
    }

    async fn remove(&self, plugin: &str, _: bool, _: &str) -> Result<(), LibraryError> {
        Err(LibraryError::Unknown(plugin.to_owned()))
    }
}

/// Opens doors from two hours before each day until its end.
pub struct OpenDoors;

#[async_trait]
impl Strategies for OpenDoors {
    fn plugins(&self) -> Vec<PluginRow> {
        vec![PluginRow {
            name: "hours-before".to_owned(),
            kind: Some(PluginKind::Strategy),
            version: None,
            digest: None,
            generation: 1,
            state: PluginState::Active,
            loaded_at: None,
            error: None,
            words: None,
        }]
    }

    async fn check_options(
        &self,
        _: &StrategyName,
        _: &StrategyOptions,
    ) -> Result<(), StrategyError> {
        Ok(())
    }

    async fn windows(
        &self,
        rule: &Arc<DoorRule>,
        holder: &Holder,
    ) -> Result<Arc<WindowsAnswer>, StrategyError> {
        let days = rule.calendar.days.iter().enumerate();
        let windows = days.map(|(day, of)| Window {
            day,
            opens: of.starts - SignedDuration::from_hours(2),
            closes: of.ends,
        });
        let plugin = PluginIdentity {
            name: "open-doors".to_owned(),
            digest: "sha256:00".to_owned(),
        };
        let answer = WindowsAnswer::new(rule.digest(), holder, windows.collect(), plugin);
        Ok(Arc::new(answer))
    }

    fn restore(&self, _: &Arc<DoorRule>, _: &Holder, _: Arc<WindowsAnswer>) {}
}

/// Signs by writing out the claims: `jwt {event} {claims}`.
pub struct Notary;

struct Seal(EventId);

#[async_trait]
impl Signer for Notary {
    async fn create(&self, _: EventId) -> Result<SealedKey, SignerError> {
        Ok(SealedKey {
            public_key: String::new(),
            sealed_private_key: String::new(),
        })
    }

    fn header(&self, token: &str) -> Option<TokenHeader> {
        let (event, _) = token.strip_prefix("jwt ")?.split_once(' ')?;
        Some(TokenHeader {
            event: event.parse().ok(),
        })
    }

    fn open(&self, event: EventId, _: &SealedKey) -> Result<Arc<dyn EventKey>, SignerError> {
        Ok(Arc::new(Seal(event)))
    }
}

impl Seal {
    fn signed<'t>(&self, token: &'t str) -> Option<&'t str> {
        token.strip_prefix(&format!("jwt {} ", self.0))
    }
}

#[async_trait]
impl EventKey for Seal {
    async fn sign(&self, claims: Vec<Claims>) -> Result<Vec<String>, SignerError> {
        let sign = |claims| format!("jwt {} {}", self.0, serde_json::to_string(claims).unwrap());
        Ok(claims.iter().map(sign).collect())
    }

    fn says(&self, token: &str, claims: &Claims) -> bool {
        self.signed(token) == serde_json::to_string(claims).ok().as_deref()
    }

    fn verify_ticket(&self, token: &str) -> Option<TicketProof> {
        serde_json::from_str(self.signed(token)?).ok()
    }

    fn verify_scanner(&self, token: &str) -> Option<ScannerClaims> {
        serde_json::from_str(self.signed(token)?).ok()
    }
}
