//! exchange-hub: what a city's departmental trading systems and the province exchange records through.
//!
//! Read in this order: `pipeline` (how a record travels), `mapping`, `schema`, `store`, `queue`; the rest serves them.
//! Arrows between the modules point one way, see ARCHITECTURE.md.

pub mod adapters;
pub mod cli;
pub mod config;
pub mod console;
pub mod diagnostic;
mod fault;
pub mod mapping;
pub mod pipeline;
pub mod profile;
pub mod queue;
pub mod rehearsal;
pub mod schedule;
pub mod schema;
pub mod store;
pub mod telemetry;
