//! A ticketing system with as many tickets as its event's name says. It imitates the parts of Tito's API that our
//! component uses.

use std::collections::HashMap;

use axum::extract::{Path, Query};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::visitors;

/// The account whose visitors have numbers for names, and the one whose visitors have names.
pub const NUMBERED: &str = "bench";
pub const NAMED: &str = "names";

const PAGE_SIZE: usize = 1000;

pub fn router() -> Router {
    Router::new()
        .route("/v3/{account}/{count}/releases", get(releases))
        .route("/v3/{account}/{count}/tickets", get(tickets))
}

async fn releases() -> Json<Value> {
    let activities = json!([{"name": "on_site"}]);
    Json(json!({
        "releases": [{"id": 1, "title": "Business", "activities": activities}],
        "meta": {"next_page": null, "per_page": PAGE_SIZE},
    }))
}

async fn tickets(
    Path((account, count)): Path<(String, usize)>,
    Query(query): Query<HashMap<String, String>>,
) -> impl IntoResponse {
    let page = query.get("page[number]").and_then(|page| page.parse().ok());
    let page: usize = page.unwrap_or(1);
    let first = (page - 1) * PAGE_SIZE;
    let rows: Vec<_> = (first..count.min(first + PAGE_SIZE))
        .map(|index| row(&account, index))
        .collect();
    let next = (page * PAGE_SIZE < count).then_some(page + 1);
    let meta = json!({"next_page": next, "per_page": PAGE_SIZE});
    let body = format!(r#"{{"tickets":[{}],"meta":{meta}}}"#, rows.join(","));
    ([(header::CONTENT_TYPE, "application/json")], body)
}

fn row(account: &str, index: usize) -> String {
    let Visitor { order, name, email } = Visitor::of(account, index);
    format!(
        r#"{{"reference":"{order}-1","slug":"ti_{index}","release_id":1,"name":"{name}","email":"{email}","state":"complete","updated_at":"2025-02-03T20:54:50Z"}}"#
    )
}

/// The order of the ticket with this number.
pub fn order(index: usize) -> String {
    format!("B{index:06}")
}

/// The holder of a ticket.
pub struct Visitor {
    pub order: String,
    pub name: String,
    pub email: String,
}

impl Visitor {
    pub fn of(account: &str, index: usize) -> Self {
        Self {
            order: order(index),
            name: match account {
                NAMED => visitors::name(index),
                _ => format!("Vera Visitor {index:06}"),
            },
            email: format!("v{index}@example.org"),
        }
    }
}
