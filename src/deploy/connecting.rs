//! The part of a lane in which its host is connected to.

use crate::host::Priority;
use crate::network::{Machine, MachineOptions};
use crate::plan::{Extent, Running, Step};

use super::lane::{Lane, Way};
use super::work::{Reach, Work};

impl<W: Work> Lane<'_, W> {
    /// Connects, if the run asks the host for anything; `system` is there if it is known already.
    pub(super) fn connect(
        &self,
        options: &MachineOptions,
        system: Option<&str>,
    ) -> Way<Option<(W::Host, Running)>> {
        let extent = self.road.request.extent;
        let to_build = extent == Extent::BuildOnly && self.builds_there(options);
        if !extent.needs_hosts() && !to_build {
            return Ok(None);
        }
        let provided = self.attempt(Step::Connect, || {
            self.road.work.provided(&self.machine, options)
        })?;
        let reach = provided.reach.clone();
        self.provided.replace(Some(provided));
        if reach == Reach::Nowhere {
            return Ok(None);
        }
        // How many connect at once is the connections' own affair.
        let priority = self.priority(options, system);
        let work = self.road.work;
        let connect = || work.connect(&self.machine, options, (&reach, priority));
        self.step(Step::Connect, None, connect).map(Some)
    }

    /// Whether the machine goes before others: not if it was noted that it runs the system already.
    fn priority(&self, options: &MachineOptions, system: Option<&str>) -> Priority {
        let is_settled = |system| self.road.work.is_settled(&self.machine, options, system);
        match system {
            Some(system) if !self.is_forced(options) && is_settled(system) => {
                drop(self.at_work.take());
                Priority::Look
            }
            _ => Priority::Work,
        }
    }

    /// Whether a dry run has no need to ask the machine, since it was noted what it runs.
    pub(super) fn is_noted(&self, machine: &Machine) -> Way<bool> {
        if self.road.request.extent != Extent::DryRun || self.is_forced(&machine.options) {
            return Ok(false);
        }
        self.attempt(Step::Evaluate, || self.road.work.is_noted(machine))
    }

    /// Whether the machine is activated also if it runs the system already.
    pub(super) fn is_forced(&self, options: &MachineOptions) -> bool {
        self.road.request.always_activate || options.always_activate
    }

    /// Whether the machine is this computer.
    pub(super) fn is_local(&self) -> bool {
        let provided = self.provided.borrow();
        provided.as_ref().is_some_and(|it| it.reach == Reach::Local)
    }

    /// What a dry run found that the backend would do.
    pub(super) fn would(&self) -> Option<String> {
        self.provided.borrow().as_ref()?.would.clone()
    }
}
