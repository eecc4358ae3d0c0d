//! How what machines run differs from what the network wants, for people.

use crate::fleet::{Differences, MachineDifference};

use super::check::told;
use super::color::{FAINT, GOOD, STRONG, WARNING, paint};
use super::plan_machine::closure;
use super::sanitise::sanitise;

/// Writes what differs on each machine; `all` names every package.
pub fn differences_text(differences: &Differences, all: bool) -> String {
    let lines = differences
        .iter()
        .flat_map(|(name, one)| machine(name, one, all));
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return "there is no machine\n".to_owned();
    }
    lines.join("\n") + "\n"
}

fn machine(name: &str, difference: &MachineDifference, all: bool) -> Vec<String> {
    let name = paint(STRONG, &sanitise(name));
    if let Some(problem) = &difference.problem {
        return vec![told(&format!("{} {name}", paint(WARNING, "!")), problem)];
    }
    if difference.is_same() {
        let words = paint(GOOD, "runs what the network wants");
        return vec![format!("{} {name}  {words}", paint(FAINT, "="))];
    }
    let words = match (&difference.closure, &difference.running) {
        (_, None) => "runs no NixOS system yet",
        (None, _) => "runs another system; the wanted one is not built, and --build tells more",
        (Some(_), _) => "runs another system",
    };
    let mut lines = vec![format!(
        "{} {name}  {}",
        paint(WARNING, "~"),
        paint(WARNING, words)
    )];
    lines.extend(
        difference
            .closure
            .iter()
            .flat_map(|packages| closure(packages, all)),
    );
    lines
}
