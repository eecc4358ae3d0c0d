//! From the errors of all rooms to what a user sees, and to the exit code.

use anyhow::Error;

use crate::{
    deploy::Trouble,
    evaluator::{self, Diagnostic, Position},
    flake, fleet, host, nix,
    plan::{LocalError, Moved, Refusal, SavedPlanError, SelectionError},
    plugin, preview, process, state,
};

use super::{
    Context, delete::NotEmpty, rename::RenameError, show_option::OptionError, state::ChoiceError,
};

/// The exit code of a run that failed.
const FAILED: u8 = 1;

/// The exit code of a run that was interrupted, as shells give it for SIGINT.
const INTERRUPTED: u8 = 130;

/// Shows an error and gives the exit code that it means.
pub fn report(context: &Context, error: &Error) -> u8 {
    if context.processes.interrupted() || is_interrupt(error) {
        context.ui.error(plain("interrupted"));
        return INTERRUPTED;
    }
    context.ui.error(diagnostic(error));
    FAILED
}

fn is_interrupt(error: &Error) -> bool {
    error.chain().any(|cause| {
        let process = matches!(
            cause.downcast_ref(),
            Some(process::Error::Interrupted { .. })
        );
        process || matches!(cause.downcast_ref(), Some(Trouble::Interrupted))
    })
}

/// What a user sees of an error.
pub fn diagnostic(error: &Error) -> Diagnostic {
    if let Some(evaluator::Error::Network(diagnostic)) = error.downcast_ref() {
        return diagnostic.as_ref().clone();
    }
    if let Some(Trouble::Failed(diagnostic) | Trouble::Unreachable(diagnostic)) =
        error.downcast_ref()
    {
        return diagnostic.clone();
    }
    Diagnostic {
        hint: error.chain().find_map(hint),
        position: error.chain().find_map(position),
        ..plain(&format!("{error:#}"))
    }
}

fn position(cause: &(dyn std::error::Error + 'static)) -> Option<Position> {
    let place = cause.downcast_ref::<flake::Error>()?.place()?;
    Some(Position {
        file: place.file.to_string(),
        line: place.line,
        column: place.column,
    })
}

fn plain(message: &str) -> Diagnostic {
    Diagnostic {
        message: message.to_owned(),
        position: None,
        hint: None,
        trace: Vec::new(),
    }
}

fn hint(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    let flake = || cause.downcast_ref::<flake::Error>()?.hint();
    let nix = || {
        cause
            .downcast_ref::<nix::Error>()?
            .hint()
            .map(str::to_owned)
    };
    let host = || cause.downcast_ref::<host::Error>()?.hint();
    let plugin = || cause.downcast_ref::<plugin::Error>()?.hint();
    let manifest = || cause.downcast_ref::<plugin::manifest::Error>()?.hint();
    let provider = || cause.downcast_ref::<plugin::provider::Error>()?.hint();
    let preview = || cause.downcast_ref::<preview::Error>()?.hint();
    let state = || {
        cause
            .downcast_ref::<state::Error>()?
            .hint()
            .map(str::to_owned)
    };
    let saved = || {
        let hint = cause.downcast_ref::<SavedPlanError>()?.hint();
        hint.map(str::to_owned)
    };
    let moved = || Some(cause.downcast_ref::<Moved>()?.hint().to_owned());
    let refusal = || Some(cause.downcast_ref::<Refusal>()?.hint());
    let choice = || cause.downcast_ref::<ChoiceError>()?.hint();
    let option = || cause.downcast_ref::<OptionError>()?.hint();
    let rename = || cause.downcast_ref::<RenameError>()?.hint();
    let delete = || cause.downcast_ref::<NotEmpty>().map(|_| NotEmpty::hint());
    let exchange = || {
        cause
            .downcast_ref::<state::exchange::Error>()?
            .hint()
            .map(str::to_owned)
    };
    let fleet = || cause.downcast_ref::<fleet::Error>()?.hint();
    let local = || cause.downcast_ref::<LocalError>()?.hint();
    let selection = || cause.downcast_ref::<SelectionError>()?.hint();
    flake()
        .or_else(nix)
        .or_else(host)
        .or_else(plugin)
        .or_else(manifest)
        .or_else(provider)
        .or_else(preview)
        .or_else(state)
        .or_else(saved)
        .or_else(moved)
        .or_else(refusal)
        .or_else(choice)
        .or_else(rename)
        .or_else(option)
        .or_else(delete)
        .or_else(exchange)
        .or_else(selection)
        .or_else(local)
        .or_else(fleet)
}
