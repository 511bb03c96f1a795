//! The OpenAPI description of the API, generated from the handlers, and the pages that show it. `gatewit-api.md` §1.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, OpenApi};
use utoipa::{Modify, OpenApi as _};

mod complete;
pub mod failures;
pub mod pages;

/// The document before any route is added.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Gatewit",
        description = "A check-in server. Every answer is JSON; a refused scan is an answer, not an error. \
                       Times are RFC 3339. Fields unknown to the server are ignored."
    ),
    tags(
        (name = "Events", description = "Events, their days and their door rules."),
        (name = "Tickets", description = "Issuing, finding and cancelling tickets."),
        (name = "Scanners", description = "Linking devices to an event's doors, and cutting them off."),
        (name = "Scans", description = "Letting people in, and taking it back."),
        (name = "Attendees", description = "Whether somebody is an attendee, by the ticketing system."),
        (name = "Plugins", description = "The components that decide when doors are open."),
        (name = "Health", description = "Whether the server lives, and whether it can do its work."),
        (name = "Description", description = "This description.")
    ),
    modifiers(&SecuritySchemes)
)]
struct Head;

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut OpenApi) {
        let mut scanner = Http::new(HttpAuthScheme::Bearer);
        scanner.bearer_format = Some("JWT".to_owned());
        scanner.description =
            Some("The `credentials` that a scanner got when it registered.".to_owned());
        let mut identity = Http::new(HttpAuthScheme::Bearer);
        identity.bearer_format = Some("JWT".to_owned());
        identity.description = Some(
            "An access token of the identity provider that the operator chose. \
             While none is chosen, whoever reaches the server may do without."
                .to_owned(),
        );
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme("scanner", SecurityScheme::Http(scanner));
        components.add_security_scheme(complete::IDENTITY, SecurityScheme::Http(identity));
    }
}

/// Starts the document; the routes add themselves.
pub fn head() -> OpenApi {
    let mut head = Head::openapi();
    // The package's authors and license are not those of the API.
    head.info.license = None;
    head.info.contact = None;
    head
}

/// Completes the document of all routes, and prints it.
pub fn print(document: OpenApi) -> String {
    let mut document = serde_json::to_value(document).expect("an OpenAPI document prints as JSON");
    complete::complete(&mut document);
    format!("{document:#}\n")
}
