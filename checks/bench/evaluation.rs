//! A synthetic fleet, as NixOps evaluates it and in two other ways.
//!
//! Each way has evaluated the fleet before it is measured or finds the derivations of another way in
//! the store, so that none pays for writing them.

use std::{
    collections::BTreeMap,
    process::Command,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{
    Sizes, machine,
    measure::{PACE, Run, median, run, run_with},
    processes::{Processor, computer, peak_memory},
    report::{Goal, Report},
    workbench::{Workbench, library},
};

/// The expression that keeps all machines in one attribute set.
const RETAINED: &str = include_str!("retained.nix");

/// The generator of the fleet.
const FLEET: &str = include_str!("fleet/network.nix");

/// What its machines are made of.
const SERVICE: &str = include_str!("fleet/service.nix");

/// The network: the generator with the arguments of the deployment.
const OUTPUTS: &str = "{ self, nixpkgs }: { nixopsConfigurations.default = \
     { count, modules, crossing }@arguments: { inherit nixpkgs; } // import ./network.nix arguments; }";

/// Derivations of machines by name.
type Derivations = BTreeMap<String, String>;

/// Measures all sizes of the fleet; with `crossing` its machines read each other.
pub fn measure(sizes: &Sizes, crossing: bool, report: &mut Report) -> Result<()> {
    let files = [("network.nix", FLEET), ("service.nix", SERVICE)];
    let files = files.map(|(name, text)| (name, text.to_owned()));
    let workbench = Workbench::new(OUTPUTS, &files)?;
    let fleet = |machines| Fleet {
        workbench: &workbench,
        machines,
        modules: sizes.modules,
        crossing,
    };
    if let Some(machines) = sizes.machines.iter().max() {
        fleet(*machines).nixops(&[])?;
    }
    let mut runs = Vec::new();
    for machines in &sizes.machines {
        let fleet = fleet(*machines);
        let ours = median(sizes.runs, || fleet.nixops(&[]))?;
        let what = format!("evaluate, {}: nixops", fleet.kind());
        report.nixops(what, *machines, &ours, String::new());
        if *machines <= sizes.retained {
            let is_told = *machines == sizes.reference && !crossing;
            fleet.beside_one_process(&ours, sizes.runs, is_told, report)?;
        }
        runs.push((fleet, ours));
    }
    let reference = runs
        .iter()
        .find(|(fleet, _)| fleet.machines == sizes.reference);
    if let (Some((few, small)), Some((many, large))) = (reference, runs.last()) {
        let what = format!(
            "memory, evaluate, {}: {} machines ÷ {}",
            many.kind(),
            many.machines,
            few.machines
        );
        report.ratio(what.clone(), bytes(large), bytes(small));
        if !crossing {
            report.goal(
                what,
                Goal::AtMost(1.3, "times"),
                bytes(large) / bytes(small),
            );
        }
    }
    fleet(sizes.apart).beside_many_processes(sizes.runs, report)
}

/// Little memory for all workers together, in MiB.
const LITTLE: &str = "240";

/// The synthetic fleet.
struct Fleet<'a> {
    workbench: &'a Workbench,
    machines: usize,
    modules: usize,
    crossing: bool,
}

impl Fleet<'_> {
    /// Measures ours with one worker and in little memory, and one process that retains all machines.
    fn beside_one_process(
        &self,
        ours: &Run,
        times: usize,
        is_told: bool,
        report: &mut Report,
    ) -> Result<()> {
        let what = |way| format!("evaluate, {}: {way}", self.kind());
        let single = median(times, || self.nixops(&["--eval-workers", "1"]))?;
        let way = what("nixops, one worker");
        report.nixops(way, self.machines, &single, String::new());
        let tight = median(times, || self.nixops(&["--eval-memory", LITTLE]))?;
        let way = format!("nixops, `--eval-memory {LITTLE}`");
        let way = what(&way);
        report.nixops(way, self.machines, &tight, String::new());
        let retained = median(times, || self.retained())?;
        let way = what("one process, all retained");
        report.other(way, self.machines, &retained, String::new());
        let same = self.agree(ours, &retained)?;
        report.expect(same, format!("{} have other derivations", self.name()));
        let name = self.name();
        report.ratio(
            format!("time, all retained ÷ ours: {name}"),
            retained.seconds,
            ours.seconds,
        );
        let what = format!("time, all retained ÷ ours with one worker: {name}");
        report.ratio(what, retained.seconds, single.seconds);
        let what = format!("memory, all retained ÷ ours: {name}");
        report.ratio(what, bytes(&retained), bytes(ours));
        if is_told {
            for (run, way) in [(ours, "ours"), (&tight, "ours in little memory")] {
                let what =
                    |what| format!("{what} to evaluate {name}: one process, all retained ÷ {way}");
                let faster = retained.seconds / run.seconds;
                report.goal(what("time"), Goal::AtLeast(3.0, "times"), faster);
                let smaller = bytes(&retained) / bytes(run);
                report.goal(what("memory"), Goal::AtLeast(5.0, "times"), smaller);
            }
        }
        Ok(())
    }

    /// Measures ours, and a process for each machine, as many at once as there are processors.
    fn beside_many_processes(&self, times: usize, report: &mut Report) -> Result<()> {
        let ours = median(times, || self.nixops(&[]))?;
        let what = |way| format!("evaluate, {}: {way}", self.kind());
        report.nixops(what("nixops"), self.machines, &ours, String::new());
        let apart = median(times, || self.apart())?;
        let way = what("a process for each machine");
        report.other(
            way,
            self.machines,
            &apart,
            format!("{} at once", machine::cores()),
        );
        let what = format!("time, a process for each machine ÷ ours: {}", self.name());
        report.ratio(what, apart.seconds, ours.seconds);
        Ok(())
    }

    fn nixops(&self, more: &[&str]) -> Result<Run> {
        let mut command = self
            .workbench
            .nixops(&["eval", "--json", "--no-eval-cache"]);
        for (name, value) in self.arguments() {
            command.args(["--arg", name, &value]);
        }
        run(command.args(more))
    }

    fn retained(&self) -> Result<Run> {
        run_with(&mut self.instantiate(), &self.program()?, PACE)
    }

    fn apart(&self) -> Result<Run> {
        let program = self.program()?;
        let (next, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
        let processor = Mutex::new(Processor::default());
        let busy = computer().context("while reading processor time")?;
        let begun = Instant::now();
        let work = || -> Result<()> {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= self.machines {
                    return Ok(());
                }
                let mut command = self.instantiate();
                command.args(["-A", &format!("m{index}")]);
                let run = run_with(&mut command, &program, PACE)?;
                let mut processor = processor.lock().unwrap_or_else(PoisonError::into_inner);
                processor.own += run.processor.total();
            }
        };
        let memory = thread::scope(|scope| {
            let memory = scope.spawn(|| peak_memory(std::process::id(), PACE, &ended));
            let workers: Vec<_> = (0..machine::cores()).map(|_| scope.spawn(work)).collect();
            let worked = workers.into_iter().map(thread::ScopedJoinHandle::join);
            let worked: Vec<_> = worked.collect();
            ended.store(true, Ordering::Relaxed);
            for result in worked {
                result.map_err(|_| anyhow::anyhow!("a worker failed"))??;
            }
            memory
                .join()
                .map_err(|_| anyhow::anyhow!("nobody looked at memory"))
        })?;
        Ok(Run {
            seconds: begun.elapsed().as_secs_f64(),
            processor: processor
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
            computer: computer().map_or(0.0, |now| now - busy),
            memory,
            stdout: Vec::new(),
        })
    }

    /// Nix, about to evaluate the program on its standard input as NixOps has it done.
    fn instantiate(&self) -> Command {
        let mut command = self.workbench.rig.command("nix-instantiate");
        command.args(["--eval", "--strict", "--json", "--read-write-mode"]);
        command.args(["--option", "pure-eval", "true", "-"]);
        command
    }

    fn program(&self) -> Result<String> {
        let arguments = self.arguments();
        let arguments = arguments.map(|(name, value)| format!("{name} = {value};"));
        let arguments = arguments.join(" ");
        let library = library()?;
        let flake = self.workbench.locked()?;
        let system = format!("{}-linux", std::env::consts::ARCH);
        Ok(format!(
            "({RETAINED}) {{\n  nixops = {library};\n  \
             network = (builtins.getFlake \"{flake}\").nixopsConfigurations.default;\n  \
             arguments = {{ {arguments} }};\n  system = \"{system}\";\n}}\n"
        ))
    }

    fn arguments(&self) -> [(&'static str, String); 3] {
        [
            ("count", self.machines.to_string()),
            ("modules", self.modules.to_string()),
            ("crossing", self.crossing.to_string()),
        ]
    }

    /// Whether both ways gave the same derivations.
    fn agree(&self, ours: &Run, other: &Run) -> Result<bool> {
        let printed: Value = serde_json::from_slice(&ours.stdout).context("in what we print")?;
        let machines = printed["machines"].as_object().context("no machines")?;
        let ours: Derivations = machines
            .iter()
            .map(|(name, machine)| (name.clone(), text(&machine["derivation"])))
            .collect();
        let other: Derivations = serde_json::from_slice(&other.stdout)?;
        Ok(ours == other && ours.len() == self.machines)
    }

    fn kind(&self) -> &'static str {
        if self.crossing { "crossing" } else { "alone" }
    }

    fn name(&self) -> String {
        format!("{} {}", self.machines, self.kind())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[expect(clippy::cast_precision_loss, reason = "the loss begins at petabytes")]
fn bytes(run: &Run) -> f64 {
    run.memory as f64
}
