//! End to end.
mod config;
