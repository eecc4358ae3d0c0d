//! What a deploy did: what it left on hosts, and what it says of itself.

use std::fs;

use anyhow::{Context as _, Result};
use rig::Host;
use serde_json::Value;

use crate::measure::Run;

/// What deploys have left on hosts.
#[derive(Debug)]
pub struct Traces {
    connections: Vec<usize>,
    activations: usize,
    store_paths: usize,
}

impl Traces {
    /// Looks at all hosts.
    pub fn of(hosts: &[Host]) -> Result<Self> {
        let mut traces = Self {
            connections: Vec::new(),
            activations: 0,
            store_paths: 0,
        };
        for host in hosts {
            traces.connections.push(host.connections()?);
            traces.activations += host.activations()?.len();
            traces.store_paths += fs::read_dir(host.path("/nix/store")).map_or(0, Iterator::count);
        }
        Ok(traces)
    }
}

/// A deploy.
#[derive(Debug)]
pub struct Deployed {
    /// How it went.
    pub run: Run,
    /// Machines that were evaluated.
    pub evaluated: usize,
    /// Derivations that were built.
    pub builds: usize,
    /// Paths that were copied.
    pub copied: u64,
    /// Machines that had nothing to do.
    pub unchanged: usize,
    /// Machines that took up a system.
    pub activated: usize,
    /// How often hosts switched.
    pub switched: usize,
    /// Paths that came into the stores of hosts.
    pub arrived: usize,
    /// Connections to the host that had most of them.
    pub connections: usize,
    steps: String,
}

impl Deployed {
    /// Reads the events of a run, and what is on hosts now and was there before.
    pub fn read(run: Run, evaluated: usize, [before, after]: [&Traces; 2]) -> Result<Self> {
        let text = String::from_utf8_lossy(&run.stdout);
        let events = text.lines().map(serde_json::from_str::<Value>);
        let events = events.collect::<Result<Vec<_>, _>>().context("in events")?;
        let builds = events
            .iter()
            .filter(|event| event["event"] == "build-started");
        let summary = &events.last().context("no events")?["summary"];
        let machines = summary["machines"].as_object().context("no machines")?;
        let count = |result: &str| {
            let results = machines.values().map(|it| &it["outcome"]["result"]);
            results.filter(|it| *it == result).count()
        };
        let connections = after.connections.iter().zip(&before.connections);
        let connections = connections.map(|(after, before)| after - before);
        Ok(Self {
            evaluated,
            builds: builds.count(),
            copied: summary["totals"]["copied"]["paths"]
                .as_u64()
                .context("no copies")?,
            unchanged: count("unchanged"),
            activated: count("activated"),
            switched: after.activations - before.activations,
            arrived: after.store_paths - before.store_paths,
            connections: connections.max().unwrap_or(0),
            steps: steps(summary),
            run,
        })
    }

    /// Whether so many hosts had nothing to do, and nothing was done but evaluating.
    pub fn is_idle(&self, hosts: usize) -> bool {
        let done = self.builds + self.switched + self.arrived;
        done == 0 && self.copied == 0 && self.unchanged == hosts && self.connections <= 1
    }

    /// All that can be counted.
    pub fn said(&self) -> String {
        let (unchanged, activated) = (self.unchanged, self.activated);
        let (switched, arrived) = (self.switched, self.arrived);
        let note = self.note();
        format!(
            "unchanged {unchanged}, activated {activated}, switched {switched}, arrived {arrived}, {note}"
        )
    }

    /// What there is to say beside times.
    pub fn note(&self) -> String {
        format!(
            "evaluated {}, builds {}, paths copied {}, connections per host {}{}",
            self.evaluated, self.builds, self.copied, self.connections, self.steps
        )
    }
}

/// The median duration of each step, of those that took it.
fn steps(summary: &Value) -> String {
    let steps = ["evaluate", "connect", "build", "copy", "activate"];
    let medians = steps.map(|step| {
        let machines = summary["machines"].as_object().into_iter().flatten();
        let seconds = machines.filter_map(|(_, machine)| machine["seconds"][step].as_f64());
        let mut seconds: Vec<_> = seconds.collect();
        seconds.sort_by(f64::total_cmp);
        let median = seconds.get(seconds.len() / 2);
        median.map_or_else(String::new, |median| format!("; {step} {median:.2} s"))
    });
    medians.concat()
}
