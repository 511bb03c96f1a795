//! Adds to the document what all routes share, so that handlers describe only what is specific to them.
//!
//! A handler lists the codes of its failures; their schema, headers and example are generated from them here.

use std::collections::{BTreeMap, BTreeSet};

use gatewit_domain::problem::{self, EventCode, RequestCode};
use serde_json::{Map, Value, json};

use super::failures::CODES;
use crate::http::code::{Code, HttpCode as Http};
use crate::http::dialects::Dialect;

/// The one schema that omits fields without a value, as the framework of the attendee-validation contract does.
const LEAVES_OUT: &str = "ValidationError";

const SCHEMAS: &str = "#/components/schemas/";

/// The security scheme of access tokens, named as in the contract `attendee-validation.txt`.
pub const IDENTITY: &str = "HTTPBearer";

/// The codes of an operation's failures by status.
type Codes = BTreeMap<String, BTreeSet<String>>;

/// Completes the failures of every operation and the schema of every answer.
pub fn complete(document: &mut Value) {
    for (path, item) in objects(&mut document["paths"]) {
        for (method, operation) in objects(item) {
            if method == "parameters" {
                continue;
            }
            let is_change = method != "get";
            match Dialect::of(path) {
                Dialect::AttendeeValidation => {
                    secure(operation);
                    add_contract_refusals(operation);
                }
                Dialect::Envelope if path.starts_with("/api/") => {
                    secure(operation);
                    add_failures(operation, is_change);
                }
                Dialect::Envelope => {}
            }
        }
    }
    tidy_schemas(document);
}

/// Requires an access token for an operation that names no scheme itself; `security(())` means none.
fn secure(operation: &mut Value) {
    let Some(operation) = operation.as_object_mut() else {
        return;
    };
    let security = operation
        .entry("security")
        .or_insert_with(|| json!([{IDENTITY: []}]));
    if *security == json!([{}]) {
        operation.remove("security");
    }
}

/// Whether an operation accepts this scheme.
fn takes_scheme(operation: &Value, scheme: &str) -> bool {
    let security = operation["security"].as_array();
    let mut ways = security.into_iter().flatten();
    ways.any(|way| way.get(scheme).is_some())
}

/// Adds the refusals of `/tickets/*`, in the shape of its contract.
fn add_contract_refusals(operation: &mut Value) {
    let has_body = operation.get("requestBody").is_some();
    let of_bodies = [
        ("403", "A page of another web site sent the request."),
        ("408", "The request's body came too slowly."),
        ("413", "The request's body is too large."),
        (
            "429",
            "Too many wrong guesses about the same, or from the same address.",
        ),
    ];
    let of_bodies = of_bodies.into_iter().filter(|_| has_body);
    let refusals = [
        ("500", "The server failed; its log says why."),
        ("401", "The access token is missing or not good."),
        ("421", "The request names a host that is not this server."),
        (
            "503",
            "The identity provider or the tickets are not there yet.",
        ),
    ];
    for (status, description) in refusals.into_iter().chain(of_bodies) {
        let mut refusal = json!({
            "description": description,
            "content": {"application/json": {"schema": {
                "type": "object",
                "required": ["detail"],
                "properties": {"detail": {"type": "string", "description": "For people."}},
            }}},
        });
        add_header(status, &mut refusal);
        let responses = operation["responses"].as_object_mut();
        if let Some(responses) = responses {
            responses.entry(status).or_insert(refusal);
        }
    }
}

fn add_failures(operation: &mut Value, is_change: bool) {
    let mut codes = shared_codes(operation, is_change);
    for (status, response) in objects(&mut operation["responses"]) {
        if status.starts_with(['4', '5']) {
            let named = response[CODES].as_array().into_iter().flatten();
            let named = named.filter_map(|code| code.as_str().map(str::to_owned));
            codes.entry(status.clone()).or_default().extend(named);
        }
    }
    for (status, codes) in codes {
        operation["responses"][&status] = failure(&status, &codes);
    }
}

/// Returns the failures that follow from an operation's inputs: those of extractors, and those of every route.
fn shared_codes(operation: &Value, is_change: bool) -> Codes {
    let parameters = operation["parameters"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let takes = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
    let names = parameters
        .iter()
        .filter_map(|parameter| parameter["name"].as_str());
    let takes_id = names.clone().any(|name| name.ends_with("Id"));
    let has_body = operation.get("requestBody").is_some();
    let by_identity = takes_scheme(operation, IDENTITY);
    let by_credentials = by_identity || takes_scheme(operation, "scanner");
    let shared: [(bool, &str, Vec<Code>); 14] = [
        (
            takes("query") || has_body,
            "400",
            vec![RequestCode::Malformed.into()],
        ),
        (
            takes("header"),
            "400",
            vec![RequestCode::InvalidIdempotencyKey.into()],
        ),
        (
            by_credentials,
            "401",
            vec![
                RequestCode::MissingCredentials.into(),
                Http::InvalidCredentials.into(),
            ],
        ),
        (takes_id, "404", vec![RequestCode::NotFound.into()]),
        (
            is_change,
            "403",
            vec![Http::CrossSite.into(), Http::UnknownHost.into()],
        ),
        (has_body, "408", vec![Http::RequestTimeout.into()]),
        (has_body, "413", vec![Http::BodyTooLarge.into()]),
        (is_change, "415", vec![Http::UnsupportedMediaType.into()]),
        (true, "421", vec![Http::UnknownHost.into()]),
        (by_credentials, "429", vec![Http::TooManyGuesses.into()]),
        (true, "500", vec![Http::InternalError.into()]),
        (
            true,
            "503",
            vec![
                Http::StoreBusy.into(),
                Http::StoreUnavailable.into(),
                problem::Code::from(EventCode::Damaged).into(),
            ],
        ),
        (takes_id, "403", vec![RequestCode::NotEventOrganizer.into()]),
        (
            by_identity,
            "503",
            vec![Http::AuthenticationUnavailable.into()],
        ),
    ];
    let mut found = Codes::new();
    for (_, status, codes) in shared.into_iter().filter(|(applies, ..)| *applies) {
        let codes = codes.into_iter().map(|code| code.as_str().to_owned());
        found.entry(status.to_owned()).or_default().extend(codes);
    }
    found
}

/// Describes the failures of one status: `gatewit-api.md` §1.
fn failure(status: &str, codes: &BTreeSet<String>) -> Value {
    let listed: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
    let mut response = json!({
        "description": listed.join(", "),
        "content": {"application/json": {
            "schema": {
                "type": "object",
                "required": ["success", "message", "error"],
                "properties": {
                    "success": {"type": "boolean", "const": false},
                    "message": {"type": "string", "description": "For people."},
                    "error": {
                        "type": "object",
                        "required": ["code"],
                        "properties": {"code": {"type": "string", "enum": codes}},
                    },
                },
            },
            "example": {"success": false, "message": "what went wrong, in words", "error": {"code": codes.first()}},
        }},
    });
    add_header(status, &mut response);
    response
}

/// Describes the header that a status has.
fn add_header(status: &str, response: &mut Value) {
    let header = match status {
        "401" => Some(("WWW-Authenticate", "string", "`Bearer`")),
        "429" | "503" => Some(("Retry-After", "integer", "Seconds to wait.")),
        _ => None,
    };
    if let Some((name, kind, description)) = header {
        response["headers"] = json!({name: {"description": description, "schema": {"type": kind}}});
    }
}

/// Drops unreferenced schemas, and requires every property of schemas that occur only in answers.
///
/// A field of an answer is always there, null if it has no value.
fn tidy_schemas(document: &mut Value) {
    let mut asked = BTreeSet::new();
    let mut answered = BTreeSet::new();
    for item in document["paths"]
        .as_object()
        .into_iter()
        .flat_map(Map::values)
    {
        for operation in item.as_object().into_iter().flat_map(Map::values) {
            collect(&operation["requestBody"], document, &mut asked);
            collect(&operation["parameters"], document, &mut asked);
            collect(&operation["responses"], document, &mut answered);
        }
    }
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, _| asked.contains(name) || answered.contains(name));
    }
    for (name, schema) in objects(&mut document["components"]["schemas"]) {
        if !asked.contains(name) && name != LEAVES_OUT {
            require_all(schema);
        }
    }
}

/// Collects the names of the schemas that a part of the document refers to, directly or indirectly.
fn collect(part: &Value, document: &Value, found: &mut BTreeSet<String>) {
    match part {
        Value::Object(fields) => {
            for (name, value) in fields {
                let schema = value.as_str().and_then(|text| text.strip_prefix(SCHEMAS));
                match schema {
                    Some(schema) if name == "$ref" => {
                        if found.insert(schema.to_owned()) {
                            collect(&document["components"]["schemas"][schema], document, found);
                        }
                    }
                    _ => collect(value, document, found),
                }
            }
        }
        Value::Array(values) => values
            .iter()
            .for_each(|value| collect(value, document, found)),
        _ => {}
    }
}

/// Requires all properties of a schema and of the objects inlined in it.
fn require_all(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                let names: Vec<_> = properties.keys().cloned().collect();
                fields.insert("required".to_owned(), json!(names));
            }
            fields.values_mut().for_each(require_all);
        }
        Value::Array(values) => values.iter_mut().for_each(require_all),
        _ => {}
    }
}

/// Returns the fields of an object; nothing for any other value.
fn objects(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}
