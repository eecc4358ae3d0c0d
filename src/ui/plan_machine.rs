//! A machine of a plan: its system, and what differs in its closure.

use crate::plan::{
    ClosureDifference, MachineAction, PackageChange, PackageChangeKind, PlannedMachine, UnitChanges,
};

use super::color::{ERROR, FAINT, GOOD, STRONG, WARNING, paint};
use super::quantity::bytes;
use super::sanitise::sanitise;

/// Packages, units and names beyond these are counted.
const NAMED: usize = 8;

/// Writes what is done with the system of a machine. One that is left alone has no line, unless `all` asks
/// for it.
pub(super) fn machine(name: &str, planned: &PlannedMachine, all: bool) -> Vec<String> {
    let (sign, style, words) = match planned.action {
        MachineAction::Keep if !all => return Vec::new(),
        MachineAction::Keep => ("=", FAINT, "keep"),
        MachineAction::Deploy if planned.before.is_none() => ("+", GOOD, "deploy"),
        MachineAction::Deploy => ("~", WARNING, "deploy"),
        MachineAction::Later => ("?", WARNING, "deploy later"),
        MachineAction::Fail => ("!", ERROR, "fails to evaluate"),
        MachineAction::Forget => ("-", WARNING, "forget, and leave it as it is"),
    };
    let name = paint(STRONG, &sanitise(name));
    let mut line = format!("{} {name}  {}", paint(style, sign), paint(style, words));
    let mut reasons = planned.reasons.clone();
    if reasons.is_empty() && !planned.awaits.is_empty() {
        let awaited: Vec<String> = planned.awaits.iter().map(ToString::to_string).collect();
        reasons.push(format!("it reads outputs of {}", some(&awaited, all)));
    }
    if !reasons.is_empty() {
        line += &paint(FAINT, &sanitise(&format!("  ({})", reasons.join("; "))));
    }
    let mut lines = vec![line];
    if let Some(closure) = &planned.closure {
        lines.extend(self::closure(closure, all));
    }
    if let Some(units) = &planned.units {
        lines.extend(self::units(units, all));
    }
    lines
}

/// What differs in a closure, package by package.
pub(super) fn closure(difference: &ClosureDifference, all: bool) -> Vec<String> {
    let packages = || difference.packages.iter();
    let (rebuilt, changed): (Vec<_>, Vec<_>) =
        packages().partition(|(_, change)| change.kind == PackageChangeKind::Rebuilt);
    let most = if all { usize::MAX } else { NAMED };
    let mut lines: Vec<String> = changed
        .iter()
        .take(most)
        .map(|(name, change)| package(name, change))
        .collect();
    let more = changed.len().saturating_sub(most);
    if more > 0 {
        lines.push(format!("    and {more} more packages"));
    }
    if !rebuilt.is_empty() {
        let names: Vec<String> = rebuilt.iter().map(|(name, _)| (*name).clone()).collect();
        lines.push(format!("    rebuilt: {}", some(&names, all)));
    }
    lines.push(size(difference));
    lines
}

fn package(name: &str, change: &PackageChange) -> String {
    let versions = |versions: &[String]| {
        let named = versions.iter().map(|version| match version.as_str() {
            "" => "(no version)",
            version => version,
        });
        named.collect::<Vec<_>>().join(", ")
    };
    let only = |list: &[String]| match list {
        [version] if version.is_empty() => String::new(),
        list => format!(" {}", versions(list)),
    };
    let name = sanitise(name);
    let size = paint(FAINT, &format!("  {}", signed(change.size)));
    match change.kind {
        PackageChangeKind::Added => format!("    + {name}{}{size}", only(&change.after)),
        PackageChangeKind::Removed => format!("    - {name}{}{size}", only(&change.before)),
        PackageChangeKind::Version | PackageChangeKind::Rebuilt => {
            let (before, after) = (versions(&change.before), versions(&change.after));
            format!("    ~ {name} {before} → {after}{size}")
        }
    }
}

fn size(difference: &ClosureDifference) -> String {
    let change = signed(difference.size_change());
    let whole = bytes(difference.size_after);
    let paths = match difference.new_paths {
        0 => "no new paths".to_owned(),
        1 => format!("1 new path of {}", bytes(difference.new_size)),
        count => format!("{count} new paths of {}", bytes(difference.new_size)),
    };
    format!("    closure: {whole} ({change}), {paths}")
}

/// A number of bytes with its sign.
fn signed(size: i64) -> String {
    let sign = if size < 0 { "-" } else { "+" };
    format!("{sign}{}", bytes(size.unsigned_abs()))
}

fn units(units: &UnitChanges, all: bool) -> Vec<String> {
    let kinds = [
        ("stops", &units.stop),
        ("starts", &units.start),
        ("restarts", &units.restart),
        ("reloads", &units.reload),
    ];
    let kinds = kinds.into_iter().filter(|(_, units)| !units.is_empty());
    kinds
        .map(|(words, units)| format!("    {words}: {}", some(units, all)))
        .collect()
}

/// A few of many names.
fn some(names: &[String], all: bool) -> String {
    let most = if all { usize::MAX } else { NAMED };
    let shown: Vec<&str> = names.iter().take(most).map(String::as_str).collect();
    let shown = sanitise(&shown.join(", ")).into_owned();
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
