//! Copies over lines of several speeds, with compression by ssh and without it.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};

use crate::{
    NIXOPS, Sizes,
    measure::{Run, run},
    report::Report,
    workbench::Workbench,
};

const MEGABYTE: u64 = 1_000_000;

/// Machines on the same host, and what is said of the line to them.
const MACHINES: [(&str, bool); 2] = [("plain", true), ("compressed", false)];

/// Measures copies of one large path, which holds programs as a system does.
pub fn measure(sizes: &Sizes, report: &mut Report) -> Result<()> {
    let outputs = "{ self, nixpkgs }: { nixopsConfigurations.default = \
         { inherit nixpkgs; } // import ./network.nix; }";
    let workbench = Workbench::new(outputs, &[])?;
    let hosts = workbench.rig.add_hosts(["host"])?;
    let host = hosts.first().context("no host")?;
    let machines = MACHINES.map(|(name, fast)| {
        format!(
            "{name}.deployment = {{ targetHost = \"{}\"; targetPort = {}; hasFastConnection = {fast}; }};",
            host.address, host.port
        )
    });
    let network = format!("{{ {} }}\n", machines.join(" "));
    fs::write(workbench.directory.join("network.nix"), network)?;
    let lines = sizes.speeds.iter().copied().map(Some).chain([None]);
    for speed in lines {
        let line = if let Some(speed) = speed {
            host.slow_link(Duration::ZERO, speed * MEGABYTE * 8)?;
            format!("a line of {speed} MB/s")
        } else {
            host.fast_link()?;
            String::from("no line")
        };
        let mut copy = |machine: &str| -> Result<Run> {
            let what = format!("{machine}, {line}");
            let path = large(&workbench, &what, sizes.megabytes * MEGABYTE)?;
            let run = run(&mut workbench.nixops(&["copy-closure", machine, &path]))?;
            let note = format!("{} MB of programs", sizes.megabytes);
            report.other(&what, 1, &run, note);
            report.expect(
                host.path(&path).exists(),
                format!("{what}: it did not arrive"),
            );
            Ok(run)
        };
        let (plain, compressed) = (copy("plain")?, copy("compressed")?);
        let name = format!("time, plain ÷ compressed: {line}");
        report.ratio(name, plain.seconds, compressed.seconds);
    }
    Ok(())
}

/// A path that nobody has yet, of so many bytes of the program under test.
fn large(workbench: &Workbench, tag: &str, bytes: u64) -> Result<String> {
    let program = fs::read(NIXOPS)?;
    let mut content = tag.as_bytes().to_vec();
    while (content.len() as u64) < bytes {
        let left = usize::try_from(bytes)? - content.len();
        content.extend(&program[..program.len().min(left)]);
    }
    let file = workbench.directory.join("large");
    fs::write(&file, content)?;
    let mut command = workbench.rig.command("nix-store");
    let run = run(command.arg("--add").arg(file))?;
    Ok(String::from_utf8(run.stdout)?.trim().to_owned())
}
