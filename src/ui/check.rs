//! What a check found, for people.

use std::borrow::Cow;

use anstyle::Style;

use crate::check::{Findings, MachineReport, Report, ResourceReport, SystemState};
use crate::evaluator::Diagnostic;

use super::check_resource::{has_news, resource};
use super::color::{ERROR, FAINT, GOOD, STRONG, WARNING, paint};
use super::message;
use super::sanitise::sanitise;
use super::table::{Cell, styled_table};

/// More than so many machines or resources are many: then only those have a line that are not well.
const MANY: usize = 40;

/// Names in a line beyond these are counted.
const NAMES: usize = 8;

/// Writes what a check found: a table of machines, one of resources, what is to be said of them, and a line
/// of counts. `all` asks for those that are well even of many, and for every name.
///
/// The text has styles; [`crate::ui::Ui::data`] drops them where they are not wanted.
pub fn check_text(report: &Report, all: bool) -> String {
    let mut parts = Vec::new();
    let of_machines = machines(report, all);
    if !of_machines.is_empty() {
        let rows: Vec<_> = of_machines
            .iter()
            .map(|(name, one)| row(name, one))
            .collect();
        let titles = [
            "machine", "exists", "up", "reached", "load", "units", "disks", "system",
        ];
        parts.push(styled_table(titles, &rows));
    }
    let notes = of_machines
        .iter()
        .flat_map(|(name, one)| notes(name, one, all));
    let notes: Vec<String> = notes.collect();
    if !notes.is_empty() {
        parts.push(notes.join("\n") + "\n");
    }
    let resources: Vec<String> = resources(report, all).flat_map(resource).collect();
    if !resources.is_empty() {
        parts.push(resources.join("\n") + "\n");
    }
    parts.push(totals(report) + "\n");
    parts.join("\n")
}

fn machines(report: &Report, all: bool) -> Vec<(&str, &MachineReport)> {
    let all = all || report.machines.len() <= MANY;
    let machines = report.machines.iter();
    machines
        .filter(|(_, machine)| all || !machine.findings().is_empty())
        .map(|(name, machine)| (name.as_str(), machine))
        .collect()
}

fn resources(report: &Report, all: bool) -> impl Iterator<Item = &ResourceReport> {
    let all = all || report.resources.len() <= MANY;
    let resources = report.resources.iter();
    resources.filter(move |resource| all || !resource.findings().is_empty())
}

fn row(name: &str, machine: &MachineReport) -> [Cell; 8] {
    let load = machine
        .load
        .map(|load| load.map(|one| format!("{one:.2}")).join(" "));
    [
        (STRONG, name.to_owned()),
        tristate(machine.exists),
        tristate(machine.up),
        tristate(machine.reachable),
        load.map_or_else(unknown, |load| (Style::new(), load)),
        units(machine),
        disks(machine),
        system(machine),
    ]
}

fn unknown() -> Cell {
    (FAINT, "unknown".to_owned())
}

fn tristate(value: Option<bool>) -> Cell {
    match value {
        Some(true) => (GOOD, "yes".to_owned()),
        Some(false) => (ERROR, "no".to_owned()),
        None => unknown(),
    }
}

fn units(machine: &MachineReport) -> Cell {
    let count = |units: &Option<Vec<String>>| units.as_ref().map_or(0, Vec::len);
    match &machine.failed_units {
        None => unknown(),
        Some(failed) if !failed.is_empty() => (ERROR, format!("{} failed", failed.len())),
        Some(_) => match count(&machine.units_in_progress) {
            0 => (GOOD, "well".to_owned()),
            some => (WARNING, format!("{some} under way")),
        },
    }
}

fn disks(machine: &MachineReport) -> Cell {
    match &machine.full_file_systems {
        None => unknown(),
        Some(full) if full.is_empty() => (GOOD, "well".to_owned()),
        Some(full) => (ERROR, format!("{} full", full.len())),
    }
}

fn system(machine: &MachineReport) -> Cell {
    let state = machine.system.state;
    let style = match state {
        SystemState::Deployed => GOOD,
        SystemState::Unknown => FAINT,
        _ => WARNING,
    };
    (style, state.words().to_owned())
}

/// What else there is to say of a machine.
fn notes(name: &str, machine: &MachineReport, all: bool) -> Vec<String> {
    let title = paint(STRONG, &sanitise(name));
    let names = |what: &str, names: &Option<Vec<String>>| {
        let names = names.as_ref().filter(|names| !names.is_empty())?;
        Some(format!("{title}: {what}: {}", listed(names, all)))
    };
    let full = machine.file_systems.iter().flatten().filter_map(|system| {
        let full = machine.full_file_systems.as_ref()?;
        let inodes = system.inodes_used;
        let inodes = inodes.map_or(String::new(), |used| format!(", {used} % of its inodes"));
        full.contains(&system.mounted_on).then(|| {
            let place = sanitise(&system.mounted_on);
            format!("{title}: {place}: {} % used{inodes}", system.used)
        })
    });
    let mut notes: Vec<String> = full.collect();
    notes.extend(names("failed units", &machine.failed_units));
    notes.extend(names("units under way", &machine.units_in_progress));
    notes.extend(unhealthy(&title, machine));
    notes.extend(other_system(&title, machine));
    notes.extend(machine.problem.iter().map(|problem| told(&title, problem)));
    if let Some(made) = machine.resource.as_ref().filter(|made| has_news(made)) {
        notes.extend(resource(made));
    }
    notes
}

fn unhealthy(title: &str, machine: &MachineReport) -> Vec<String> {
    let checks = machine.health_checks.iter().flatten();
    let failed = checks.filter_map(|(name, found)| Some((name, found.as_ref()?)));
    failed
        .map(|(name, found)| {
            let (name, found) = (sanitise(name), sanitise(found));
            format!("{title}: health check {name}: {found}")
        })
        .collect()
}

fn other_system(title: &str, machine: &MachineReport) -> Option<String> {
    let system = &machine.system;
    let is_other = matches!(
        system.state,
        SystemState::Other | SystemState::NextBoot | SystemState::UntilBoot
    );
    is_other.then(|| {
        format!(
            "{title}: runs {}, will boot {}, was deployed to {}",
            path(system.running.as_deref()),
            path(system.profile.as_deref()),
            path(system.deployed.as_deref())
        )
    })
}

fn path(path: Option<&str>) -> Cow<'_, str> {
    path.map_or("nothing".into(), sanitise)
}

pub(super) fn told(title: &str, problem: &Diagnostic) -> String {
    let text = format!("{title}: {}", sanitise(&problem.message));
    match &problem.hint {
        Some(hint) => format!("{text}\n{}", message::hint(hint)),
        None => text,
    }
}

pub(super) fn listed(names: &[String], all: bool) -> String {
    let most = if all { usize::MAX } else { NAMES };
    let shown: Vec<String> = names
        .iter()
        .take(most)
        .map(|name| sanitise(name).into_owned())
        .collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn totals(report: &Report) -> String {
    let count = |count: usize, noun: &str| {
        let plural = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {noun}{plural}"))
    };
    let things = [
        count(report.machines.len(), "machine"),
        count(report.resources.len(), "resource"),
    ];
    let things: Vec<String> = things.into_iter().flatten().collect();
    if things.is_empty() {
        return "nothing is recorded of machines or resources".to_owned();
    }
    let found = Findings::ALL.iter().filter_map(|(finding, words)| {
        let count = report.each().filter(|found| found.has(*finding)).count();
        (count > 0).then(|| format!("{count} {words}"))
    });
    let found: Vec<String> = found.collect();
    let (style, found) = match found.as_slice() {
        [] => (GOOD, "all is well".to_owned()),
        found => (ERROR, found.join(", ")),
    };
    format!("{}: {}", things.join(", "), paint(style, &found))
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
