//! End to end.
mod config;
mod samples;
