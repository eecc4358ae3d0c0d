//! The part of a lane in which the system comes to the host.

use crate::network::{Machine, MachineOptions};
use crate::plan::{Step, Steps};

use super::Mutation;
use super::lane::{Lane, Way};
use super::work::{Freight, Work};

impl<W: Work> Lane<'_, W> {
    /// Whether the machine builds its own system.
    pub(super) fn builds_there(&self, options: &MachineOptions) -> bool {
        let asked = self.road.request.build_on_target;
        asked.unwrap_or(options.build_on_target)
    }

    /// Whether the host's Nix has the system that was built here. Only this computer is asked: its store is
    /// the one here, unless somebody has told Nix otherwise.
    fn shares_store(&self, machine: &Machine, host: &W::Host) -> Way<bool> {
        let ask = || self.road.work.shares_store(machine, host);
        Ok(self.is_local() && self.attempt(Step::Copy, ask)?)
    }

    /// Builds the system, and copies it to the host if there is one; or has the host build it.
    pub(super) fn bring(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: Option<&W::Host>,
        steps: Steps,
    ) -> Way<()> {
        let work = self.road.work;
        match host {
            Some(host) if self.builds_there(&machine.options) => {
                if steps.build {
                    self.copy(mutation, machine, host, Freight::Derivation)?;
                    let build = || work.build_there(mutation, machine, host);
                    self.step(Step::Build, None, build)?;
                }
                return Ok(());
            }
            _ if steps.build => self.step(Step::Build, None, || work.build(mutation, machine))?,
            _ => {}
        }
        match host {
            Some(host) if steps.copy && !self.shares_store(machine, host)? => {
                self.copy(mutation, machine, host, Freight::System)
            }
            _ => Ok(()),
        }
    }
}
