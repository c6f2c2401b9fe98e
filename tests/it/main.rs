//! End to end.
mod config;
mod kit;
mod target;
mod travel;
