//! How long the program takes to start, and how large it is.

use std::{fs, process::Command, time::Instant};

use anyhow::{Context as _, Result, ensure};

use crate::{NIXOPS, Sizes, report::Report};

/// Measures `nixops --version`, from the start of the process to its end.
pub fn measure(sizes: &Sizes, report: &mut Report) -> Result<()> {
    let mut starts = (0..sizes.starts)
        .map(|_| start())
        .collect::<Result<Vec<_>>>()?;
    starts.sort_by(f64::total_cmp);
    let median = starts[starts.len() / 2] * 1e3;
    let what = format!("`nixops --version`, median of {}", sizes.starts);
    report.figure(what, format!("{median:.1} ms"));
    report.figure("size of the program", size()?);
    Ok(())
}

fn start() -> Result<f64> {
    let begun = Instant::now();
    let output = Command::new(NIXOPS).arg("--version").output();
    let seconds = begun.elapsed().as_secs_f64();
    let output = output.context("while starting nixops")?;
    ensure!(
        output.status.success(),
        "nixops --version failed: {output:?}"
    );
    Ok(seconds)
}

#[expect(clippy::cast_precision_loss, reason = "the loss begins at petabytes")]
fn size() -> Result<String> {
    let bytes = fs::metadata(NIXOPS)
        .context("while looking at nixops")?
        .len();
    Ok(format!("{:.1} MB", bytes as f64 / 1e6))
}
