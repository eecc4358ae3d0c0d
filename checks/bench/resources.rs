//! What owning many resources costs: a plan of them, a deploy that makes them, one that changes nothing,
//! and opening their state.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use camino::Utf8Path;
use nixops::state::Database;
use serde_json::Value;

use crate::{
    NIXOPS, Sizes,
    measure::{self, Run},
    report::Report,
    workbench::Workbench,
};

/// Measures networks of volumes in a NeatCloud that makes records alone.
pub fn measure(sizes: &Sizes, report: &mut Report) -> Result<()> {
    let program = Path::new(NIXOPS).with_file_name("nixops-neatcloud");
    if !program.exists() {
        let how = "cargo build --package nixops-neatcloud, in the same profile";
        report.figure("resources", format!("not measured: {how}"));
        return Ok(());
    }
    let mut before: Option<(usize, f64)> = None;
    for count in [sizes.resources / 100, sizes.resources / 10, sizes.resources] {
        let seconds = network(&program, count.max(1), sizes.runs, report)?;
        let each = seconds / f64::from(u32::try_from(count.max(1))?);
        if let Some((fewer, less)) = before {
            let what = format!("unchanged deploy, each of {count} resources to each of {fewer}");
            report.figure(what, format!("{:.2} times the processor time", each / less));
        }
        before = Some((count.max(1), each));
    }
    Ok(())
}

/// Measures one network, and gives the processor time of a deploy that changes nothing.
fn network(program: &Path, count: usize, runs: usize, report: &mut Report) -> Result<f64> {
    let workbench = volumes(program, count)?;
    let nixops = |words: &[&str]| -> Result<Run> {
        let mut command = workbench.nixops(words);
        command.env("NEATCLOUD_FAKE", "1");
        measure::run(&mut command)
    };
    let plan = ["plan", "--accept-plugins", "--json"];
    let deploy = ["deploy", "--accept-plugins", "--json"];
    // The first run locks the flake and copies it to the store.
    nixops(&plan)?;
    let run = measure::median(runs, || nixops(&plan))?;
    tell(report, "plan to make resources", count, &run);
    let run = nixops(&deploy)?;
    tell(report, "make resources", count, &run);
    let run = measure::median(runs, || nixops(&plan))?;
    tell(report, "plan of resources that are there", count, &run);
    report.expect(is_nothing(&run)?, "a second plan has nothing to do");
    let unchanged = measure::median(runs, || nixops(&deploy))?;
    tell(report, "unchanged deploy of resources", count, &unchanged);
    opening(&workbench, count, report)?;
    Ok(unchanged.processor.total())
}

fn tell(report: &mut Report, what: &str, count: usize, run: &Run) {
    report.nixops(what, count, run, String::new());
}

/// Whether a plan leaves every resource as it is.
fn is_nothing(run: &Run) -> Result<bool> {
    let plan: Value = serde_json::from_slice(&run.stdout).context("a plan is JSON")?;
    let resources = plan["resources"].as_array().cloned().unwrap_or_default();
    Ok(resources.iter().all(|one| one["action"] == "keep"))
}

/// Opens the state, and reads all of it.
fn opening(workbench: &Workbench, count: usize, report: &mut Report) -> Result<()> {
    let path = workbench.rig.home().join("state/nixops/state.db");
    let path = Utf8Path::from_path(&path).context("the path of the state is UTF-8")?;
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        drop(Database::open(path)?);
        times.push(begun.elapsed());
    }
    times.sort();
    report.figure(
        format!("opening the state of {count} resources"),
        format!("{:.1} ms", times[times.len() / 2].as_secs_f64() * 1e3),
    );
    Ok(())
}

/// A network of volumes, and the plugin beside it.
fn volumes(program: &Path, count: usize) -> Result<Workbench> {
    let outputs = format!(
        "{{ nixpkgs, ... }}: {{ nixopsConfigurations.default = {{ inherit nixpkgs; \
         network.plugins = [ (import ./neatcloud) ]; \
         resources.neatcloudVolumes = builtins.listToAttrs (builtins.genList (number: \
         {{ name = \"v${{toString number}}\"; value.size = 10; }}) {count}); }}; }}"
    );
    let workbench = Workbench::new(&outputs, &[])?;
    let plugin = workbench.directory.join("neatcloud");
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/neatcloud");
    for directory in ["nix", "schemas"] {
        fs::create_dir_all(plugin.join(directory))?;
        for entry in fs::read_dir(ours.join(directory))? {
            let entry = entry?;
            fs::copy(entry.path(), plugin.join(directory).join(entry.file_name()))?;
        }
    }
    let manifest = format!(
        "{{ name = \"neatcloud\"; version = \"1.0\"; nixexprs = [ ./nix ]; schemas = ./schemas; \
         providers.{}-linux = \"{}\"; }}\n",
        std::env::consts::ARCH,
        program.display()
    );
    fs::write(plugin.join("default.nix"), manifest)?;
    Ok(workbench)
}
