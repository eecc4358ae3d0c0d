//! The table at the end of a deploy, and what to do next.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use crate::plan::{Copied, MachineSummary, Outcome, Step, Summary};
use crate::plan::{Extent, Goal};

use super::color::{ERROR, GOOD, HINT, STRONG, WARNING, paint};
use super::message;
use super::quantity::{bytes, seconds};

/// Writes what became of each machine, what failed and why, and what to do next.
pub(super) fn overview(summary: &Summary, show_trace: bool, color: bool) -> String {
    let mut text = String::new();
    if !shown(summary).is_empty() {
        text += &table(summary);
        text += "\n";
    }
    for (name, machine) in &summary.machines {
        if let Some(diagnostic) = machine.outcome.diagnostic() {
            let subject = format!("{name}: {}", machine.outcome);
            text += &message::error(Some(&subject), diagnostic, show_trace, color);
            text += "\n\n";
        }
    }
    let advice = advice(summary).into_iter();
    let advice = advice.map(|advice| format!("{} {advice}", paint(HINT, "next:")));
    let end: Vec<String> = std::iter::once(totals(summary)).chain(advice).collect();
    text + &end.join("\n") + "\n"
}

/// More machines than this are a large network.
const SHOWN: usize = 40;

/// More machines than this are not named one by one in an advice.
const NAMED: usize = 5;

/// The columns between the name and the result.
fn columns(extent: Extent) -> &'static [Step] {
    match extent {
        Extent::KeysOnly => &[Step::Evaluate, Step::Connect, Step::Keys],
        _ => &[Step::Evaluate, Step::Build, Step::Copy, Step::Activate],
    }
}

fn table(summary: &Summary) -> String {
    let machines = shown(summary);
    let mut table = Table::new();
    table.load_style(NOTHING);
    let columns = columns(summary.extent);
    let steps = columns.iter().map(|step| step.done().to_owned());
    table.set_header(row("machine", steps, "result"));
    for (name, machine) in &machines {
        let cells = columns.iter().map(|step| cell(machine, *step));
        table.add_row(row(name, cells, &machine.outcome.to_string()));
    }
    for index in 1..=columns.len() {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    // Colours come after the layout, which would count their escapes as letters.
    let lines = table.trim_fmt();
    let mut lines = lines
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line));
    let mut text = format!("{}\n", paint(STRONG, lines.next().unwrap_or_default()));
    for (line, machine) in lines.zip(machines.iter().map(|(_, machine)| machine)) {
        text += &colored(line, &machine.outcome);
        text += "\n";
    }
    text
}

/// The machines that have a line: of a large network only those to which something happened.
fn shown(summary: &Summary) -> Vec<(&String, &MachineSummary)> {
    let machines = summary.machines.iter();
    let all = summary.machines.len() <= SHOWN;
    machines
        .filter(|(_, machine)| all || machine.outcome != Outcome::Unchanged)
        .collect()
}

fn row(name: &str, steps: impl Iterator<Item = String>, result: &str) -> Vec<String> {
    let mut row = vec![name.to_owned()];
    row.extend(steps);
    row.push(result.to_owned());
    row
}

fn cell(machine: &MachineSummary, step: Step) -> String {
    machine
        .seconds
        .get(&step)
        .map_or_else(|| "-".to_owned(), |time| seconds(*time))
}

/// Colours the result at the end of a line.
fn colored(line: &str, outcome: &Outcome) -> String {
    let result = outcome.to_string();
    match line.strip_suffix(&result) {
        Some(before) => before.to_owned() + &painted(outcome),
        None => line.to_owned(),
    }
}

/// Writes an outcome in the colour of its gravity.
pub(super) fn painted(outcome: &Outcome) -> String {
    let style = match outcome {
        Outcome::UnitsFailed { .. } | Outcome::RebootRequired | Outcome::Unreachable { .. } => {
            WARNING
        }
        outcome if outcome.is_success() => GOOD,
        _ => ERROR,
    };
    paint(style, &outcome.to_string())
}

fn totals(summary: &Summary) -> String {
    let totals = &summary.totals;
    let changed = match summary.extent {
        Extent::DryRun => "would change",
        Extent::BuildOnly => "built",
        Extent::CopyOnly => "copied",
        Extent::KeysOnly => "with keys sent",
        Extent::Activate(Goal::DryActivate) if is_foretold(summary) => "would change",
        Extent::Activate(Goal::DryActivate) => "dry-activated",
        Extent::Activate(Goal::Boot) => "activated from the next boot on",
        Extent::Activate(Goal::Test) => "activated until the next boot",
        Extent::Activate(Goal::Switch) => "activated",
    };
    let counts = [
        (totals.changed, changed),
        (totals.unchanged, "unchanged"),
        (totals.units_failed, "with failed units"),
        (totals.reboot_required, "to be rebooted"),
        (totals.failed, "failed"),
        (totals.rolled_back, "rolled back"),
        (totals.skipped, "skipped"),
        (totals.unreachable, "left out"),
        (totals.interrupted, "interrupted"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let noun = if totals.machines == 1 {
        "machine"
    } else {
        "machines"
    };
    let copied = match totals.copied {
        Copied { paths: 0, .. } => String::new(),
        Copied { paths, bytes: 0 } => format!("; copied {paths} paths"),
        Copied { paths, bytes: size } => format!("; copied {paths} paths, {}", bytes(size)),
    };
    let time = seconds(summary.seconds);
    let counts = match counts.as_slice() {
        [] => String::new(),
        counts => format!(": {}", counts.join(", ")),
    };
    format!("{} {noun} in {time}{counts}{copied}", totals.machines)
}

/// Whether a machine that was to be asked is not there yet.
fn is_foretold(summary: &Summary) -> bool {
    let mut machines = summary.machines.values();
    machines.any(|machine| matches!(machine.outcome, Outcome::WouldChange { .. }))
}

fn advice(summary: &Summary) -> Vec<String> {
    let names = |wanted: fn(&Outcome) -> bool| -> Vec<&str> {
        let machines = summary.machines.iter();
        let machines = machines.filter(|(_, machine)| wanted(&machine.outcome));
        machines.map(|(name, _)| name.as_str()).collect()
    };
    let going_on = names(Outcome::may_go_on);
    let units = names(|outcome| matches!(outcome, Outcome::UnitsFailed { .. }));
    let reboot = names(|outcome| matches!(outcome, Outcome::RebootRequired));
    let mut advice = Vec::new();
    if !going_on.is_empty() {
        advice.push(format!(
            "an activation may still be running on {}; unconfirmed, it goes back by itself",
            going_on.join(", ")
        ));
    }
    if !units.is_empty() {
        advice.push(format!(
            "see what failed with 'systemctl --failed' on {}",
            units.join(", ")
        ));
    }
    if !reboot.is_empty() {
        advice.push(format!(
            "reboot {} to take up the new system",
            reboot.join(", ")
        ));
    }
    if summary.extent == Extent::DryRun {
        if summary.totals.changed > 0 {
            advice.push("leave out --dry-run to do this".to_owned());
        }
        advice.extend(unasked(summary));
        return advice;
    }
    advice.extend(again(summary));
    advice
}

/// How to learn more of machines of which a dry run told what was noted.
fn unasked(summary: &Summary) -> Option<String> {
    let machines = summary.machines.values();
    let unasked = machines.filter(|machine| {
        machine.outcome == Outcome::Unchanged && !machine.seconds.contains_key(&Step::Connect)
    });
    let count = unasked.count();
    let (machines, them) = match count {
        1 => ("machine", "it"),
        _ => ("machines", "them"),
    };
    (count > 0).then(|| {
        format!("{count} {machines} told by what the last run noted: 'nixops plan' asks {them}")
    })
}

/// How to go on with the machines that did not come to their end.
fn again(summary: &Summary) -> Option<String> {
    let machines = summary.machines.iter();
    let left = machines.filter(|(_, machine)| !machine.outcome.is_at_its_end());
    let names: Vec<&str> = left.map(|(name, _)| name.as_str()).collect();
    let some = !names.is_empty() && names.len() < summary.machines.len();
    let settles = matches!(summary.extent, Extent::Activate(Goal::Switch | Goal::Boot));
    let flags = if settles && names.len() > NAMED {
        "--retry-failed".to_owned()
    } else {
        format!("--on {}", names.join(" --on "))
    };
    some.then(|| format!("run it again for the rest with {flags}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use anstream::adapter::strip_str;
    use insta::assert_snapshot;

    use super::*;
    use crate::evaluator::Diagnostic;

    fn machine(outcome: Outcome, seconds: &[(Step, f64)]) -> MachineSummary {
        MachineSummary {
            outcome,
            system: None,
            seconds: seconds.iter().copied().collect(),
            copied: None,
        }
    }

    fn show(extent: Extent, machines: &[(&str, MachineSummary)]) -> String {
        let machines = machines
            .iter()
            .map(|(name, machine)| (name.to_string(), machine.clone()));
        let summary = Summary::new(extent, machines.collect::<BTreeMap<_, _>>(), 75.4);
        strip_str(&overview(&summary, false, false)).to_string()
    }

    fn failed(step: Step, message: &str, hint: Option<&str>) -> Outcome {
        let hint = hint.map(str::to_owned);
        let diagnostic = Diagnostic {
            message: message.to_owned(),
            position: None,
            hint,
            trace: Vec::new(),
        };
        Outcome::Failed { step, diagnostic }
    }

    #[test]
    fn a_mixed_deploy_says_what_happened_why_and_what_is_next() {
        let evaluated = (Step::Evaluate, 1.234);
        let all = [
            evaluated,
            (Step::Build, 61.0),
            (Step::Copy, 2.5),
            (Step::Activate, 12.2),
        ];
        let refused = failed(
            Step::Connect,
            "cannot connect to mail.example.org: connection refused",
            Some("is sshd running there?"),
        );
        let units_failed = Outcome::UnitsFailed {
            units: vec!["nginx.service".to_owned()],
        };
        let interrupted = Outcome::Interrupted {
            step: Step::Activate,
            may_go_on: true,
            went_back: false,
        };
        let text = show(
            Extent::Activate(Goal::Switch),
            &[
                ("database", machine(Outcome::Unchanged, &[evaluated])),
                ("mail", machine(refused, &[evaluated])),
                ("proxy", machine(Outcome::RebootRequired, &all)),
                ("queue", machine(interrupted, &all[..3])),
                ("web-1", machine(Outcome::Activated, &all)),
                ("web-2", machine(units_failed, &all)),
            ],
        );
        assert_snapshot!(text, @r"
        machine   evaluated       built  copied  activated  result
        database      1.2 s           -       -          -  unchanged
        mail          1.2 s           -       -          -  failed to connect
        proxy         1.2 s  1 min 01 s   2.5 s       12 s  activated, reboot required
        queue         1.2 s  1 min 01 s   2.5 s          -  interrupted (activate)
        web-1         1.2 s  1 min 01 s   2.5 s       12 s  activated
        web-2         1.2 s  1 min 01 s   2.5 s       12 s  activated, units failed: nginx.service

        error: mail: failed to connect: cannot connect to mail.example.org: connection refused
        hint: is sshd running there?

        6 machines in 1 min 15 s: 1 activated, 1 unchanged, 1 with failed units, 1 to be rebooted, 1 failed, 1 interrupted
        next: an activation may still be running on queue; unconfirmed, it goes back by itself
        next: see what failed with 'systemctl --failed' on web-2
        next: reboot proxy to take up the new system
        next: run it again for the rest with --on mail --on queue
        ");
    }

    #[test]
    fn what_was_skipped_is_no_success() {
        let because = "neatcloudVolumes.data failed".to_owned();
        let machines = [
            ("db", machine(Outcome::Skipped { because }, &[])),
            ("web", machine(Outcome::Activated, &[])),
        ];
        let text = show(Extent::Activate(Goal::Switch), &machines);
        let end: Vec<_> = text.lines().rev().take(2).collect();
        assert_eq!(
            end,
            [
                "next: run it again for the rest with --on db",
                "2 machines in 1 min 15 s: 1 activated, 1 skipped",
            ]
        );
        let style = |outcome| painted(&outcome).replace(&outcome.to_string(), "");
        let because = String::new();
        assert_ne!(
            style(Outcome::Skipped { because }),
            style(Outcome::Activated)
        );
    }

    #[test]
    fn of_many_that_are_left_the_state_knows_the_names() {
        let away = || Outcome::Unreachable {
            because: "the host does not answer".to_owned(),
        };
        let names: Vec<String> = (0..7).map(|number| format!("m{number}")).collect();
        let mut machines: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), machine(away(), &[])))
            .collect();
        machines[0].1.outcome = Outcome::Activated;
        let end = |extent| {
            let text = show(extent, &machines);
            let end: Vec<_> = text.lines().rev().take(2).map(str::to_owned).collect();
            end
        };
        assert_eq!(
            end(Extent::Activate(Goal::Switch)),
            [
                "next: run it again for the rest with --retry-failed",
                "7 machines in 1 min 15 s: 1 activated, 6 left out",
            ]
        );
        let next = &end(Extent::Activate(Goal::Test))[0];
        assert!(next.contains("--on m1 --on m2"), "{next}");
    }

    #[test]
    fn a_dry_run_says_how_to_go_on() {
        let change = Outcome::WouldChange {
            machine: None,
            build: false,
            copy: true,
            activate: true,
        };
        let text = show(
            Extent::DryRun,
            &[("web", machine(change, &[(Step::Evaluate, 0.5)]))],
        );
        assert_snapshot!(text, @r"
        machine  evaluated  built  copied  activated  result
        web          0.5 s      -       -          -  would copy, activate

        1 machine in 1 min 15 s: 1 would change
        next: leave out --dry-run to do this
        ");
    }

    #[test]
    fn a_dry_run_leaves_nothing_to_be_done_again() {
        let change = Outcome::WouldChange {
            machine: None,
            build: true,
            copy: true,
            activate: true,
        };
        let refused = failed(Step::Connect, "refused", None);
        let machines = [("db", machine(refused, &[])), ("web", machine(change, &[]))];
        let text = show(Extent::DryRun, &machines);
        let advice: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("next:"))
            .collect();
        assert_eq!(advice, ["next: leave out --dry-run to do this"]);
    }

    #[test]
    fn the_end_says_when_the_new_system_counts() {
        let machines = [("web", machine(Outcome::Activated, &[]))];
        let end = |goal| {
            let text = show(Extent::Activate(goal), &machines);
            text.lines().last().unwrap_or_default().to_owned()
        };
        assert_snapshot!(end(Goal::Boot), @"1 machine in 1 min 15 s: 1 activated from the next boot on");
        assert_snapshot!(end(Goal::Test), @"1 machine in 1 min 15 s: 1 activated until the next boot");
    }

    #[test]
    fn no_machines_make_no_table() {
        assert_snapshot!(show(Extent::BuildOnly, &[]), @"0 machines in 1 min 15 s");
    }
}
