//! The computer that is measured on.

use std::{fs, num::NonZero, process::Command, thread};

use anyhow::{Context as _, Result};

/// One line for each thing that figures depend on.
pub fn facts() -> Result<Vec<String>> {
    let read = |path| fs::read_to_string(path).with_context(|| format!("while reading {path}"));
    let (processors, memory) = (read("/proc/cpuinfo")?, read("/proc/meminfo")?);
    let load = read("/proc/loadavg")?;
    let model = field(&processors, "model name").unwrap_or("unknown processor");
    let kibibytes: u64 = field(&memory, "MemTotal")
        .and_then(|value| value.strip_suffix(" kB")?.parse().ok())
        .context("while reading the size of memory")?;
    Ok(vec![
        format!(
            "date: {}",
            first_line("date", &["-u", "+%Y-%m-%d %H:%M UTC"])?
        ),
        format!("processor: {} cores, {model}", cores()),
        format!("memory: {} GB", kibibytes * 1024 / 1_000_000_000),
        format!("kernel: {}", first_line("uname", &["-sr"])?),
        format!("Nix: {}", first_line("nix", &["--version"])?),
        format!(
            "load before: {}",
            load.split(' ').next().unwrap_or_default()
        ),
        format!(
            "build of nixops: {}",
            if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            }
        ),
    ])
}

/// Number of processors that this program may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// A field of a file of `/proc` that has one on each line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
}

fn first_line(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("while running {program}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
