//! Values against their types, before anything is done.

use std::{sync::mpsc, thread};

use anyhow::{Result, bail};

use crate::{
    evaluator::{Evaluated, EvaluatedResource, Evaluator, Whereabouts},
    network::MachineOptions,
    preview::{Checked, CheckedMachine, Judge, Preview, Problem},
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
    let targets = if preview.providers.backends().is_empty() {
        Vec::new()
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
    match checked.refusals() {
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

/// The options of machines. One that cannot be evaluated is told of when its own turn comes.
fn targets(evaluator: &Evaluator, names: &[String]) -> Result<Vec<Target>> {
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        let evaluation = scope.spawn(move || evaluator.targets(names, &sender));
        let targets = receiver.into_iter().filter_map(|news| match news {
            Evaluated::Target {
                machine,
                options,
                whereabouts,
            } => Some(Target {
                machine,
                options: *options,
                whereabouts,
            }),
            _ => None,
        });
        let mut targets: Vec<_> = targets.collect();
        // They came in the order in which workers had them.
        targets.sort_by(|one, other| one.machine.cmp(&other.machine));
        match evaluation.join() {
            Ok(result) => result?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        Ok(targets)
    })
}
