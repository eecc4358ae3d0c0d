//! Nix's own formats, as far as a deployment tool needs them.
//!
//! The modules carry the names that the crate `nix-compat` of the Tvix and Snix projects gave them,
//! and so do their main types. That crate is not published, so this one stands in for it: where a
//! published crate reads a format well (`nix-derivation`, `nix-flake-lock`), a module here is a
//! thin layer over it; the rest is written from the Nix manual and held against what Nix prints.
//!
//! | module | format |
//! |---|---|
//! | [`nixbase32`] | Nix's base-32 alphabet |
//! | [`nixhash`] | digests tagged with their algorithm, in SRI and Nix's older forms |
//! | [`store_path`] | `/nix/store/<digest>-<name>` |
//! | [`derivation`] | `.drv` files (`ATerm`) |
//! | [`nar`] | the archive of a file tree, and its hash |
//! | [`flakeref`] | `github:owner/repo?dir=x` and the attribute sets of lock files |
//! | [`flakelock`] | `flake.lock` |
//! | [`log`] | `--log-format internal-json` |
//! | [`nix_daemon`] | what is said to `nix-daemon`, and what it answers |
//!
//! Nothing here starts a process, and only [`nar`] touches the disk.

pub mod derivation;
pub mod flakelock;
pub mod flakeref;
pub mod log;
pub mod nar;
pub mod nix_daemon;
pub mod nixbase32;
pub mod nixhash;
pub mod store_path;
