//! The part of a lane in which keys go to the host.

use crate::network::Machine;
use crate::plan::{Outcome, Step};

use super::Mutation;
use super::lane::{Lane, Way};
use super::work::Work;

impl<W: Work> Lane<'_, W> {
    /// Puts keys in place before an activation, as far as nothing is lost by it.
    pub(super) fn put_keys(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &W::Host,
    ) -> Way<()> {
        if !self.hands_over(machine, host) {
            return Ok(());
        }
        let put = || self.road.work.put_keys(mutation, machine, host);
        self.timed(Step::Keys, put)
    }

    /// Replaces and removes keys, now that there is no way back, not even for a user who wants no more.
    pub(super) fn settle_keys(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &W::Host,
    ) -> Way<()> {
        if !self.hands_over(machine, host) {
            return Ok(());
        }
        let settle = || self.road.work.settle_keys(mutation, machine, host);
        self.timed_anyway(Step::Keys, settle)
    }

    /// The same while something else has failed, which is what is told.
    pub(super) fn settle_keys_anyway(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &W::Host,
    ) {
        if self.hands_over(machine, host) {
            drop(self.road.work.settle_keys(mutation, machine, host));
        }
    }

    /// Drops what was staged. If that cannot be done now, the next run does it.
    pub(super) fn withdraw_keys(&self, mutation: &Mutation, machine: &Machine, host: &W::Host) {
        if self.hands_over(machine, host) {
            drop(self.road.work.withdraw_keys(mutation, host));
        }
    }

    /// Brings keys to a host that runs the wanted system already.
    pub(super) fn send_keys(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &W::Host,
    ) -> Way<Outcome> {
        if !self.hands_over(machine, host) {
            return Ok(Outcome::Unchanged);
        }
        let send = || self.road.work.send_keys(mutation, machine, host);
        self.timed(Step::Keys, send)
    }

    fn hands_over(&self, machine: &Machine, host: &W::Host) -> bool {
        self.road.request.extent.sends_keys() && self.road.work.has_keys(machine, host)
    }
}
