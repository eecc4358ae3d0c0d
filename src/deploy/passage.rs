//! The parts of a lane at which it meets the others: the gate, and what is remembered of its end.

use crate::network::Machine;
use crate::plan::{Extent, Goal, Outcome, Step};
use crate::process::Place;
use crate::ui::Event;

use super::Mutation;
use super::gate::{Admission, End};
use super::lane::{Lane, Way};
use super::trouble::Trouble;
use super::work::Work;

impl<W: Work> Lane<'_, W> {
    /// Waits until it is the machine's turn to be activated. What changes nothing needs none.
    pub(super) fn enter(&self, goal: Goal) -> Way<()> {
        if goal == Goal::DryActivate {
            return Ok(());
        }
        let interrupted = || self.road.work.interrupted();
        match self.road.gate.enter(&self.machine, interrupted) {
            Admission::Go { batch, is_first } => {
                if let Some(batch) = batch.filter(|_| is_first) {
                    self.road.ui.send(Event::BatchStarted { batch });
                }
                Ok(())
            }
            Admission::Stop(because) => Err(Outcome::Skipped { because }),
            Admission::Interrupted => Err(Outcome::Interrupted {
                step: Step::Activate,
                may_go_on: false,
                went_back: false,
            }),
        }
    }

    /// Fails if what must hold of the machine does not, now that it runs the system, or if the others of an
    /// atomic run are not well.
    pub(super) fn prove(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &W::Host,
        place: &mut Option<Place>,
    ) -> Result<(), Trouble> {
        let work = self.road.work;
        if !machine.options.health_checks.is_empty() {
            work.healthy(mutation, machine, host)?;
        }
        let gate = &self.road.gate;
        if gate.is_atomic() {
            // All of them have to be there before one is told.
            drop(place.take());
        }
        if gate.agree(&self.machine, || work.interrupted()) {
            return Ok(());
        }
        if work.interrupted() {
            return Err(Trouble::Interrupted);
        }
        Err(Trouble::new(gate.why_not(), None))
    }

    /// Makes room for the others, or keeps them from beginning.
    pub(super) fn leave(&self, outcome: &Outcome) {
        let end = match outcome {
            Outcome::Failed { .. } | Outcome::RolledBack { .. } | Outcome::UnitsFailed { .. } => {
                End::Failed
            }
            Outcome::Skipped { .. } => End::Skipped,
            _ => End::Well,
        };
        self.road.gate.leave(&self.machine, end);
    }

    /// Has the state remember that the machine did not come to its end, if that is what the run was for.
    pub(super) fn remember(&self, outcome: &Outcome) {
        let extent = self.road.request.extent;
        let settles = matches!(extent, Extent::Activate(Goal::Switch | Goal::Boot));
        let Some(mutation) = Mutation::granted_by(extent).filter(|_| settles) else {
            return;
        };
        if outcome.is_at_its_end() {
            return;
        }
        let options = self.options.borrow();
        let work = self.road.work;
        let remembered = work.remember(&mutation, &self.machine, options.as_ref(), outcome);
        if let Err(trouble) = remembered {
            let diagnostic = trouble.within("cannot note that it is to be deployed again");
            let diagnostic = diagnostic.into_diagnostic();
            let (message, hint) = (diagnostic.message, diagnostic.hint);
            self.road.ui.warning(Some(&self.machine), message, hint);
        }
    }
}

/// However the lane's thread ends, others are not kept waiting.
impl<W> Drop for Lane<'_, W> {
    fn drop(&mut self) {
        self.road.gate.leave(&self.machine, End::Failed);
    }
}
