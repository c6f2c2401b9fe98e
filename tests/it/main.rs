//! End to end.
mod cli;
mod config;
mod kit;
mod samples;
mod target;
mod travel;

/// `hub.toml` of a sample configuration.
fn fixture(name: &str) -> String {
    format!("tests/it/fixtures/config/{name}/hub.toml")
}
