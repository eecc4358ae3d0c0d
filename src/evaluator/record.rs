//! What an evaluation streams.

use crate::network::{KeyTexts, Machine, MachineOptions};

use super::{Diagnostic, OutputRef, Reads, Whereabouts};

/// One piece of news from the evaluation of machines, in the order in which Nix finds it.
#[derive(Clone, Debug)]
pub enum Evaluated {
    /// Evaluation of a machine has begun.
    Begun {
        /// Name of the machine.
        machine: String,
    },
    /// The options of a machine are known, while its system is still being evaluated.
    Target {
        /// Name of the machine.
        machine: String,
        /// Its options.
        options: Box<MachineOptions>,
        /// Where they are defined.
        whereabouts: Whereabouts,
        /// Its system, where that is known already.
        system: Option<String>,
    },
    /// The texts of a machine's keys, told before the machine itself, or before its options where no more is
    /// asked for.
    Keys {
        /// Name of the machine.
        machine: String,
        /// The texts.
        texts: KeyTexts,
    },
    /// Nix, or a module, warns.
    Warning {
        /// Name of the machine that was being evaluated, if one was.
        machine: Option<String>,
        /// Of what.
        text: String,
    },
    /// The user's own code traces what it does.
    Trace {
        /// Name of the machine that was being evaluated, if one was.
        machine: Option<String>,
        /// What it says, perhaps on several lines.
        text: String,
    },
    /// What a machine reads, told right before the machine itself, or before its options where no more is
    /// asked for.
    Reads {
        /// Name of the machine.
        machine: String,
        /// What it reads.
        reads: Reads,
    },
    /// A machine is evaluated.
    Machine(Box<Machine>),
    /// A machine could not be evaluated; the others go on.
    Failed {
        /// Name of the machine.
        machine: String,
        /// What is wrong.
        diagnostic: Diagnostic,
        /// The output that it needs and that is not known yet, if that is what is wrong.
        unknown: Option<OutputRef>,
    },
}

impl Evaluated {
    /// Something that Nix says beside its results: its warnings and those of nixpkgs begin with that word.
    pub(super) fn remark(machine: Option<String>, text: String) -> Self {
        let told = text.strip_prefix("evaluation ").unwrap_or(&text);
        match told.strip_prefix("warning:") {
            Some(warning) => Self::Warning {
                machine,
                text: warning.trim().to_owned(),
            },
            None => Self::Trace { machine, text },
        }
    }
}
