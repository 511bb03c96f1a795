//! Gatewit as its users see it: over HTTP, on the command line, through a crash.

mod support;

mod properties;
mod scanning;
mod tidy;
mod walkthrough;
