//! All records as a stream of lines, NDJSON or CSV, read from the store page by page.

use std::io;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use futures::Stream;
use futures::stream::{self, TryStreamExt};
use gatewit_desk::{Caller, CheckInPage, CheckInQuery, Desk};
use gatewit_domain::id::EventId;
use headers_accept::Accept;
use mediatype::{MediaType, Name, names};
use serde_json::Value;

use super::record::CheckInRecord;
use crate::log::CurrentRequest;

const JSON: MediaType = MediaType::new(names::APPLICATION, names::JSON);
const NDJSON: MediaType = MediaType::new(names::APPLICATION, Name::new_unchecked("x-ndjson"));
const CSV: MediaType = MediaType::new(names::TEXT, names::CSV);

/// A format for streaming the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Ndjson,
    /// With a header row.
    Csv,
}

impl Form {
    /// Returns the streamed format that the client prefers to JSON, if any.
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        let accepted: Accept = headers.get(header::ACCEPT)?.to_str().ok()?.parse().ok()?;
        let forms = [JSON, NDJSON, CSV];
        let wanted = accepted.negotiate(&forms)?;
        match wanted {
            wanted if *wanted == NDJSON => Some(Self::Ndjson),
            wanted if *wanted == CSV => Some(Self::Csv),
            _ => None,
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    fn print(self, page: CheckInPage, is_first: bool) -> io::Result<Vec<u8>> {
        let event = &page.event.event;
        let records = page
            .check_ins
            .into_iter()
            .map(|check_in| CheckInRecord::new(check_in, event));
        match self {
            Self::Ndjson => ndjson(records),
            Self::Csv => csv(records, is_first),
        }
    }
}

/// Streams the first page and all that follow.
pub fn rows(
    desk: Arc<Desk>,
    caller: Caller,
    event: EventId,
    query: CheckInQuery,
    first: CheckInPage,
    form: Form,
) -> impl Stream<Item = io::Result<Vec<u8>>> {
    let next = first.next;
    let first = stream::once(std::future::ready(form.print(first, true)));
    let rest = stream::try_unfold(next, move |cursor| {
        let (desk, caller) = (desk.clone(), caller.clone());
        let query = CheckInQuery {
            cursor,
            ..query.clone()
        };
        async move {
            if query.cursor.is_none() {
                return Ok(None);
            }
            let page = desk
                .admissions
                .check_ins(&caller, event, &query)
                .await
                .map_err(io::Error::other)?;
            let next = page.next;
            Ok(Some((form.print(page, false)?, next)))
        }
    });
    // The body outlives the handler.
    let request = CurrentRequest::get();
    futures::StreamExt::chain(first, rest).inspect_err(move |error| {
        request.log(|| {
            tracing::error!(event.id = %event, error = %error, "an export of check-ins was cut off");
        });
    })
}

fn ndjson(records: impl Iterator<Item = CheckInRecord>) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for record in records {
        serde_json::to_writer(&mut lines, &record)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn csv(records: impl Iterator<Item = CheckInRecord>, with_header: bool) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    if with_header {
        writer.write_record(CheckInRecord::FIELDS)?;
    }
    for record in records {
        let record = serde_json::to_value(record.into_row())?;
        writer.write_record(CheckInRecord::FIELDS.map(|field| cell(&record[field])))?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => defused(text),
        value => value.to_string(),
    }
}

/// Keeps spreadsheets from running text as a formula, which could send the sheet's content elsewhere.
fn defused(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_a_spreadsheet_would_calculate_is_defused() {
        for text in ["=1+1", "+49", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(defused(text), format!("'{text}"));
        }
        for text in [
            "",
            "VIP-0001",
            "a=b",
            "'=1",
            " =1",
            "2025-12-15T07:00:00+03:00",
        ] {
            assert_eq!(defused(text), text);
        }
    }
}
