//! What a deploy is asked for, and what it works with.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use camino::Utf8PathBuf;

use crate::host::Connections;
use crate::network::Addresses;
use crate::nix::{BuildOptions, Nix};
use crate::plan::{Extent, Rollout, SavedPlan};
use crate::process::Processes;
use crate::state::Store;
use crate::ui::Ui;

use super::keys::Secret;
use super::work::Provided;

/// What a deploy is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The machines that are selected.
    pub machines: Vec<String>,
    /// Machines that are selected but not tried, and why.
    pub skipped: BTreeMap<String, String>,
    /// How far to go.
    pub extent: Extent,
    /// Activates unchanged machines too, whatever `deployment.alwaysActivate` says.
    pub always_activate: bool,
    /// When hosts are booted.
    pub reboot: Reboot,
    /// How long a host may take to come back from a boot.
    pub reboot_timeout: Duration,
    /// How machines are activated one after another, and when no more are.
    pub rollout: Rollout,
    /// Does without machines that give no sign.
    pub skip_unreachable: bool,
    /// What may happen at once.
    pub limits: Limits,
    /// How Nix is to build.
    pub build: BuildOptions,
    /// Whether machines build their own systems; none leaves it to `deployment.buildOnTarget`.
    pub build_on_target: Option<bool>,
    /// Directory of the deployment's links that keep each machine's system from collection,
    /// such as `~/.local/state/nixops/gcroots/default`.
    pub roots: Utf8PathBuf,
    /// Whether the system that a machine had before is kept too.
    pub keeps_last: bool,
}

impl Request {
    /// Asks for the systems of machines alone, with links to them in a directory.
    pub fn building(machines: Vec<String>, build: BuildOptions, roots: Utf8PathBuf) -> Self {
        Self {
            machines,
            skipped: BTreeMap::new(),
            extent: Extent::BuildOnly,
            always_activate: false,
            reboot: Reboot::Never,
            reboot_timeout: Duration::ZERO,
            rollout: Rollout::default(),
            skip_unreachable: false,
            limits: Limits::default(),
            build,
            build_on_target: Some(false),
            roots,
            keeps_last: false,
        }
    }
}

/// When a host is booted, once it has taken up its system.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reboot {
    /// Never; that it would have to be is told.
    #[default]
    Never,
    /// Where the system takes effect only then.
    IfNeeded,
    /// In any case.
    Always,
}

/// How many machines may do one thing at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Resources that are made or changed at once.
    pub create: NonZeroUsize,
    /// Closures that are copied at once.
    pub copy: NonZeroUsize,
    /// Machines that are activated at once.
    pub activate: NonZeroUsize,
}

impl Default for Limits {
    fn default() -> Self {
        let places = |count| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
        Self {
            create: places(16),
            copy: places(8),
            activate: places(32),
        }
    }
}

/// What a deploy works with.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// Nix on this machine.
    pub nix: &'a Nix,
    /// The programs of this run.
    pub processes: &'a Processes,
    /// The connections of this run.
    pub connections: &'a Connections,
    /// How machines are reached that backends made in the stage before, by name.
    pub provided: &'a BTreeMap<String, Provided>,
    /// A plan outside of which nothing may be done with machines.
    pub saved: Option<&'a SavedPlan>,
    /// What machines are to know of each other; nothing if there is nothing to know.
    pub addresses: Option<&'a Addresses>,
    /// Gives the values of secret outputs, for keys with them.
    pub secret: &'a Secret<'a>,
    /// Where it is kept what machines run.
    pub store: Option<&'a dyn Store>,
    /// Where everything is told.
    pub ui: &'a Ui,
}
