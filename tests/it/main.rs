//! End to end.
#![allow(clippy::unwrap_used, reason = "what fails here fails its test, and says where")]

mod answers;
mod cli;
mod config;
mod console;
mod intake;
mod kit;
mod rules;
mod samples;
mod stages;
mod target;
mod tidy;
mod travel;
mod verify;
mod words;

/// `hub.toml` of a sample configuration.
fn fixture(name: &str) -> String {
    format!("tests/it/fixtures/config/{name}/hub.toml")
}
