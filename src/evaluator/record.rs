//! What an evaluation streams.

use crate::network::{Machine, MachineOptions};

use super::Diagnostic;

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
        options: MachineOptions,
    },
    /// Nix has something to say, such as a warning of a module.
    Message {
        /// Name of the machine that was being evaluated, if one was.
        machine: Option<String>,
        /// What it says.
        text: String,
    },
    /// A machine is evaluated.
    Machine(Box<Machine>),
    /// A machine could not be evaluated; the others go on.
    Failed {
        /// Name of the machine.
        machine: String,
        /// What is wrong.
        diagnostic: Diagnostic,
    },
}
