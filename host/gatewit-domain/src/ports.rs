//! The desk's interfaces to the outside: a store, strategies, ticket sources, a signer and a clock.

mod library;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::slice;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use crate::claims::{Claims, ScannerClaims, TicketProof};
use crate::event::SealedKey;
use crate::id::EventId;
use crate::plugin::PluginRow;
use crate::source::{Reader, SourceFault, SourcePage, SourceTicket, SourceType};
use crate::window::{DoorRule, Holder, StrategyError, StrategyName, WindowsAnswer};

pub use library::{PluginKeeper, PluginLibrary, TriedPlugin, TriedStrategy};

/// Stores keys and values on disk, ordered by key.
///
/// `gatewit-store`'s `laws` state and test the requirements for every implementation.
#[async_trait]
pub trait Store: Send + Sync {
    /// Reads one value.
    async fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        let values = self.get_many(slice::from_ref(key)).await?;
        Ok(values.into_iter().next().flatten())
    }

    /// Reads several values of one moment, in the order of the keys.
    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Bytes>>, StoreError>;

    /// Reads up to `limit` pairs whose key starts with `prefix`, in key order, beginning after `after`.
    async fn scan(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError>;

    /// Applies all writes if every guard holds, else none. They are on disk when it returns [`Commit::Done`].
    ///
    /// Guards are checked and writes applied as one step: no other commit comes between.
    /// Two writes to one key apply in the order given.
    async fn commit(&self, guards: Vec<Guard>, writes: Vec<Write>) -> Result<Commit, StoreError>;

    /// The sequences that could not be read when the store was opened. Nothing is derived from any row of theirs, and
    /// nothing can be appended to them until the store is opened again without the damage.
    ///
    /// Their rows can be deleted in any order. What is left of them is judged anew when the store is opened again, so do not
    /// delete some of them only.
    fn damages(&self) -> Vec<Damage> {
        Vec::new()
    }
}

/// The tables that a store treats in a special way.
#[derive(Clone)]
pub struct StoreLayout {
    /// The table of rows that are appended and derived from.
    pub appended: &'static str,
    /// Tables that are read so often that a store on disk keeps them in memory as well.
    pub resident: &'static [&'static str],
    /// What follows from appended rows.
    pub derivation: Arc<dyn Derivation>,
}

impl StoreLayout {
    /// A layout without sequences: every table is an ordinary one.
    pub fn plain() -> Self {
        Self {
            appended: "",
            resident: &[],
            derivation: Arc::new(DerivesNothing),
        }
    }
}

struct DerivesNothing;

impl Derivation for DerivesNothing {
    fn tables(&self) -> &'static [&'static str] {
        &[]
    }

    fn derive(
        &self,
        _: &Appended<'_>,
        _: &dyn Fn(&Key) -> Option<Bytes>,
    ) -> Result<Vec<Write>, Box<dyn Error + Send + Sync>> {
        Ok(Vec::new())
    }
}

/// Computes derived rows: what the appended rows of a sequence add up to. Pure.
///
/// A store applies it while it stages a commit, and again for every row when it opens. So what is derived is always the
/// fold of the appended rows; callers neither put it nor export it. They delete it together with a whole sequence.
/// No two sequences derive the same row.
pub trait Derivation: Send + Sync {
    /// The tables of derived rows.
    fn tables(&self) -> &'static [&'static str];

    /// Returns what one appended row changes. `before` reads a derived row as the rows before it left it; only keys that
    /// the appended row names are read.
    fn derive(
        &self,
        appended: &Appended<'_>,
        before: &dyn Fn(&Key) -> Option<Bytes>,
    ) -> Result<Vec<Write>, Box<dyn Error + Send + Sync>>;
}

/// A row that was appended to a sequence.
#[derive(Clone, Copy, Debug)]
pub struct Appended<'a> {
    /// The prefix of the sequence.
    pub prefix: &'a Key,
    /// The row's number in its sequence, from 1.
    pub sequence: u64,
    /// The row's value.
    pub value: &'a Bytes,
}

impl Appended<'_> {
    /// The key of a row of a sequence: its prefix and 16 hexadecimal digits.
    pub fn key(prefix: &Key, sequence: u64) -> Key {
        Key::new([prefix.as_bytes(), format!("{sequence:016x}").as_bytes()].concat())
    }

    /// The prefix and the number of a row's key; `None` if it is not the key of an appended row.
    pub fn parse(key: &Key) -> Option<(Key, u64)> {
        let (prefix, digits) = key.0.split_last_chunk::<16>()?;
        let mut sequence = 0;
        for digit in digits {
            let digit = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            sequence = sequence << 4 | u64::from(digit);
        }
        Some((Key(key.0.slice(..prefix.len())), sequence))
    }
}

/// A sequence with a row that is missing or cannot be read.
#[derive(Clone, Debug)]
pub struct Damage {
    /// The prefix of the sequence; of a row whose key has no number, the whole key.
    pub prefix: Key,
    /// The number of the row; 0 if it has none.
    pub sequence: u64,
    /// Why it cannot be read. Holds no personal data.
    pub cause: String,
}

/// The name of a value in the store.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Bytes);

impl Key {
    /// Takes the key's bytes as they are. The first part, up to `/`, is its table.
    pub fn new(key: impl Into<Bytes>) -> Self {
        Self(key.into())
    }

    /// The whole key, as the store orders it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the key's table: the part without personal data.
    pub fn table(&self) -> Cow<'_, str> {
        let mut parts = self.0.split(|byte| *byte == b'/');
        String::from_utf8_lossy(parts.next().unwrap_or_default())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0.escape_ascii())
    }
}

/// A condition for a commit to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The key has no value yet.
    Absent(Key),
    /// The value is still the one that was read.
    Unchanged(Key, Bytes),
    /// The counter is below the limit; an absent counter is 0.
    Below(Key, i64),
    /// The value was this one at some moment after the commit was requested. Weaker than [`Guard::Unchanged`], so that a
    /// value which every commit guards can still change; never use it where two commits guard each other's writes.
    Seen(Key, Bytes),
}

impl Guard {
    /// The key that the guard reads.
    pub fn key(&self) -> &Key {
        match self {
            Self::Absent(key)
            | Self::Unchanged(key, _)
            | Self::Below(key, _)
            | Self::Seen(key, _) => key,
        }
    }
}

/// One change to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Sets the value, whether or not the key has one.
    Put(Key, Bytes),
    /// Sets the value of a key that has none. The caller promises that: a store need not look.
    Insert(Key, Bytes),
    /// Removes the value. A key without one stays as it is.
    Delete(Key),
    /// Adds to a counter, kept as a decimal number; an absent counter is 0. Additions commute and never conflict.
    Add(Key, i64),
    /// Appends a row to the sequence with this prefix, under the next number. The numbers follow the order of commits,
    /// without gaps. What [derives](Derivation) from the row changes with it.
    ///
    /// Rows of this table are written in no other way. They can be deleted, always the last of their sequence first (of a
    /// [damaged](Store::damages) one in any order); what derived from them stays until it is deleted too, or until the
    /// store is opened again.
    Append(Key, Bytes),
}

impl Write {
    /// The key that is written; of [`Write::Append`] the prefix of the sequence.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put(key, _)
            | Self::Insert(key, _)
            | Self::Delete(key)
            | Self::Add(key, _)
            | Self::Append(key, _) => key,
        }
    }
}

/// The result of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Applied, and on disk. Holds the numbers of the appended rows, in the order of the writes.
    Done(Vec<u64>),
    /// Nothing was applied: the guard at this position did not hold.
    Blocked(usize),
}

impl Commit {
    /// Whether it was applied.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

/// Why the store did not answer. It is then unknown whether anything is on disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Too many commits are waiting: try again in a moment.
    #[error("the store has too many commits waiting")]
    Busy,
    /// The store cannot answer until the operator has fixed it.
    #[error("the store cannot {action}")]
    Failed {
        /// What the store tried, to complete "the store cannot".
        action: &'static str,
        /// The error of the store's engine.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Runs check-in window strategies.
#[async_trait]
pub trait Strategies: Send + Sync {
    /// Lists every plugin, loaded or refused, by name.
    fn plugins(&self) -> Vec<PluginRow>;

    /// Asks the strategy whether it accepts these options, a JSON object.
    async fn check_options(
        &self,
        strategy: &StrategyName,
        options: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<(), StrategyError>;

    /// Returns when doors are open for this holder. Cached while rule, holder and plugin stay the same.
    async fn windows(
        &self,
        rule: &Arc<DoorRule>,
        holder: &Holder,
    ) -> Result<Arc<WindowsAnswer>, StrategyError>;

    /// Takes an answer that was given before a restart, as the last good one for its question.
    fn restore(&self, rule: &Arc<DoorRule>, holder: &Holder, answer: Arc<WindowsAnswer>);
}

/// A configured source of tickets: a backend plugin with its settings, grants and secrets.
#[async_trait]
pub trait TicketSource: Send + Sync {
    /// Begins a run of a sync, on a fresh instance of the plugin that currently serves.
    async fn begin(&self) -> Result<Box<dyn SyncRun>, SourceFault>;

    /// Asks the ticketing system now for the tickets that have this reference, order, code or e-mail.
    async fn find(&self, text: &str) -> Result<Vec<SourceTicket>, SourceFault>;
}

/// One run of a sync. Its state is lost when it is dropped.
#[async_trait]
pub trait SyncRun: Send {
    /// The plugin and settings that read. If they differ from the last run, a full sync is due.
    fn reader(&self) -> &Reader;

    /// Lists all ticket types.
    async fn ticket_types(&mut self) -> Result<Vec<SourceType>, SourceFault>;

    /// Reads one page. Without a cursor, begins a full sync.
    async fn page(&mut self, cursor: Option<&str>) -> Result<SourcePage, SourceFault>;

    /// Tells that the run has exceeded a limit: it counts as failed by the plugin's own fault.
    fn overran(&mut self) {}
}

/// Makes and opens the key pairs that sign an event's tickets and scanner credentials.
#[async_trait]
pub trait Signer: Send + Sync {
    /// Makes a new RSA-2048 key pair for the event. Takes up to a few hundred milliseconds, off the async workers.
    async fn create(&self, event: EventId) -> Result<SealedKey, SignerError>;

    /// Reads the unverified header of a JWT; None if the text is not a JWT.
    fn header(&self, token: &str) -> Option<TokenHeader>;

    /// Opens a key pair that [`Signer::create`] sealed for this event.
    fn open(&self, event: EventId, key: &SealedKey) -> Result<Arc<dyn EventKey>, SignerError>;
}

/// The unverified header of a token, which names its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenHeader {
    /// The event whose key signed it, if `kid` names one.
    pub event: Option<EventId>,
}

/// An event's key pair, parsed once and ready.
#[async_trait]
pub trait EventKey: Send + Sync {
    /// Signs each of the claims as a compact RS256 JWT, in order, off the async workers.
    async fn sign(&self, claims: Vec<Claims>) -> Result<Vec<String>, SignerError>;

    /// Whether a token that this key signed has exactly these claims.
    fn says(&self, token: &str, claims: &Claims) -> bool;

    /// Returns the ticket of a token if this key signed it with RS256. The caller checks expiry.
    fn verify_ticket(&self, token: &str) -> Option<TicketProof>;

    /// Returns the scanner claims of a token if this key signed it with RS256. The caller checks expiry.
    fn verify_scanner(&self, token: &str) -> Option<ScannerClaims>;
}

/// A key could not be made, opened or used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} the signing key of event {event}")]
pub struct SignerError {
    /// What was tried, to complete "cannot … the signing key".
    pub action: &'static str,
    /// The event whose key it is.
    pub event: EventId,
    /// The error of the library.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

/// The source of time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The current time. It may jump when the system's clock is set.
    fn now(&self) -> Timestamp;

    /// Completes after this much time.
    async fn sleep(&self, time: SignedDuration);
}
