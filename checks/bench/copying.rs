//! Copies to a host at the end of a long line: as `nixops copy-closure` makes them, and by `nix copy`.

use std::{fs, process::Command};

use anyhow::{Context as _, Result};
use rig::Host;

use crate::{
    Sizes,
    measure::{Run, run},
    report::Report,
    workbench::Workbench,
};

/// Bits that the line carries in a second: so many that its length is what matters.
const RATE: u64 = 1_000_000_000;

/// Paths without end: each refers to the one before it, as much as matters to the order of a copy.
const PATHS: &str = r#"{ tag, count }:
let
  build = index: before: derivation {
    name = "${tag}-${toString index}";
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ "-c" "echo ${toString before} > $out" ];
  };
in
builtins.foldl' (before: index: build index before) "nothing" (builtins.genList (index: index) count)
"#;

/// Measures copies of closures whose paths are small, by the length of the line.
pub fn measure(sizes: &Sizes, report: &mut Report) -> Result<()> {
    let outputs = "{ self, nixpkgs }: { nixopsConfigurations.default = \
         { inherit nixpkgs; } // import ./network.nix; }";
    let workbench = Workbench::new(outputs, &[("paths.nix", PATHS.to_owned())])?;
    let hosts = workbench.rig.add_hosts(["m0"])?;
    let host = hosts.first().context("no host")?;
    let network = format!(
        "{{ m0.deployment = {{ targetHost = \"{}\"; targetPort = {}; }}; }}\n",
        host.address, host.port
    );
    fs::write(workbench.directory.join("network.nix"), network)?;
    let field = Field {
        workbench: &workbench,
        host,
        count: sizes.paths,
    };
    for latency in &sizes.latencies {
        let line = format!("{} ms", latency.as_millis());
        host.slow_link(*latency, RATE)?;
        let ours = field.copy(report, &format!("copy-closure, {line}"), |path| {
            workbench.nixops(&["copy-closure", "m0", path])
        })?;
        for protocol in ["ssh", "ssh-ng"] {
            let theirs =
                field.copy(report, &format!("nix copy by {protocol}, {line}"), |path| {
                    field.nix_copy(protocol, path)
                })?;
            let name = format!("time, nix copy by {protocol} ÷ copy-closure: {line}");
            report.ratio(name, theirs.seconds, ours.seconds);
        }
    }
    Ok(())
}

/// The host, and what is copied to it.
struct Field<'a> {
    workbench: &'a Workbench,
    host: &'a Host,
    count: usize,
}

impl Field<'_> {
    /// Copies paths that nobody has yet, and sees that they arrived.
    fn copy(&self, report: &mut Report, what: &str, by: impl Fn(&str) -> Command) -> Result<Run> {
        let tag: String = what.chars().filter(char::is_ascii_alphanumeric).collect();
        let path = self.build(&tag)?;
        let run = run(&mut by(&path))?;
        let note = format!("{} paths that refer to each other", self.count);
        report.other(what, 1, &run, note);
        let there = self.host.path(&path).exists();
        report.expect(there, format!("{what}: {path} did not arrive"));
        Ok(run)
    }

    fn build(&self, tag: &str) -> Result<String> {
        let mut command = self.workbench.rig.command("nix-build");
        command.args(["--no-out-link", "paths.nix", "--argstr", "tag", tag]);
        command.args(["--arg", "count", &self.count.to_string()]);
        let run = run(command.current_dir(&self.workbench.directory))?;
        Ok(String::from_utf8(run.stdout)?.trim().to_owned())
    }

    fn nix_copy(&self, protocol: &str, path: &str) -> Command {
        let Host { user, address, .. } = self.host;
        let mut command = self.workbench.rig.command("nix");
        let config = self.workbench.rig.ssh_config();
        let options = format!("-F {} -p {}", config.display(), self.host.port);
        command.env("NIX_SSHOPTS", options);
        command.args(["copy", "--no-check-sigs", "--to"]);
        command.args([&format!("{protocol}://{user}@{address}"), path]);
        command
    }
}
