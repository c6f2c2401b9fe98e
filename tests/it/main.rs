//! End to end.
mod cli;
mod config;

/// `hub.toml` of a sample configuration.
fn fixture(name: &str) -> String {
    format!("tests/it/fixtures/config/{name}/hub.toml")
}
