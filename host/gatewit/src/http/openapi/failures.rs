//! The failures of a route, each status with its codes. Those that follow from a route's inputs are added to them.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::{RefOr, Response, ResponseBuilder};

use crate::http::code::{Code, HttpCode};

/// Holds the codes of a response until the document is complete.
pub const CODES: &str = "x-codes";

/// Declares a type that the description of a route lists among its responses.
///
/// `failures!(CancelFailures: CONFLICT [TicketCode::Refunded]);`
macro_rules! failures {
    ($name:ident: $($status:ident [$($code:expr),+])+) => {
        pub struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::Response>,
            > {
                $crate::http::openapi::failures::responses(&[
                    $((axum::http::StatusCode::$status, &[
                        $($crate::http::code::Code::Problem($code.into())),+
                    ])),+
                ])
            }
        }
    };
}
pub(in crate::http) use failures;

/// Describes failures; with those of a wrong guess comes the refusal of too many.
pub fn responses(failures: &[(StatusCode, &[Code])]) -> BTreeMap<String, RefOr<Response>> {
    let is_guess = |code: &Code| code.is_wrong_guess();
    let is_throttled = failures.iter().any(|(_, codes)| codes.iter().any(is_guess));
    let throttled: &[Code] = &[Code::Http(HttpCode::TooManyGuesses)];
    let throttled = is_throttled.then_some((StatusCode::TOO_MANY_REQUESTS, throttled));
    let failures = failures.iter().copied().chain(throttled);
    failures
        .map(|(status, codes)| (status.as_str().to_owned(), response(codes).into()))
        .collect()
}

fn response(codes: &[Code]) -> Response {
    let codes: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    let codes = ExtensionsBuilder::new().add(CODES, codes).build();
    ResponseBuilder::new().extensions(Some(codes)).build()
}
