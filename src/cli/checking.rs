//! Values against their types, before anything is done.

use std::{sync::mpsc, thread};

use anyhow::{Result, bail};

use crate::{
    evaluator::{Diagnostic, Evaluated, EvaluatedResource, Evaluator, Known, Whereabouts},
    network::MachineOptions,
    preview::{Checked, CheckedMachine, Judge, Preview, Problem},
    state::Key,
    ui::Event,
};

use super::Context;

/// A machine with the options that its evaluation gave first.
struct Target {
    machine: String,
    options: MachineOptions,
    whereabouts: Whereabouts,
}

/// Checks resources and, where a plugin makes machines, the selected machines; tells everything that
/// is wrong, and fails if nothing may be done.
///
/// Machines of networks without backends are checked one by one as they are evaluated.
pub fn check(
    context: &Context,
    evaluator: &Evaluator,
    preview: &Preview<'_>,
    resources: &[EvaluatedResource],
    selected: &[String],
) -> Result<Checked> {
    let (targets, broken) = if preview.providers.backends().is_empty() {
        (Vec::new(), Vec::new())
    } else {
        targets(evaluator, selected)?
    };
    let machines: Vec<_> = targets
        .iter()
        .map(|target| CheckedMachine {
            name: &target.machine,
            options: &target.options,
            whereabouts: &target.whereabouts,
        })
        .collect();
    let judge = Judge {
        schemas: preview.schemas,
        source: evaluator.source(),
    };
    let checked = preview.check(judge, resources, &machines)?;
    tell(context, &checked.problems);
    let refusals = checked.refusals();
    if refusals > 0 {
        for (machine, diagnostic) in &broken {
            context.ui.error(of_machine(machine, diagnostic));
        }
    }
    match refusals {
        0 => Ok(checked),
        1 => bail!("a value is not as it must be; nothing was done"),
        many => bail!("{many} values are not as they must be; nothing was done"),
    }
}

/// Shows what is wrong.
pub fn tell(context: &Context, problems: &[Problem]) {
    for problem in problems {
        let problem = problem.clone();
        context.ui.send(Event::Invalid { problem });
    }
}

/// The error of a machine that cannot be evaluated.
pub fn of_machine(machine: &str, diagnostic: &Diagnostic) -> Diagnostic {
    Diagnostic {
        message: format!("cannot evaluate {machine}: {}", diagnostic.message),
        ..diagnostic.clone()
    }
}

/// The error of a resource that cannot be evaluated.
pub fn of_resource(key: &Key, diagnostic: &Diagnostic) -> Diagnostic {
    Diagnostic {
        message: format!("cannot evaluate resources.{key}: {}", diagnostic.message),
        ..diagnostic.clone()
    }
}

/// Machines that cannot be evaluated, and why.
type Broken = Vec<(String, Diagnostic)>;

/// The options of machines. One that cannot be evaluated stops nobody, and fails when its own turn
/// comes.
fn targets(evaluator: &Evaluator, names: &[String]) -> Result<(Vec<Target>, Broken)> {
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        let evaluation = scope.spawn(move || evaluator.targets(names, &Known::default(), &sender));
        let (mut targets, mut broken) = (Vec::new(), Vec::new());
        for news in receiver {
            match news {
                Evaluated::Target {
                    machine,
                    options,
                    whereabouts,
                } => targets.push(Target {
                    machine,
                    options: *options,
                    whereabouts,
                }),
                Evaluated::Failed {
                    machine,
                    diagnostic,
                    ..
                } => broken.push((machine, diagnostic)),
                _ => {}
            }
        }
        // They came in the order in which workers had them.
        targets.sort_by(|one, other| one.machine.cmp(&other.machine));
        match evaluation.join() {
            Ok(result) => result?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        Ok((targets, broken))
    })
}
