//! Commands on hosts of the rig.

use std::time::Duration;

use anyhow::Result;

use crate::{Sizes, field::Field, measure::median, report::Report};

/// Seconds that a command takes on each host by itself.
const SECONDS: &str = "5";

/// Measures a command on one host and on all: one that does nothing, and one that takes its time.
pub fn measure(sizes: &Sizes, report: &mut Report) -> Result<()> {
    let field = Field::new(sizes.hosts, 0, Duration::ZERO)?;
    field.deploy(&[])?;
    for command in [&["true"][..], &["sleep", SECONDS][..]] {
        let words = command.join(" ");
        let mut measured = |what: &str, hosts: usize, more: &[&str]| {
            let run = median(sizes.runs, || {
                field.nixops(&[&["exec"], more, &["--"], command].concat())
            })?;
            let what = format!("exec `{words}`, {what}");
            report.nixops(what, hosts, &run, String::new());
            anyhow::Ok(run.seconds)
        };
        let hosts = field.size();
        let one = measured("one host", 1, &["--on", "m0"])?;
        let all = measured("all at once", hosts, &["--parallel", &hosts.to_string()])?;
        report.ratio(format!("time, exec `{words}`: {hosts} hosts ÷ 1"), all, one);
    }
    Ok(())
}
