//! The hub's main job written by hand, in the most direct code: what the hub is measured against.
//!
//! It reads the generated workload (`benches/generate.py`), keeps it as the hub's table queue does, makes records of
//! it, writes the hub's own tables and rows (the same migration, the same statements where they are written in a
//! loop), delivers the records to a loopback target and keeps the receipts. What it leaves out is what makes the hub a
//! hub: mappings and schema as data, reasons, quarantine, waiting, look-ups, several feeds, retries, a console. So the
//! hub's ratio to it is the price of those. It is a yardstick and no part of the hub: an odd row ends it.
//!
//! Read in this order: [`chain`] (three threads over one connection), [`tables`], [`map`], [`target`].

pub mod chain;
pub mod map;
pub mod meter;
pub mod post;
pub mod rows;
pub mod sink;
pub mod tables;
pub mod target;

/// Whatever goes wrong ends the run: a measure of a run with an error in it is none.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Result<T> = std::result::Result<T, Error>;
