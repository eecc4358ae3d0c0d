//! Arguments of `nixops deploy`, and what they mean.

use std::{num::NonZeroUsize, time::Duration};

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;

use crate::{
    deploy::{Limits, Reboot},
    host::{self, Connections},
    nix::BuildOptions,
    plan::{Extent, Goal},
};

use super::super::{Context, directory::rates, elevation::ElevationArguments, number};

/// How far to go. At most one of these.
#[derive(Debug, Args)]
#[command(next_help_heading = "How far to go")]
#[group(multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct ExtentArguments {
    /// Say what would be done, and change nothing anywhere
    #[arg(long)]
    dry_run: bool,

    /// Build the systems, and leave the hosts alone
    #[arg(long)]
    build_only: bool,

    /// Build and copy the systems, and activate nothing
    #[arg(long)]
    copy_only: bool,

    /// Let the hosts say what activation would change; only copies
    #[arg(long)]
    dry_activate: bool,

    /// Activate from the next boot on, not now
    #[arg(long)]
    boot: bool,

    /// Activate now, but not from the next boot on
    #[arg(long)]
    test: bool,
}

impl ExtentArguments {
    /// What was meant.
    pub fn meaning(&self) -> Extent {
        let Self {
            dry_run,
            build_only,
            copy_only,
            dry_activate,
            boot,
            test,
        } = *self;
        match () {
            () if dry_run => Extent::DryRun,
            () if build_only => Extent::BuildOnly,
            () if copy_only => Extent::CopyOnly,
            () if dry_activate => Extent::Activate(Goal::DryActivate),
            () if boot => Extent::Activate(Goal::Boot),
            () if test => Extent::Activate(Goal::Test),
            () => Extent::Activate(Goal::Switch),
        }
    }
}

/// Whether hosts are booted once they have taken up their systems.
#[derive(Debug, Args)]
#[command(next_help_heading = "How far to go")]
pub struct RebootArguments {
    /// Boot hosts whose systems take effect only then
    #[arg(long)]
    allow_reboot: bool,

    /// Activate from the next boot on, and boot every host
    #[arg(long, conflicts_with_all = ["build_only", "copy_only", "dry_activate", "test"])]
    force_reboot: bool,

    /// Seconds within which a host has to be back
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = number::seconds)]
    reboot_timeout: u64,
}

impl RebootArguments {
    /// When hosts are booted.
    pub fn meaning(&self) -> Reboot {
        match self {
            Self {
                force_reboot: true, ..
            } => Reboot::Always,
            Self {
                allow_reboot: true, ..
            } => Reboot::IfNeeded,
            _ => Reboot::Never,
        }
    }

    /// How far to go in view of it: a host that is booted anyway need not switch before.
    pub fn extent(&self, asked: Extent) -> Extent {
        match asked {
            Extent::Activate(Goal::Switch) if self.force_reboot => Extent::Activate(Goal::Boot),
            asked => asked,
        }
    }

    /// How long a host may be away.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.reboot_timeout)
    }
}

/// How Nix builds.
#[derive(Debug, Args)]
#[command(next_help_heading = "Building")]
pub struct BuildArguments {
    /// Build outputs anew that are there but damaged
    #[arg(long)]
    repair: bool,
}

/// How hosts are reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "Hosts")]
pub struct ReachArguments {
    /// Trust the key of a host that was never seen before
    #[arg(long)]
    accept_new_host_keys: bool,

    /// Seconds that a host may take to answer
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = number::seconds)]
    connect_timeout: u64,

    /// SSH configuration to use beside ours [default: ~/.ssh/config]
    #[arg(long, value_name = "FILE", env = "NIXOPS_SSH_CONFIG")]
    ssh_config: Option<Utf8PathBuf>,

    #[command(flatten)]
    elevation: ElevationArguments,
}

/// How hosts are treated.
#[derive(Debug, Args)]
#[command(next_help_heading = "Hosts")]
pub struct HostArguments {
    #[command(flatten)]
    pub reach: ReachArguments,

    /// Let every machine build its own system, whatever `deployment.buildOnTarget` says
    #[arg(long)]
    build_on_target: bool,

    /// Build here, whatever `deployment.buildOnTarget` says
    #[arg(long, conflicts_with = "build_on_target")]
    no_build_on_target: bool,

    /// Connections that are made at the same time
    #[arg(long, value_name = "N", default_value_t = connections_at_once(), value_parser = number::positive)]
    max_concurrent_connect: NonZeroUsize,

    /// Closures that are copied at the same time
    #[arg(long, value_name = "N", default_value_t = Limits::default().copy, value_parser = number::positive)]
    max_concurrent_copy: NonZeroUsize,

    /// Machines that are activated at the same time
    #[arg(long, value_name = "N", default_value_t = Limits::default().activate, value_parser = number::positive)]
    max_concurrent_activate: NonZeroUsize,

    /// Activate machines that run the wanted system already, too
    #[arg(long)]
    pub always_activate: bool,
}

fn connections_at_once() -> NonZeroUsize {
    host::Options::default().limit
}

impl BuildArguments {
    /// What was meant.
    pub fn options(&self) -> BuildOptions {
        BuildOptions {
            repair: self.repair,
        }
    }
}

impl ReachArguments {
    /// What was meant.
    pub fn options(&self) -> host::Options {
        host::Options {
            user_config: self.ssh_config.clone(),
            accept_new_host_keys: self.accept_new_host_keys,
            connect_timeout: Duration::from_secs(self.connect_timeout),
            rates: rates(),
            ..host::Options::default()
        }
    }

    /// The connections of a run, whose users may have to give passwords to become root.
    pub fn connections(&self, context: &Context) -> Result<Connections> {
        self.connect_with(context, self.options())
    }

    /// The same, so many of which may be under way at once.
    pub fn connections_of(&self, context: &Context, at_once: NonZeroUsize) -> Result<Connections> {
        let options = host::Options {
            limit: at_once,
            ..self.options()
        };
        self.connect_with(context, options)
    }

    fn connect_with(&self, context: &Context, options: host::Options) -> Result<Connections> {
        let passwords = self.elevation.passwords(context)?;
        Ok(Connections::asking(
            context.processes.clone(),
            options,
            passwords,
        )?)
    }
}

impl HostArguments {
    /// The connections of a deploy.
    pub fn connections(&self, context: &Context) -> Result<Connections> {
        self.reach
            .connections_of(context, self.max_concurrent_connect)
    }

    /// Whether targets build; none leaves it to each machine's option.
    pub fn builds_on_target(&self) -> Option<bool> {
        match (self.build_on_target, self.no_build_on_target) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }

    /// What may happen at once.
    pub fn limits(&self, resources: NonZeroUsize) -> Limits {
        Limits {
            create: resources,
            copy: self.max_concurrent_copy,
            activate: self.max_concurrent_activate,
        }
    }
}
