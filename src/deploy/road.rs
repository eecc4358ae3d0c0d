//! What all lanes share, and what they are told.

use crate::evaluator::{Diagnostic, OutputRef};
use crate::network::{Machine, MachineOptions};
use crate::process::Limit;
use crate::ui::Ui;

use super::Request;
use super::gate::Gate;

/// What evaluation has to say to a lane.
pub(super) enum News {
    /// The options are known.
    Target {
        /// The options.
        options: Box<MachineOptions>,
        /// The system, where that is known already.
        system: Option<String>,
    },
    /// The system is known.
    Machine {
        /// The machine.
        machine: Box<Machine>,
        /// Seconds that its evaluation took.
        seconds: f64,
    },
    /// There will be no system.
    Failed {
        /// Why.
        diagnostic: Diagnostic,
        /// The output that it lacks, if it is for that.
        unknown: Option<OutputRef>,
    },
}

/// What all lanes share.
pub(super) struct Road<'a, W> {
    pub(super) request: &'a Request,
    pub(super) work: &'a W,
    pub(super) ui: &'a Ui,
    pub(super) copying: Limit,
    pub(super) activating: Limit,
    pub(super) gate: Gate,
}

impl<'a, W> Road<'a, W> {
    pub(super) fn new(request: &'a Request, work: &'a W, ui: &'a Ui) -> Self {
        let copying = Limit::new(request.limits.copy.get());
        let activating = Limit::new(request.limits.activate.get());
        let skipped: Vec<String> = request.skipped.keys().cloned().collect();
        Self {
            request,
            work,
            ui,
            copying,
            activating,
            gate: Gate::new(&request.rollout, &request.machines, &skipped),
        }
    }
}
