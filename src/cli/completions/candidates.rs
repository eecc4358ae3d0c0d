//! Which argument takes which names.

use std::{ffi::OsString, sync::Arc};

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::known::{self, Known};

/// The command line with candidates for the values of its arguments, as far as they are known. Which those
/// are follows from what the values are called in the help.
pub fn with_candidates(command: Command, words: &[OsString]) -> Command {
    let known = Arc::new(known::of(&command, words));
    extended(command, &known)
}

fn extended(command: Command, known: &Arc<Known>) -> Command {
    let command = command.mut_args(|argument| with(argument, known));
    command.mut_subcommands(|verb| extended(verb, known))
}

fn with(argument: Arg, known: &Arc<Known>) -> Arg {
    let names = argument.get_value_names().unwrap_or_default();
    let find: fn(&Known) -> Vec<String> = match names.first().map_or("", |name| name.as_str()) {
        "PATTERN" | "MACHINES" => |known| known.patterns(),
        "MACHINE" | "[USER@]MACHINE" | "[USER@]MACHINE[:PATH]" => |known| known.machines.clone(),
        "NAME|UUID" => |known| known.deployments.clone(),
        "PLUGIN" => |known| known.plugins.clone(),
        "PATH" | "FILE" | "DIR" | "DIRECTORY" | "STORE PATH" | "LOCAL" | "PROGRAM" => {
            return argument.value_hint(ValueHint::AnyPath);
        }
        _ => return argument,
    };
    let known = Arc::clone(known);
    argument.add(ArgValueCandidates::new(move || {
        let names = find(&known).into_iter();
        names.map(CompletionCandidate::new).collect()
    }))
}
