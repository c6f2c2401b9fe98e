//! Inbound mappings: how a source's row becomes a record of the shared schema.
//!
//! A mapping is a TOML file under `mappings/from/<system>/`, compiled once to positions: the hot path sees numbers,
//! not names. Nothing here does I/O after loading, and nothing can fail: [`Bound::apply`] returns what it made and
//! every reason why it is not valid. What needs the store (look-ups, assigned codes) is asked for by the mapping
//! ([`Bound::needs`], [`Mapping::assigns`]) and answered by the stage, by sets.

mod convert;
