//! What all lanes share, and what they are told.

use crate::evaluator::Diagnostic;
use crate::network::{Machine, MachineOptions};
use crate::process::Limit;
use crate::ui::Ui;

use super::Request;

/// What evaluation has to say to a lane.
pub(super) enum News {
    /// The options are known.
    Target(Box<MachineOptions>),
    /// The system is known.
    Machine {
        /// The machine.
        machine: Box<Machine>,
        /// Seconds that its evaluation took.
        seconds: f64,
    },
    /// There will be no system.
    Failed(Diagnostic),
}

/// What all lanes share.
pub(super) struct Road<'a, W> {
    pub(super) request: &'a Request,
    pub(super) work: &'a W,
    pub(super) ui: &'a Ui,
    pub(super) creating: Limit,
    pub(super) copying: Limit,
    pub(super) activating: Limit,
}

impl<'a, W> Road<'a, W> {
    pub(super) fn new(request: &'a Request, work: &'a W, ui: &'a Ui) -> Self {
        let creating = Limit::new(request.limits.create.get());
        let copying = Limit::new(request.limits.copy.get());
        let activating = Limit::new(request.limits.activate.get());
        Self {
            request,
            work,
            ui,
            creating,
            copying,
            activating,
        }
    }
}
