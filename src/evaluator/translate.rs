//! Nix's errors in the user's words.
//!
//! Nix reports where its own trace ends, which is mostly inside of the module system. What a user
//! wants to see is the innermost place in files of their own.

use std::path::Path;

use camino::Utf8Path;
use nix_compat::log::{self, Message, strip_ansi};

use crate::flake::Source;

use super::{Diagnostic, OutputRef, Position, attribute, text::PlaceText};

/// What to do about an overflow of the stack, of which old versions of Nix die.
const ENDLESS: &str = "look for an option that is defined in terms of itself";

/// Turns an error of Nix into a diagnostic.
///
/// `machine` is the place where the machine that it is about is defined.
pub fn diagnostic(source: &Source, error: &Message, machine: Option<&Position>) -> Diagnostic {
    let files = Files { source, machine };
    let raw = error.raw_msg.as_deref().unwrap_or(&error.msg);
    let raw = strip_ansi(raw);
    Diagnostic {
        position: position(source, error)
            .or_else(|| files.definition(&raw))
            .or_else(|| files.traced_definition(error))
            .or_else(|| machine.cloned()),
        hint: invisible(source, &raw)
            .or_else(|| hint(&raw))
            .or_else(|| refused(&raw, machine)),
        message: map_paths(source, &of_plugin(error, plain(raw.trim()))),
        trace: trace(source, error),
    }
}

/// Names the plugin whose files were being evaluated, which only the trace says.
fn of_plugin(error: &Message, message: String) -> String {
    let mut steps = error.trace.iter().map(|step| strip_ansi(&step.raw_msg));
    let context = steps.find(|step| step.contains("plugin `"));
    match context {
        Some(context) if !message.contains("plugin `") => {
            format!("{}: {message}", context.trim_end_matches(':'))
        }
        _ => message,
    }
}

/// Makes a diagnostic of what Nix wrote before it died without a proper error.
pub fn death(stray: &[String], how: &str) -> Diagnostic {
    let overflow = stray
        .iter()
        .any(|line| line.contains("stack overflow") || line.contains("call depth exceeded"));
    let (message, hint) = if overflow {
        (
            "evaluation overflowed the stack: something refers to itself without an end".to_owned(),
            ENDLESS,
        )
    } else {
        (
            std::iter::once(format!("the Nix process that evaluated it ended: {how}"))
                .chain(stray.iter().map(|line| strip_ansi(line).into_owned()))
                .collect::<Vec<_>>()
                .join("\n"),
            "if the machine ran out of memory, use fewer processes: `--eval-workers 1`",
        )
    };
    Diagnostic {
        message,
        position: None,
        hint: Some(hint.to_owned()),
        trace: Vec::new(),
    }
}

/// A place that Nix tells as a value, if it is in a file of the user.
pub fn place(source: &Source, place: &PlaceText) -> Option<Position> {
    Some(Position {
        file: user_file(source, &place.file)?,
        line: place.line,
        column: place.column,
    })
}

/// The output that ended an evaluation because it is not known yet (see `lib/outputs.nix`).
pub fn awaited(error: &Message) -> Option<OutputRef> {
    let raw = strip_ansi(error.raw_msg.as_deref().unwrap_or(&error.msg));
    let (_, rest) = raw.split_once("evaluation aborted with the following error message: ")?;
    let output = between(rest, "@unknown ", "'")?;
    OutputRef::parse(output)
}

/// Whether an error comes from other processes that use the store, and not from the network.
pub fn is_contention(error: &Message) -> bool {
    let raw = error.raw_msg.as_deref().unwrap_or(&error.msg);
    raw.contains("SQLite database") && raw.contains("is busy")
}

/// The innermost place in the user's files: that of the error itself, or a step of its trace.
fn position(source: &Source, error: &Message) -> Option<Position> {
    let steps = error.trace.iter().map(|step| &step.position);
    std::iter::once(&error.position)
        .chain(steps)
        .find_map(|position| user_position(source, position))
}

fn user_position(source: &Source, position: &log::Position) -> Option<Position> {
    Some(Position {
        file: user_file(source, position.path()?.to_str()?)?,
        line: u32::try_from(position.line?).ok()?,
        column: u32::try_from(position.column.unwrap_or(1)).ok()?,
    })
}

/// The user's name for a file, if it is one of theirs.
pub fn user_file(source: &Source, file: &str) -> Option<String> {
    let path = Utf8Path::new(file);
    match source {
        Source::Flake { flake, .. } | Source::Plugin { flake, .. } => {
            flake.user_path(path).map(Into::into)
        }
        Source::File { .. } if file.starts_with("/nix/store/") => None,
        Source::File { .. } => path.is_absolute().then(|| file.to_owned()),
    }
}

/// Looks for definitions of options, of which the module system tells the file only.
struct Files<'a> {
    source: &'a Source,
    machine: Option<&'a Position>,
}

impl Files<'_> {
    /// Where a message of the module system says that a definition is: `- In `FILE''.
    fn definition(&self, message: &str) -> Option<Position> {
        let option = between(message, "option `", "'");
        let mut files = message
            .match_indices("In `")
            .filter_map(|(at, found)| message[at + found.len()..].split('\'').next());
        files.find_map(|stored| {
            self.find(stored, option?)
                .or_else(|| self.beginning(stored))
        })
    }

    /// The innermost definition in the user's files that was being evaluated, by the trace of the
    /// module system: which option, and in which file it is defined.
    fn traced_definition(&self, error: &Message) -> Option<Position> {
        let said = |step: &log::Trace| strip_ansi(&step.raw_msg).into_owned();
        // Innermost first, so the option comes after the file that defines it.
        let steps: Vec<_> = error.trace.iter().map(said).collect();
        steps.iter().enumerate().find_map(|(at, step)| {
            let stored = between(step, "evaluating definitions from `", "'")?;
            let mut outer = steps[at..].iter();
            let option = outer.find_map(|step| between(step, "evaluating the option `", "'"))?;
            self.find(stored, option)
        })
    }

    fn find(&self, stored: &str, option: &str) -> Option<Position> {
        let file = user_file(self.source, stored)?;
        let machine = self.machine.filter(|place| place.file == file);
        let machine = machine.map(|place| (place.line, place.column));
        let text = std::fs::read_to_string(stored).ok()?;
        let (line, column) = attribute::find(&text, option, machine)?;
        Some(Position { file, line, column })
    }

    /// The first line of a file, unless the machine itself is in it, whose place says more.
    fn beginning(&self, stored: &str) -> Option<Position> {
        let file = user_file(self.source, stored)?;
        let elsewhere = self.machine.is_none_or(|place| place.file != file);
        elsewhere.then_some(Position {
            file,
            line: 1,
            column: 1,
        })
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let start = text.find(before)? + before.len();
    text[start..].split(after).next()
}

/// What to do where Nix misses a file that the user has: a git tree shows tracked files only.
fn invisible(source: &Source, message: &str) -> Option<String> {
    let stored = between(message, "getting status of '", "'")
        .or_else(|| between(message, "path '", "' does not exist"))
        .or_else(|| between(message, "opening file '", "'"))?;
    let file = user_file(source, stored)?;
    let there = !stored.eq(&file) && Utf8Path::new(&file).is_absolute();
    (there && std::fs::exists(&file).is_ok_and(|exists| exists))
        .then(|| format!("the file is there, but git does not track it: run `git add {file}`"))
}

/// Says what system calls say in words for people.
fn plain(message: &str) -> String {
    let missing = message.strip_prefix("getting status of '");
    let missing = missing.and_then(|rest| rest.strip_suffix("': No such file or directory"));
    missing.map_or_else(|| message.to_owned(), |path| format!("cannot find {path}"))
}

/// Replaces store paths of the user's tree by the user's own paths.
fn map_paths(source: &Source, text: &str) -> String {
    let Some(flake) = source.flake() else {
        return text.to_owned();
    };
    match &flake.local {
        Some(local) => text.replace(flake.tree.path.as_str(), local.as_str()),
        None => text.replace(&format!("{}/", flake.tree.path), ""),
    }
}

fn trace(source: &Source, error: &Message) -> Vec<String> {
    let step = |step: &log::Trace| {
        let what = strip_ansi(&step.raw_msg).into_owned();
        let file = step.position.path().and_then(Path::to_str);
        match (file, step.position.line) {
            (Some(file), Some(line)) => {
                format!("… {what} at {}:{line}", map_paths(source, file))
            }
            _ => format!("… {what}"),
        }
    };
    error.trace.iter().rev().map(step).collect()
}

/// What to do about an argument that the network does not take. In a machine it is another function
/// that refuses it.
fn refused(message: &str, machine: Option<&Position>) -> Option<String> {
    let refused = machine.is_none() && message.contains("called with unexpected argument");
    refused.then(|| {
        "the network does not take that argument; leave out its `--arg` or `--argstr`, or add it \
         to the function"
            .to_owned()
    })
}

/// What to do about errors that are common.
fn hint(message: &str) -> Option<String> {
    let hint = if message.contains("is used but not defined")
        || message.contains("was accessed but has no value defined")
    {
        "define the option in the machine or in `defaults`"
    } else if message.contains("max-call-depth exceeded") {
        ENDLESS
    } else if message.contains("infinite recursion encountered") {
        "an option is defined in terms of itself; `mkIf` must not depend on what it defines, and \
         `imports` on no option at all"
    } else if message.contains("access to absolute path")
        || message.contains("cannot look up '<")
        || message.contains("is forbidden in pure eval")
    {
        "a flake sees its own tree and its inputs only: refer to files relative to `flake.nix`, \
         and to nixpkgs as an input"
    } else if message.contains("was not found in the Nix search path") {
        "say where it is with `-I NAME=PATH`; the nixpkgs of a network can also be its attribute \
         `network.nixpkgs`"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

#[cfg(test)]
#[path = "translate_tests.rs"]
mod tests;
