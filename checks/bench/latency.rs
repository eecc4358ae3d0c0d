//! Deploys to hosts that are far away.

use std::time::Duration;

use anyhow::Result;

use crate::{
    Sizes,
    field::Field,
    measure::{Run, median},
    report::{Goal, Report},
};

/// Measures a first and an unchanged deploy for each latency, beside their evaluation and a host by itself.
pub fn measure(sizes: &Sizes, report: &mut Report) -> Result<()> {
    for latency in &sizes.latencies {
        let far = Far {
            latency: *latency,
            modules: sizes.host_modules,
        };
        let last = sizes.latencies.iter().max() == Some(latency);
        far.measure(sizes, last, report)?;
    }
    Ok(())
}

/// How far hosts are.
struct Far {
    latency: Duration,
    modules: usize,
}

impl Far {
    fn measure(&self, sizes: &Sizes, is_farthest: bool, report: &mut Report) -> Result<()> {
        let (_, single) = self.first(1, report)?;
        let (field, first) = self.first(sizes.hosts, report)?;
        let size = field.size();
        let evaluation = median(sizes.runs, || field.evaluate())?;
        let note = String::from("no host is asked");
        report.nixops(self.name("only evaluate"), size, &evaluation, note);
        // The first deploy has changed the flake.
        field.deploy(&[])?;
        let what = self.name("deploy, unchanged");
        let unchanged = median(sizes.runs, || {
            let deployed = field.deploy(&[])?;
            report.nixops(&what, size, &deployed.run, deployed.note());
            let sound = deployed.is_idle(size) && deployed.evaluated == 0;
            report.expect(sound, format!("{what}: {}", deployed.said()));
            Ok(deployed.run)
        })?;
        let ssh = median(sizes.runs, || field.connect())?;
        let note = String::from("ssh alone runs `true`, 32 at once");
        report.other(self.name("only connect"), size, &ssh, note);

        let slower = single.seconds.max(evaluation.seconds);
        let what = format!("deploy, first: {size} hosts ÷ the slower of evaluation and one host");
        let what = self.name(&what);
        report.ratio(format!("time, {what}"), first.seconds, slower);
        if is_farthest {
            report.goal(what, Goal::Below(1.5, "times"), first.seconds / slower);
        }
        let what = self.name("deploy, unchanged ÷ only connect");
        report.ratio(format!("time, {what}"), unchanged.seconds, ssh.seconds);
        Ok(())
    }

    /// The first deploy of a fleet of its own.
    fn first(&self, size: usize, report: &mut Report) -> Result<(Field, Run)> {
        let field = Field::new(size, self.modules, self.latency)?;
        let deployed = field.deploy(&[])?;
        let what = self.name("deploy, first");
        report.nixops(&what, size, &deployed.run, deployed.note());
        let told = format!("{what}: {}", deployed.said());
        report.expect(deployed.activated == size, told);
        Ok((field, deployed.run))
    }

    fn name(&self, what: &str) -> String {
        format!("{} ms: {what}", self.latency.as_millis())
    }
}
