//! Deploys to hosts of the rig.

use std::{fmt::Write as _, fs, time::Duration};

use anyhow::{Context as _, Result};
use rig::Host;
use serde_json::Value;

use crate::{
    Sizes,
    measure::{Run, median, run_with},
    report::Report,
    workbench::Workbench,
};

/// How often memory is looked at: more often would cost a part of what is measured.
const PACE: Duration = Duration::from_millis(100);

/// Connections that are under way at once, as in a deploy.
const AT_ONCE: &str = "32";

/// Seconds that a command takes on each host by itself.
const COMMAND: &str = "5";

/// Measures a first deploy, deploys that have nothing to do, and commands.
pub fn measure(sizes: &Sizes, report: &mut Report) -> Result<()> {
    let outputs = "{ self, nixpkgs }: { nixopsConfigurations.default = \
         { inherit nixpkgs; } // import ./network.nix; }";
    let workbench = Workbench::new(outputs, &[])?;
    let names = (0..sizes.hosts).map(|index| format!("m{index}"));
    let hosts = workbench.rig.add_hosts(names)?;
    fs::write(workbench.directory.join("network.nix"), network(&hosts)?)?;
    let field = Field {
        workbench: &workbench,
        hosts: &hosts,
    };
    field.first_deploy(report)?;
    let evaluation = median(sizes.runs, || field.evaluate())?;
    let only = String::from("the same network, no host asked");
    report.nixops("evaluate", hosts.len(), &evaluation, only);
    let ssh = median(sizes.runs, || field.connect())?;
    let only = format!("plain ssh, {AT_ONCE} at once, runs `true`");
    report.other("connect", hosts.len(), &ssh, only);
    for (what, more) in [
        ("deploy, unchanged", &[][..]),
        ("deploy --dry-run, unchanged", &["--dry-run"][..]),
    ] {
        let run = median(sizes.runs, || field.unchanged(what, more, report))?;
        let name = format!("time, {what} ÷ only evaluate: {} hosts", hosts.len());
        report.ratio(name, run.seconds, evaluation.seconds);
    }
    field.execute(sizes.runs, report)
}

/// A network with a machine for each host.
fn network(hosts: &[Host]) -> Result<String> {
    let mut text = String::from("{\n");
    for host in hosts {
        writeln!(
            text,
            "  {name} = {{\n    deployment.targetHost = \"{}\";\n    deployment.targetPort = {};\n    \
             environment.etc.\"name\".text = \"I am {name}.\";\n  }};",
            host.address,
            host.port,
            name = host.name,
        )?;
    }
    Ok(text + "}\n")
}

/// Hosts and who deploys to them.
struct Field<'a> {
    workbench: &'a Workbench,
    hosts: &'a [Host],
}

/// What deploys left on hosts.
#[derive(Debug, PartialEq)]
struct Traces {
    connections: Vec<usize>,
    activations: usize,
    store_paths: usize,
}

impl Field<'_> {
    fn first_deploy(&self, report: &mut Report) -> Result<()> {
        let before = self.traces()?;
        let run = self.deploy(&[])?;
        let after = self.traces()?;
        let done = Done::read(&run)?;
        report.nixops(
            "deploy, first",
            self.hosts.len(),
            &run,
            done.note(&before, &after),
        );
        // Each is tried out, and then made the one of the next boot.
        let runs = after.activations - before.activations;
        let all = runs == 2 * self.hosts.len();
        let hosts = self.hosts.len();
        let told = format!("the first deploy switched {runs} times on {hosts} hosts");
        report.expect(all, told);
        Ok(())
    }

    /// A deploy that has nothing to do, which hosts confirm.
    fn unchanged(&self, what: &str, more: &[&str], report: &mut Report) -> Result<Run> {
        let before = self.traces()?;
        let run = self.deploy(more)?;
        let after = self.traces()?;
        let done = Done::read(&run)?;
        report.nixops(what, self.hosts.len(), &run, done.note(&before, &after));
        let idle = done.builds == 0 && done.copied == 0 && done.unchanged == self.hosts.len();
        report.expect(idle, format!("{what}: something was done: {done:?}"));
        let untouched =
            before.activations == after.activations && before.store_paths == after.store_paths;
        report.expect(untouched, format!("{what}: hosts changed"));
        let most = after.most_connections(&before);
        report.expect(most == 1, format!("{what}: {most} connections to one host"));
        Ok(run)
    }

    /// A command on one host and on all: one that does nothing, and one that takes its time.
    fn execute(&self, runs: usize, report: &mut Report) -> Result<()> {
        for command in [&["true"][..], &["sleep", COMMAND][..]] {
            let words = command.join(" ");
            let mut measured = |what: &str, hosts: usize, more: &[&str]| {
                let run = median(runs, || {
                    let arguments = [&["exec"], more, &["--"], command].concat();
                    run_with(&mut self.workbench.nixops(&arguments), "", PACE)
                })?;
                report.nixops(
                    format!("exec `{words}`, {what}"),
                    hosts,
                    &run,
                    String::new(),
                );
                anyhow::Ok(run.seconds)
            };
            let hosts = self.hosts.len();
            let one = measured("one host", 1, &["--on", "m0"])?;
            let all = measured("all at once", hosts, &["--parallel", &hosts.to_string()])?;
            report.ratio(format!("time, exec `{words}`: {hosts} hosts ÷ 1"), all, one);
        }
        Ok(())
    }

    fn deploy(&self, more: &[&str]) -> Result<Run> {
        let mut command = self.workbench.nixops(&["deploy", "--json"]);
        run_with(command.args(more), "", PACE)
    }

    fn evaluate(&self) -> Result<Run> {
        let arguments = ["eval", "--json", "--no-eval-cache"];
        run_with(&mut self.workbench.nixops(&arguments), "", PACE)
    }

    /// Connects to each host once with nothing but ssh.
    fn connect(&self) -> Result<Run> {
        let mut command = self.workbench.rig.command("xargs");
        command.args(["-P", AT_ONCE, "-n", "4", "ssh"]);
        let mut input = String::new();
        for host in self.hosts {
            writeln!(
                input,
                "-p {} {}@{} true",
                host.port, host.user, host.address
            )?;
        }
        run_with(&mut command, &input, PACE)
    }

    fn traces(&self) -> Result<Traces> {
        let mut traces = Traces {
            connections: Vec::new(),
            activations: 0,
            store_paths: 0,
        };
        for host in self.hosts {
            traces.connections.push(host.connections()?);
            traces.activations += host.activations()?.len();
            traces.store_paths += fs::read_dir(host.path("/nix/store")).map_or(0, Iterator::count);
        }
        Ok(traces)
    }
}

impl Traces {
    fn most_connections(&self, before: &Self) -> usize {
        let counts = self.connections.iter().zip(&before.connections);
        counts
            .map(|(after, before)| after - before)
            .max()
            .unwrap_or(0)
    }
}

/// What a deploy says of itself.
#[derive(Debug)]
struct Done {
    builds: usize,
    copied: u64,
    unchanged: usize,
    steps: String,
}

impl Done {
    fn read(run: &Run) -> Result<Self> {
        let text = String::from_utf8_lossy(&run.stdout);
        let events = text.lines().map(serde_json::from_str::<Value>);
        let events = events.collect::<Result<Vec<_>, _>>().context("in events")?;
        let builds = events
            .iter()
            .filter(|event| event["event"] == "build-started");
        let summary = &events.last().context("no events")?["summary"];
        let count = |field: &str| summary["totals"][field].as_u64();
        Ok(Self {
            builds: builds.count(),
            copied: summary["totals"]["copied"]["paths"]
                .as_u64()
                .context("no copies")?,
            unchanged: usize::try_from(count("unchanged").context("no totals")?)?,
            steps: steps(summary),
        })
    }

    fn note(&self, before: &Traces, after: &Traces) -> String {
        format!(
            "builds {}, paths copied {}, connections per host {}{}",
            self.builds,
            self.copied,
            after.most_connections(before),
            self.steps
        )
    }
}

/// The median duration of each step.
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
