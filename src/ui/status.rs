//! How machines are, for people.

use anstyle::Style;

use crate::check::SystemState;
use crate::fleet::{Generations, MachineStatus};
use crate::state::utc;

use super::check::told;
use super::color::{ERROR, FAINT, GOOD, STRONG, WARNING, paint};
use super::quantity::age;
use super::sanitise::sanitise;
use super::table::{Cell, styled_table};

/// Writes a table with a line for each machine, and below it what there is to say of some. `now` is in seconds
/// since 1970.
pub fn status_text(machines: &[MachineStatus], now: i64) -> String {
    if machines.is_empty() {
        return "there is no machine\n".to_owned();
    }
    let rows: Vec<_> = machines.iter().map(|one| row(one, now)).collect();
    let titles = [
        "machine",
        "reached",
        "generation",
        "made",
        "deployed",
        "system",
        "units",
    ];
    let mut parts = vec![styled_table(titles, &rows)];
    let notes: Vec<String> = machines.iter().flat_map(notes).collect();
    if !notes.is_empty() {
        parts.push(notes.join("\n") + "\n");
    }
    parts.join("\n")
}

fn row(machine: &MachineStatus, now: i64) -> [Cell; 7] {
    let plain = |text: Option<String>| match text {
        Some(text) => (Style::new(), text),
        None => (FAINT, "-".to_owned()),
    };
    let ago = |time: Option<i64>| plain(time.map(|time| age(now - time)));
    [
        (STRONG, machine.machine.clone()),
        match machine.reachable {
            Some(true) => (GOOD, "yes".to_owned()),
            Some(false) => (ERROR, "no".to_owned()),
            None => (FAINT, "unknown".to_owned()),
        },
        plain(machine.generation.map(|number| number.to_string())),
        ago(machine.made),
        ago(machine.deployed),
        system(machine),
        units(machine),
    ]
}

fn system(machine: &MachineStatus) -> Cell {
    let state = machine.system.state;
    let style = match state {
        SystemState::Deployed => GOOD,
        SystemState::Unknown => FAINT,
        _ => WARNING,
    };
    (style, state.words().to_owned())
}

fn units(machine: &MachineStatus) -> Cell {
    match &machine.failed_units {
        None => (FAINT, "unknown".to_owned()),
        Some(failed) if failed.is_empty() => (GOOD, "well".to_owned()),
        Some(failed) => (ERROR, format!("{} failed", failed.len())),
    }
}

fn notes(machine: &MachineStatus) -> Vec<String> {
    let title = paint(STRONG, &sanitise(&machine.machine));
    let mut notes = Vec::new();
    if let Some(failed) = machine.failed_units.as_ref().filter(|all| !all.is_empty()) {
        let failed = sanitise(&failed.join(", ")).into_owned();
        notes.push(format!("{title}: failed units: {failed}"));
    }
    notes.extend(machine.problem.iter().map(|problem| told(&title, problem)));
    notes
}

/// Writes the generations of machines, a table for each.
pub fn generations_text(machines: &[Generations]) -> String {
    let several = machines.len() > 1;
    let tables = machines.iter().map(|machine| {
        let title = if several {
            format!("{}\n", paint(STRONG, &sanitise(&machine.machine)))
        } else {
            String::new()
        };
        match &machine.problem {
            Some(problem) => told(&paint(STRONG, &sanitise(&machine.machine)), problem) + "\n",
            None => title + &generations(machine),
        }
    });
    tables.collect::<Vec<_>>().join("\n")
}

fn generations(machine: &Generations) -> String {
    if machine.generations.is_empty() {
        return "it has no generation\n".to_owned();
    }
    let rows = machine.generations.iter().map(|one| {
        let marks = [
            (one.running, "runs"),
            (one.current, "boots next"),
            (one.booted, "was booted"),
        ];
        let marks = marks.iter().filter(|(is_so, _)| *is_so);
        let marks: Vec<&str> = marks.map(|(_, words)| *words).collect();
        [
            (STRONG, one.number.to_string()),
            (Style::new(), utc(one.made)),
            (FAINT, one.system.to_string()),
            (GOOD, marks.join(", ")),
        ]
    });
    let rows: Vec<_> = rows.collect();
    styled_table(["generation", "made", "system", ""], &rows)
}
