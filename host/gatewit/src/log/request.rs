//! The request that a log line belongs to. Most requests log nothing, and a span costs more than all that surrounds
//! them; so a span is made when a line is written, unless the log's filter has to see it before.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::Either;
use tokio::task_local;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Instrument, Span, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// Operators filter by it (`docs/operating.md`), so it does not follow the name of a module.
pub const TARGET: &str = "gatewit::http::traffic";

/// Whether the log makes spans when it writes a line.
static MAKES_SPANS: AtomicBool = AtomicBool::new(false);

task_local! {
    static REQUEST: RequestFields;
}

/// What each line says that is logged during a request.
#[derive(Clone, Debug)]
pub struct RequestFields {
    pub id: Arc<str>,
    pub method: &'static str,
    /// The pattern of its route.
    pub route: Arc<str>,
}

/// The request under way, for lines that are logged after its handler.
pub enum CurrentRequest {
    Fields(RequestFields),
    Span(Span),
}

impl RequestFields {
    /// Puts the fields on every line that this work logs.
    pub fn within<T>(self, work: impl Future<Output = T>) -> impl Future<Output = T> {
        match MAKES_SPANS.load(Ordering::Relaxed) {
            true => Either::Left(REQUEST.scope(self, work)),
            false => Either::Right(work.instrument(self.span())),
        }
    }

    fn span(&self) -> Span {
        // At the error level, so that no log filter drops the id from a line that it lets through.
        tracing::error_span!(
            target: TARGET,
            "request",
            request.id = %self.id,
            http.method = self.method,
            http.route = &*self.route
        )
    }
}

impl CurrentRequest {
    pub fn get() -> Self {
        let fields = REQUEST.try_with(RequestFields::clone);
        fields.map_or_else(|_| Self::Span(Span::current()), Self::Fields)
    }

    /// Logs lines of this request.
    pub fn log(&self, log: impl FnOnce()) {
        match self {
            Self::Fields(fields) => REQUEST.sync_scope(fields.clone(), log),
            Self::Span(span) => span.in_scope(log),
        }
    }
}

/// Makes spans when a line is written, unless this filter lets through spans below `info`, or lines by their span: it has
/// to see the span of a request first. Only for a log that writes [`WithinRequest`].
pub fn choose_spans(filter: &EnvFilter) {
    let is_by_span = filter.to_string().contains('[');
    let level = filter.max_level_hint().unwrap_or(LevelFilter::TRACE);
    MAKES_SPANS.store(!is_by_span && level <= LevelFilter::INFO, Ordering::Relaxed);
}

/// Writes a line within the span of the request that it belongs to.
pub struct WithinRequest<F>(pub F);

impl<S, N, F> FormatEvent<S, N> for WithinRequest<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let span = REQUEST.try_with(RequestFields::span);
        let span = span.unwrap_or_else(|_| Span::none());
        span.in_scope(|| self.0.format_event(context, writer, event))
    }
}
