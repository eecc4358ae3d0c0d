//! What a check found of a resource, in lines.

use anstyle::Style;

use crate::check::{Condition, ResourceReport};
use crate::state::Phase;

use super::check::{listed, told};
use super::color::{ERROR, FAINT, GOOD, STRONG, WARNING, paint};
use super::plan_attribute::attribute;
use super::sanitise::sanitise;

/// Whether there is more to be said of what a backend made than of its machine.
pub(super) fn has_news(resource: &ResourceReport) -> bool {
    resource.condition != Condition::Well || !resource.outputs.is_empty()
}

/// How a resource fares, and what differs.
pub(super) fn resource(resource: &ResourceReport) -> Vec<String> {
    let name = resource.key.to_string();
    let name = paint(STRONG, &sanitise(&name));
    let (style, words) = condition(resource);
    let mut lines = vec![format!("{name}  {}", paint(style, words))];
    match &resource.condition {
        Condition::Drifted { changes } => {
            lines.extend(changes.iter().filter_map(|change| attribute(change, false)));
        }
        Condition::Unknown { reason } => lines.push(told("    why", reason)),
        _ => {}
    }
    if !resource.outputs.is_empty() {
        let paths = resource.outputs.iter().map(|output| output.path.join("."));
        let paths: Vec<String> = paths.collect();
        let text = format!("    outputs that are news: {}", listed(&paths, true));
        lines.push(paint(FAINT, &text));
    }
    lines
}

fn condition(resource: &ResourceReport) -> (Style, &'static str) {
    match (&resource.condition, resource.exists) {
        (Condition::Well, _) => (GOOD, "exists"),
        (Condition::Drifted { .. }, _) => (WARNING, "has drifted"),
        (Condition::Gone, _) => (ERROR, "is gone"),
        (Condition::Replaced, Some(false)) => (WARNING, "was replaced, and is gone"),
        (Condition::Replaced, _) => (WARNING, "was replaced, and is still to be deleted"),
        (Condition::Unfinished { phase }, exists) => (WARNING, unfinished(*phase, exists)),
        (Condition::Unknown { .. }, _) => (FAINT, "unknown"),
    }
}

fn unfinished(phase: Phase, exists: Option<bool>) -> &'static str {
    match (phase, exists) {
        (Phase::Creating, Some(true)) => "was made by a run that did not end",
        (Phase::Creating, _) => "was to be made by a run that did not end",
        (Phase::Deleting, _) => "was to be deleted by a run that did not end",
        (Phase::Updating | Phase::Ready, _) => "was to be changed by a run that did not end",
    }
}
