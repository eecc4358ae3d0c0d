//! Providers of resources for NixOps.
//!
//! [`protocol`] holds the messages between NixOps and a provider, for both sides.

pub mod protocol;
