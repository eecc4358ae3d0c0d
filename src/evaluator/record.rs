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
