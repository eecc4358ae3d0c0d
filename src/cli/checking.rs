//! What is wrong with a network, told.

use crate::{evaluator::Diagnostic, preview::Problem, state::Key, ui::Event};

use super::Context;

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
