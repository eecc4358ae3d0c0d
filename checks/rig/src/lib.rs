//! Throw-away hosts for end-to-end tests, benches and the demo.
//!
//! A [`Host`] is a process tree in mount, process and host-name namespaces of its own. Its root shows the
//! machine's programs (`/usr` and what belongs to it, read-only), and an `/etc`, `/nix`, `/run`, `/var`, `/root`,
//! `/home`, `/tmp` and `/boot` of its own. A real sshd listens on a loopback address of its own; real Nix
//! programs work on its own store, database and profiles. What a host lacks is a kernel, and, unless it asks for the
//! machine's systemd, a service manager.
//!
//! [`Rig::command`] is the deployer's side: a program started with it sees the rig's `/nix` and home directory in
//! place of the machine's, so that neither the machine's store nor the user's files are touched.
//!
//! Everything ends with the [`Rig`]: when it is dropped, and also when its process is killed. See
//! `scripts/keeper.sh` for how.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rig = rig::Rig::new()?;
//! let web = rig.add_host("web")?;
//! let status = rig
//!     .command("ssh")
//!     .args(["-p", &web.port.to_string(), &format!("root@{}", web.address), "nix-store --version"])
//!     .status()?;
//! assert!(status.success());
//! assert_eq!(web.connections()?, 1);
//! # Ok(())
//! # }
//! ```

mod deployer;
mod error;
mod faults;
mod files;
mod forwarder;
mod host;
mod host_files;
mod keeper;
mod keys;
mod layout;
mod observe;
mod options;
mod programs;
mod rig;

pub use deployer::deployer_command;
pub use error::RigError;
pub use host::{Host, command_in_host, words_into_host};
pub use observe::{Activation, Generation};
pub use options::{Elevation, HostOptions, PASSWORD, Share};
pub use rig::Rig;
