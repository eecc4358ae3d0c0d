//! A plan for people.

use std::collections::BTreeSet;

use crate::plan::{Action, Plan, PlannedResource, Refusal};

use super::color::{ERROR, FAINT, GOOD, STRONG, WARNING, paint};
use super::message;
use super::plan_attribute::attribute;
use super::plan_machine::machine;
use super::sanitise::sanitise;

/// Attributes of a resource beyond these are counted.
const ATTRIBUTES: usize = 12;

/// Writes what a plan would do: each resource with what differs, each machine, what is refused, and a line
/// of counts. What is left alone has no line, unless `all` asks for it.
///
/// The text has styles; [`crate::ui::Ui::data`] drops them where they are not wanted.
pub fn plan_text(plan: &Plan, all: bool) -> String {
    let mut lines = Vec::new();
    let resources = &plan.resources;
    for planned in &resources.resources {
        let is_still = planned.action == Action::Keep && planned.renamed_from.is_none();
        if all || !is_still {
            lines.extend(resource(planned, all));
        }
    }
    lines.extend(resources.deposed.iter().flat_map(|one| resource(one, all)));
    for (name, planned) in &plan.machines {
        lines.extend(machine(name, planned, all));
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(refusals(plan));
    lines.push(totals(plan));
    lines.join("\n") + "\n"
}

/// What is done with a resource, and the attributes that differ.
fn resource(planned: &PlannedResource, all: bool) -> Vec<String> {
    let (sign, style) = sign(planned.action);
    let name = sanitise(&planned.key.to_string()).into_owned();
    let words = paint(style, &words(planned));
    let mut line = format!("{} {}  {words}", paint(style, sign), paint(STRONG, &name));
    if !planned.reasons.is_empty() {
        let reasons = format!("  ({})", planned.reasons.join("; "));
        line += &paint(FAINT, &sanitise(&reasons));
    }
    if planned.refusal.is_some() {
        line += &paint(ERROR, "  refused");
    }
    let most = if all { usize::MAX } else { ATTRIBUTES };
    let is_new = planned.action == Action::Create;
    let changes = planned.changes.iter().take(most);
    let mut lines = vec![line];
    lines.extend(changes.filter_map(|change| attribute(change, is_new)));
    let more = planned.changes.len().saturating_sub(most);
    if more > 0 {
        lines.push(paint(FAINT, &format!("    and {more} more")));
    }
    lines
}

fn sign(action: Action) -> (&'static str, anstyle::Style) {
    match action {
        Action::Create | Action::Adopt => ("+", GOOD),
        Action::Update => ("~", WARNING),
        Action::Replace | Action::ReplaceCreateFirst => ("±", ERROR),
        Action::Delete => ("-", ERROR),
        Action::Forget => ("-", WARNING),
        Action::Obsolete => ("!", WARNING),
        Action::Later => ("?", WARNING),
        Action::Keep => ("=", FAINT),
    }
}

fn words(planned: &PlannedResource) -> String {
    let words = match planned.action {
        Action::Create => "create",
        Action::Adopt => "adopt",
        Action::Update => "update",
        Action::Replace | Action::ReplaceCreateFirst if planned.retains => {
            "create anew, and leave the old one as it is"
        }
        Action::Replace => "replace: delete, then create",
        Action::ReplaceCreateFirst => "replace: create, then delete",
        Action::Delete => "delete",
        Action::Forget => "forget, and leave it as it is",
        Action::Obsolete => "obsolete: kept until --kill-obsolete",
        Action::Keep if planned.renamed_from.is_some() => "rename",
        Action::Keep => "keep",
        Action::Later => "decide later",
    };
    let others = planned.may.iter().filter(|may| **may != planned.action);
    let others: Vec<&str> = others.map(|may| verb(*may)).collect();
    match planned.action {
        _ if others.is_empty() => words.to_owned(),
        Action::Later if others.len() == 1 => format!("{} later", others[0]),
        Action::Later => format!("{words}: {}", alternatives(&others)),
        _ => format!("{words}, or perhaps {}", alternatives(&others)),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn alternatives(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        words => words.concat(),
    }
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Keep | Action::Obsolete => "keep",
        Action::Create => "create",
        Action::Adopt => "adopt",
        Action::Update => "update",
        Action::Replace | Action::ReplaceCreateFirst => "replace",
        Action::Delete => "delete",
        Action::Forget => "forget",
        Action::Later => "decide later",
    }
}

/// What is refused, each once, with what to do about it.
fn refusals(plan: &Plan) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for refusal in plan.resources.refusals() {
        if seen.insert(refusal.to_string()) {
            lines.push(refused(refusal));
            lines.push(String::new());
        }
    }
    lines
}

fn refused(refusal: &Refusal) -> String {
    let title = paint(ERROR, "error:");
    let text = refusal.to_string();
    let hint = message::hint(&refusal.hint());
    format!("{title} {}\n{hint}", sanitise(&text))
}

/// How many resources and machines each action is for.
fn totals(plan: &Plan) -> String {
    let counts = plan.resources.counts();
    let resources = counts.iter();
    let resources = resources.map(|(action, count)| (*count, count_words(*action)));
    let counts = plan.machine_counts();
    let machines = counts
        .iter()
        .map(|(action, count)| (*count, action.to_string()));
    let parts = [
        total("resource", resources.collect()),
        total("machine", machines.collect()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let is_still = plan.is_empty() && plan.resources.refusals().next().is_none();
    match parts.join("; ").as_str() {
        "" => "nothing is there, and nothing is to be done".to_owned(),
        parts if is_still => format!("nothing is to be done: {parts}"),
        parts => parts.to_owned(),
    }
}

fn count_words(action: Action) -> String {
    match action {
        Action::Obsolete => "obsolete".to_owned(),
        Action::Later => "to decide later".to_owned(),
        action => format!("to {}", verb(action)),
    }
}

fn total(noun: &str, mut counts: Vec<(usize, String)>) -> Option<String> {
    // Two actions may have one word.
    counts.dedup_by(|next, last| {
        let same = next.1 == last.1;
        if same {
            last.0 += next.0;
        }
        same
    });
    let all: usize = counts.iter().map(|(count, _)| count).sum();
    let plural = if all == 1 { "" } else { "s" };
    let counts: Vec<String> = counts
        .into_iter()
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    (all > 0).then(|| format!("{all} {noun}{plural}: {}", counts.join(", ")))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
