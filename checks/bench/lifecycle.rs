//! A fleet from its first deploy on: nothing is changed, a machine is, all are.
//!
//! Evaluations are remembered, as they are for users. The first deploy writes `nixops.json`, which makes
//! another tree of the flake: that is the one of which it evaluates machines.

use std::time::Duration;

use anyhow::Result;

use crate::{
    Sizes,
    deployed::Deployed,
    field::Field,
    measure::{Run, median},
    report::{Goal, Report},
};

/// One thing at a time of everything that there is a limit for.
const SERIAL: [&str; 8] = [
    "--eval-workers",
    "1",
    "--max-jobs",
    "1",
    "--max-concurrent-copy",
    "1",
    "--max-concurrent-activate",
    "1",
];

/// Measures fleets of all sizes, and before them one machine alone.
pub fn measure(sizes: &Sizes, report: &mut Report) -> Result<()> {
    let single = fleet(1, sizes, report)?;
    let larger: Vec<usize> = sizes
        .fleets
        .iter()
        .copied()
        .filter(|size| *size > 1)
        .collect();
    for size in &larger {
        let edited = fleet(*size, sizes, report)?;
        let what = format!("one machine edited: a fleet of {size} ÷ a fleet of 1");
        report.ratio(format!("time, {what}"), edited.seconds, single.seconds);
        if larger.iter().max() == Some(size) {
            let goal = Goal::Below(2.0, "times");
            report.goal(what, goal, edited.seconds / single.seconds);
        }
    }
    Ok(())
}

/// Measures one fleet; gives the deploy for which a machine had been edited.
fn fleet(size: usize, sizes: &Sizes, report: &mut Report) -> Result<Run> {
    let mut fleet = Fleet {
        field: Field::new(size, sizes.host_modules, Duration::ZERO)?,
        sizes,
        report,
    };
    fleet.begins()?;
    fleet.stays()?;
    let edited = fleet.is_edited()?;
    fleet.changes()?;
    Ok(edited)
}

/// A fleet that is measured.
struct Fleet<'a> {
    field: Field,
    sizes: &'a Sizes,
    report: &'a mut Report,
}

impl Fleet<'_> {
    /// The first deploy, and the one after it.
    fn begins(&mut self) -> Result<()> {
        let first = self.changed("first", self.field.size(), &[])?;
        if self.field.size() == self.sizes.hosts {
            self.goal("deploy, first", 10.0, &first);
        }
        self.unchanged("unchanged, the first after it", &[], 0)?;
        let evaluation = median(self.sizes.runs, || self.field.evaluate())?;
        let note = String::from("no host is asked");
        let size = self.field.size();
        self.report.nixops("only evaluate", size, &evaluation, note);
        self.ratio("deploy, first ÷ only evaluate", &first, &evaluation);
        Ok(())
    }

    /// Deploys that have nothing to do.
    fn stays(&mut self) -> Result<()> {
        let size = self.field.size();
        let runs = self.sizes.runs;
        let ssh = median(runs, || self.field.connect())?;
        let note = String::from("ssh alone runs `true`, 32 at once");
        self.report.other("only connect", size, &ssh, note);
        let unchanged = median(runs, || self.unchanged("unchanged", &[], 0))?;
        let what = "unchanged, `--dry-run`";
        let dry = median(runs, || self.unchanged(what, &["--dry-run"], 0))?;
        let what = "unchanged, `--no-eval-cache`";
        let anew = self.unchanged(what, &["--no-eval-cache"], size)?;
        self.ratio("deploy, unchanged ÷ only connect", &unchanged, &ssh);
        let what = "deploy, unchanged, `--no-eval-cache` ÷ with the cache";
        self.ratio(what, &anew, &unchanged);
        if size == self.sizes.hosts {
            self.goal("deploy, unchanged", 1.0, &unchanged);
        }
        if Some(&size) == self.sizes.fleets.iter().max() {
            self.goal("deploy, unchanged", 1.5, &unchanged);
            self.goal("deploy, unchanged, `--dry-run`", 0.3, &dry);
        }
        Ok(())
    }

    /// Deploys for which the file of one machine was edited. The first of them records what machines look at.
    fn is_edited(&mut self) -> Result<Run> {
        self.field.edit_one()?;
        self.changed("one machine edited, the first edit", 1, &[])?;
        let edited = median(self.sizes.runs, || {
            self.field.edit_one()?;
            self.changed("one machine edited", 1, &[])
        })?;
        Ok(edited)
    }

    /// Deploys for which an option of all machines was edited.
    fn changes(&mut self) -> Result<()> {
        let size = self.field.size();
        self.field.edit_all()?;
        let all = self.changed("one option of all edited", size, &[])?;
        self.field.edit_all()?;
        let serial = self.changed("one option of all edited, serial", size, &SERIAL)?;
        self.ratio("one option of all edited: serial ÷ ours", &serial, &all);
        Ok(())
    }

    /// A deploy after which so many machines have another system.
    fn changed(&mut self, what: &str, machines: usize, more: &[&str]) -> Result<Run> {
        let deployed = self.deploy(what, more)?;
        let others = self.field.size() - machines;
        let counted = (deployed.activated, deployed.unchanged);
        // Each is tried out, and then made the one of the next boot.
        let sound = counted == (machines, others) && deployed.switched == 2 * machines;
        let told = format!(
            "{what}: {machines} machines had changed, but {}",
            deployed.said()
        );
        self.report.expect(sound, told);
        Ok(deployed.run)
    }

    /// A deploy that has nothing to do, which hosts confirm; so many machines are evaluated for it.
    fn unchanged(&mut self, what: &str, more: &[&str], evaluated: usize) -> Result<Run> {
        let deployed = self.deploy(what, more)?;
        let sound = deployed.is_idle(self.field.size()) && deployed.evaluated == evaluated;
        let told = format!("{what}: something was done: {}", deployed.said());
        self.report.expect(sound, told);
        Ok(deployed.run)
    }

    fn deploy(&mut self, what: &str, more: &[&str]) -> Result<Deployed> {
        let deployed = self.field.deploy(more)?;
        let what = format!("deploy, {what}");
        let size = self.field.size();
        self.report
            .nixops(what, size, &deployed.run, deployed.note());
        Ok(deployed)
    }

    fn ratio(&mut self, what: &str, of: &Run, to: &Run) {
        let what = format!("time, {what}: {} hosts", self.field.size());
        self.report.ratio(what, of.seconds, to.seconds);
    }

    fn goal(&mut self, what: &str, seconds: f64, run: &Run) {
        let what = format!("{what}: {} hosts", self.field.size());
        let goal = Goal::Below(seconds, "s");
        self.report.goal(what, goal, run.seconds);
    }
}
