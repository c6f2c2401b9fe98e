//! End to end.
mod config;
mod kit;
mod travel;
