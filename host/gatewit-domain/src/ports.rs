//! What the desk needs from the world: a store, strategies, a signer and a clock.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
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

/// Keeps keys and values, ordered by key, on disk.
///
/// What every implementation must do is stated, and run, in `gatewit-store`'s `laws`.
#[async_trait]
pub trait Store: Send + Sync {
    /// Reads one value.
    async fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError>;

    /// Reads up to `limit` pairs whose key starts with `prefix`, in key order, beginning after `after`.
    async fn scan(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError>;

    /// Applies every write if every guard holds, else none. On disk when it returns [`Commit::Done`].
    ///
    /// Guards are checked and writes applied as one step: no other commit comes between.
    /// Two writes to one key apply in the order given.
    async fn commit(&self, guards: Vec<Guard>, writes: Vec<Write>) -> Result<Commit, StoreError>;
}

/// The name of a value in the store.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Bytes);

impl Key {
    pub fn new(key: impl Into<Bytes>) -> Self {
        Self(key.into())
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The table that the key is of: the part that names nobody.
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

/// What must be so for a commit to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The key has no value: the first of its kind.
    Absent(Key),
    /// The value is still the one that was read.
    Unchanged(Key, Bytes),
    /// The counter is below the limit; an absent counter is 0.
    Below(Key, i64),
}

/// One change to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    Put(Key, Bytes),
    Delete(Key),
    /// Adds to a counter, kept as a decimal number; an absent counter is 0. Additions commute and never conflict.
    Add(Key, i64),
}

/// How a commit went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Applied, and on disk.
    Done,
    /// Nothing was applied: the guard at this position did not hold.
    Blocked(usize),
}

/// Why the store did not answer. Nothing is known to be on disk then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// More commits wait than the store takes: try again in a moment.
    #[error("the store has too many commits waiting")]
    Busy,
    /// The store cannot answer until the operator has looked at it.
    #[error("the store cannot {action}")]
    Failed {
        action: &'static str,
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

    /// Tells when doors are open for this holder: kept from an earlier call while rule, holder and plugin are the same.
    async fn windows(
        &self,
        rule: &Arc<DoorRule>,
        holder: &Holder,
    ) -> Result<Arc<WindowsAnswer>, StrategyError>;
}

/// A configured source of tickets: a backend plugin with its settings, grants and secrets.
#[async_trait]
pub trait TicketSource: Send + Sync {
    /// Begins a run of a sync, on a fresh instance of whatever serves now.
    async fn begin(&self) -> Result<Box<dyn SyncRun>, SourceFault>;

    /// Looks up, in the ticketing system at this moment, the tickets that have this reference, order, code or e-mail.
    async fn find(&self, text: &str) -> Result<Vec<SourceTicket>, SourceFault>;
}

/// One run of a sync. What it keeps is gone when it is dropped.
#[async_trait]
pub trait SyncRun: Send {
    /// Who reads: another one than last time means that a full sync is due.
    fn reader(&self) -> &Reader;

    /// Lists all kinds of tickets.
    async fn ticket_types(&mut self) -> Result<Vec<SourceType>, SourceFault>;

    /// Reads one page; no cursor begins a full sync.
    async fn page(&mut self, cursor: Option<&str>) -> Result<SourcePage, SourceFault>;
}

/// Makes and opens the key pairs that sign an event's tickets and scanner credentials.
#[async_trait]
pub trait Signer: Send + Sync {
    /// Makes a new RSA-2048 key pair for the event. Takes up to a few hundred milliseconds, off the async workers.
    async fn create(&self, event: EventId) -> Result<SealedKey, SignerError>;

    /// Reads the unverified header of a JWT; None if the text is no JWT at all.
    fn header(&self, token: &str) -> Option<TokenHeader>;

    /// Opens a key pair that [`Signer::create`] sealed for this event.
    fn open(&self, event: EventId, key: &SealedKey) -> Result<Arc<dyn EventKey>, SignerError>;
}

/// What a token says of its key before anything is verified.
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

    /// Tells whether a token that this key signed says exactly this.
    fn says(&self, token: &str, claims: &Claims) -> bool;

    /// Tells which ticket a token is of if this key signed it with RS256. Expiry is for the caller to judge.
    fn verify_ticket(&self, token: &str) -> Option<TicketProof>;

    /// Tells whose credentials a token is if this key signed it with RS256. Expiry is for the caller to judge.
    fn verify_scanner(&self, token: &str) -> Option<ScannerClaims>;
}

/// A key could not be made, opened or used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} the signing key of event {event}")]
pub struct SignerError {
    pub action: &'static str,
    pub event: EventId,
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

/// Tells the time.
#[async_trait]
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Ends when so much time has passed.
    async fn sleep(&self, time: SignedDuration);
}
