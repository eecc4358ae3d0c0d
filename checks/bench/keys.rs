//! Keys, to hosts of the rig: many at once, a few, and none that have changed.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result};
use rig::Host;
use serde_json::Value;

use crate::{
    Sizes,
    measure::{Run, median, run},
    report::{Goal, Report},
    workbench::Workbench,
};

/// Measures how long keys take to be sent: one to each host, all, those that are there, and all anew.
pub fn measure(sizes: &Sizes, report: &mut Report) -> Result<()> {
    let outputs = "{ self, nixpkgs }: { nixopsConfigurations.default = \
         { inherit nixpkgs; } // import ./network.nix; }";
    let workbench = Workbench::new(outputs, &[])?;
    let names = (0..sizes.key_hosts).map(|index| format!("m{index}"));
    let field = Field {
        hosts: workbench.rig.add_hosts(names)?,
        workbench: &workbench,
    };
    let (hosts, keys) = (sizes.key_hosts, sizes.keys);
    field.write(1, "first")?;
    let one = field.send(report, "send-keys, one new key for each", Some(hosts))?;
    field.write(keys, "first")?;
    let what = format!("send-keys, {} more new keys for each", keys - 1);
    let all = field.send(report, &what, Some(hosts))?;
    let what = format!("send-keys, {keys} keys for each, unchanged");
    let unchanged = median(sizes.runs, || field.send(report, &what, Some(0)))?;
    field.write(keys, "second")?;
    let what = format!("send-keys, {keys} keys for each, all others");
    let changed = field.send(report, &what, Some(hosts))?;
    field.check(keys, "second", report)?;
    for (what, run) in [("new", &all), ("others", &changed)] {
        let count = u32::try_from(hosts * (keys - 1))?;
        let further = (run.seconds - one.seconds) / f64::from(count);
        let name = format!("a further key that is {what}: {hosts} hosts × {keys}");
        report.figure(name, format!("{:.3} ms", further * 1000.0));
    }
    let name = format!("time, keys unchanged ÷ all new: {hosts} hosts × {keys}");
    report.ratio(name, unchanged.seconds, all.seconds);
    let name = |what| format!("keys, {what}: {hosts} hosts × {keys}");
    report.goal(name("all new"), Goal::Below(5.0, "s"), all.seconds);
    report.goal(name("unchanged"), Goal::Below(1.0, "s"), unchanged.seconds);
    Ok(())
}

/// Hosts and who sends keys to them.
struct Field<'a> {
    workbench: &'a Workbench,
    hosts: Vec<Host>,
}

impl Field<'_> {
    /// A network in which each machine has so many keys, each from a file of its own.
    fn write(&self, keys: usize, content: &str) -> Result<()> {
        let secrets = self.workbench.rig.home().join("secrets");
        fs::create_dir_all(&secrets)?;
        for key in 0..keys {
            fs::write(secrets.join(key.to_string()), text(key, content))?;
        }
        let network = network(&self.hosts, &secrets, keys)?;
        fs::write(self.workbench.directory.join("network.nix"), network)?;
        Ok(())
    }

    /// Sends keys; so many hosts are to change.
    fn send(&self, report: &mut Report, what: &str, changed: Option<usize>) -> Result<Run> {
        let run = run(&mut self.workbench.nixops(&["send-keys", "--json"]))?;
        let output = String::from_utf8_lossy(&run.stdout);
        let last = output.lines().last().context("no events")?;
        let summary: Value = serde_json::from_str(last)?;
        let totals = &summary["summary"]["totals"];
        let note = format!("{}; {}", totals["changed"], totals["unchanged"]);
        report.nixops(
            what,
            self.hosts.len(),
            &run,
            format!("changed; unchanged: {note}"),
        );
        let as_expected = changed.is_none_or(|changed| totals["changed"] == changed);
        report.expect(as_expected, format!("{what}: {note}"));
        Ok(run)
    }

    /// Looks whether all keys are what they are to be.
    fn check(&self, keys: usize, content: &str, report: &mut Report) -> Result<()> {
        let wanted: BTreeSet<String> = (0..keys).map(|key| text(key, content)).collect();
        for host in &self.hosts {
            let directory = host.path("/run/keys");
            let files = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
            let there = files
                .iter()
                .filter(|file| file.file_name() != "done")
                .map(|file| fs::read_to_string(file.path()));
            let there = there.collect::<Result<BTreeSet<_>, _>>()?;
            report.expect(there == wanted, format!("{} has other keys", host.name));
        }
        Ok(())
    }
}

fn text(key: usize, content: &str) -> String {
    format!("{content} content of the key {key}\n").repeat(8)
}

fn network(hosts: &[Host], secrets: &Path, keys: usize) -> Result<String> {
    let mut text = format!(
        "{{\n  defaults.deployment.keys = builtins.listToAttrs (builtins.genList (n: {{\n    \
         name = \"key-${{toString n}}\";\n    value.keyFile = \"{}/${{toString n}}\";\n  }}) {keys});\n",
        secrets.display()
    );
    for host in hosts {
        writeln!(
            text,
            "  {}.deployment = {{ targetHost = \"{}\"; targetPort = {}; }};",
            host.name, host.address, host.port,
        )?;
    }
    Ok(text + "}\n")
}
