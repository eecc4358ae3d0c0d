//! Measures NixOps: how it starts, what resources cost, how it evaluates a fleet, and what a fleet of hosts costs
//! from its first deploy on.
//!
//! ```console
//! $ cargo bench --bench fleet                                    # everything
//! $ cargo bench --bench fleet -- evaluation --machines 100,400
//! $ cargo test --bench fleet -- --quick                          # whether this program still works
//! ```
//!
//! Other ways of evaluating are measured in the same run, on the same machines, with the same
//! modules, so that ratios mean something on every computer. No time is ever an error, not even one that misses
//! a goal: what is checked is that all ways give the same derivations, that an unchanged fleet is left alone and not
//! evaluated, and that of a changed one the machines are deployed that have changed.

mod commands;
mod compressing;
mod copying;
mod deployed;
mod evaluation;
mod field;
mod keys;
mod latency;
mod lifecycle;
mod machine;
mod measure;
mod plugins;
mod processes;
mod report;
mod resources;
mod startup;
mod workbench;

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use clap::{Parser, ValueEnum};

use report::Report;

/// The program under test.
const NIXOPS: &str = env!("CARGO_BIN_EXE_nixops");

/// What is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Part {
    /// How long the program takes to start, and how large it is.
    Startup,
    /// What plugins cost: validation, and the start of a provider.
    Plugins,
    /// What owning many resources costs.
    Resources,
    /// A synthetic fleet, beside other ways to evaluate it.
    Evaluation,
    /// Of that only the fleet whose machines read each other.
    Crossing,
    /// Fleets of hosts of the rig, from their first deploy on.
    Lifecycle,
    /// Deploys to hosts that are far away.
    Latency,
    /// Commands on hosts.
    Commands,
    /// Copies to a host at the end of a long line.
    Copying,
    /// Copies over lines of several speeds, with compression and without it.
    Compressing,
    /// Keys that are sent to hosts of the rig.
    Keys,
    /// All of these.
    All,
}

/// Measures NixOps.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure
    #[arg(value_enum, default_values_t = [Part::All])]
    parts: Vec<Part>,

    /// Sizes of the fleet that is evaluated
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100, 400, 1000])]
    machines: Vec<usize>,

    /// Largest of them that one process is to retain: a thousand take minutes, and 12 GB
    #[arg(long, default_value_t = 400)]
    retained: usize,

    /// Modules of each machine of that fleet
    #[arg(long, default_value_t = 300)]
    modules: usize,

    /// Size of the fleet that is also evaluated in a process for each machine
    #[arg(long, default_value_t = 20)]
    apart: usize,

    /// Sizes of the fleets that are deployed
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 50, 100])]
    sizes: Vec<usize>,

    /// Modules of each of their machines
    #[arg(long, default_value_t = 300)]
    host_modules: usize,

    /// Size of the fleet that is far away, and that commands are run on
    #[arg(long, alias = "latency-hosts", default_value_t = 50)]
    hosts: usize,

    /// Hosts that keys are sent to
    #[arg(long, default_value_t = 20)]
    key_hosts: usize,

    /// Keys of each of them
    #[arg(long, default_value_t = 200)]
    keys: usize,

    /// Store paths that are copied over a long line
    #[arg(long, default_value_t = 100)]
    paths: usize,

    /// Megabytes that are copied with compression and without it
    #[arg(long, default_value_t = 100)]
    megabytes: u64,

    /// Megabytes a second that lines to hosts carry
    #[arg(long, value_delimiter = ',', default_values_t = [1, 5, 10, 20, 50, 100])]
    speeds: Vec<u64>,

    /// Round trips to hosts that are far away, in milliseconds
    #[arg(long, value_delimiter = ',', default_values_t = [0, 100, 200])]
    latencies: Vec<u64>,

    /// Times that each evaluation and each unchanged deploy is measured; the median counts
    #[arg(long, default_value_t = 1)]
    runs: usize,

    /// Small sizes, to see that everything works
    #[arg(long)]
    quick: bool,

    /// What cargo gives every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// Sizes of what is measured.
#[derive(Debug)]
struct Sizes {
    starts: usize,
    resources: usize,
    /// Sizes of the fleet that is evaluated, the largest last.
    machines: Vec<usize>,
    /// Largest of them that one process retains.
    retained: usize,
    /// The size that goals of evaluation are about.
    reference: usize,
    modules: usize,
    apart: usize,
    /// Sizes of the fleets that are deployed.
    fleets: Vec<usize>,
    host_modules: usize,
    /// The size that goals of a first deploy are about.
    hosts: usize,
    key_hosts: usize,
    keys: usize,
    paths: usize,
    megabytes: u64,
    speeds: Vec<u64>,
    latencies: Vec<Duration>,
    runs: usize,
}

impl Arguments {
    fn sizes(self) -> Sizes {
        if self.quick {
            return Sizes {
                starts: 5,
                resources: 100,
                machines: vec![2, 12],
                retained: 2,
                reference: 2,
                modules: 10,
                apart: 2,
                fleets: vec![2],
                host_modules: 10,
                hosts: 2,
                key_hosts: 2,
                keys: 5,
                paths: 5,
                megabytes: 2,
                speeds: vec![10],
                latencies: vec![Duration::from_millis(50)],
                runs: 1,
            };
        }
        let mut machines = self.machines;
        machines.sort_unstable();
        Sizes {
            starts: 50,
            resources: 10_000,
            machines,
            retained: self.retained,
            reference: 100,
            modules: self.modules,
            apart: self.apart,
            fleets: self.sizes,
            host_modules: self.host_modules,
            hosts: self.hosts,
            key_hosts: self.key_hosts,
            keys: self.keys,
            paths: self.paths,
            megabytes: self.megabytes,
            speeds: self.speeds,
            latencies: self
                .latencies
                .into_iter()
                .map(Duration::from_millis)
                .collect(),
            runs: self.runs.max(1),
        }
    }
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let parts = arguments.parts.clone();
    let wanted = |part| parts.contains(&part) || parts.contains(&Part::All);
    let sizes = arguments.sizes();
    let mut report = Report::new(machine::facts()?);
    if wanted(Part::Startup) {
        startup::measure(&sizes, &mut report)?;
    }
    if wanted(Part::Plugins) {
        plugins::measure(&sizes, &mut report)?;
    }
    if wanted(Part::Resources) {
        resources::measure(&sizes, &mut report)?;
    }
    for crossing in [false, true] {
        if wanted(Part::Evaluation) || crossing && wanted(Part::Crossing) {
            evaluation::measure(&sizes, crossing, &mut report)?;
        }
    }
    if wanted(Part::Lifecycle) {
        lifecycle::measure(&sizes, &mut report)?;
    }
    if wanted(Part::Latency) {
        latency::measure(&sizes, &mut report)?;
    }
    if wanted(Part::Commands) {
        commands::measure(&sizes, &mut report)?;
    }
    if wanted(Part::Copying) {
        copying::measure(&sizes, &mut report)?;
    }
    if wanted(Part::Compressing) {
        compressing::measure(&sizes, &mut report)?;
    }
    if wanted(Part::Keys) {
        keys::measure(&sizes, &mut report)?;
    }
    let is_sound = report.is_sound();
    report.print()?;
    Ok(if is_sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
