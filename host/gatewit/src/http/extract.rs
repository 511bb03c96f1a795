//! Extractors for handlers: callers, ids, bodies and queries. Each fails with an answer in the envelope.

mod body;
mod caller;
mod idempotency;
mod path;
mod query;

pub use body::{Body, Raw};
pub use caller::{Device, Operator, Organizer, ScannerOrOrganizer, identity};
pub use idempotency::IdempotencyHeader;
pub use path::{Id, PathText};
pub use query::{FromQuery, Params, QueryFields};
