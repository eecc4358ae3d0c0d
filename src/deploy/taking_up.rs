//! The part of a lane in which the host takes up the system.

use crate::evaluator::Diagnostic;
use crate::network::Machine;
use crate::plan::{Extent, Goal, Outcome, Step};
use crate::process::Place;
use crate::ui::Event;

use super::Mutation;
use super::lane::{Lane, Way};
use super::request::Reboot;
use super::trouble::Trouble;
use super::work::{Activation, Begun, Ended, Work};

impl<W: Work> Lane<'_, W> {
    /// Has the host take up the system, tries it out, and boots the host where that was asked for.
    pub(super) fn take_up(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &W::Host,
        goal: Goal,
    ) -> Way<Outcome> {
        self.put_keys(mutation, machine, host)?;
        let mut place = Some(self.road.activating.take());
        let ended = self.timed(Step::Activate, || {
            let mut line = |line: &str| self.log(line);
            let work = self.road.work;
            match work.activate(mutation, machine, host, goal, &mut line)? {
                Begun::Ended(ended) => self.untried(mutation, machine, goal, ended, &mut place),
                Begun::Trial(trial) => self.try_out(mutation, machine, trial, &mut place),
            }
        });
        drop(place);
        let Ended { activation, host } =
            ended.inspect_err(|_| self.withdraw_keys(mutation, machine, host))?;
        let back = match activation {
            Activation::RolledBack(diagnostic) => Err(Outcome::RolledBack { diagnostic }),
            Activation::Interrupted { went_back } => Err(Outcome::broken_off(went_back)),
            activation => Ok(activation),
        };
        let activation = back.inspect_err(|_| self.withdraw_keys(mutation, machine, &host))?;
        // A state that cannot be written is no reason to leave the machine with half of its keys.
        let noted = self.note(Some(mutation), machine, true);
        let reboots = self.is_to_reboot(&activation);
        if goal == Goal::Boot && !reboots {
            // What runs is left alone.
            self.withdraw_keys(mutation, machine, &host);
        } else {
            self.settle_keys(mutation, machine, &host)?;
        }
        noted?;
        let activation = if reboots {
            self.reboot(mutation, machine, &host)?;
            Activation::Done
        } else {
            activation
        };
        Ok(match (goal, activation) {
            (Goal::DryActivate, _) => Outcome::DryActivated,
            (_, Activation::UnitsFailed(units)) => Outcome::UnitsFailed { units },
            (_, Activation::RebootRequired) => Outcome::RebootRequired,
            _ => Outcome::Activated,
        })
    }

    /// Makes the system the host's own once it has proved itself; else, and where the user wants no more, the host
    /// goes back.
    fn try_out(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        trial: W::Trial,
        place: &mut Option<Place>,
    ) -> Result<Ended<W::Host>, Trouble> {
        let work = self.road.work;
        let host = work.connection(&trial);
        let mut prove = || self.prove(mutation, machine, host, place);
        match work.meanwhile(&trial, &mut prove) {
            Ok(()) => work.confirm(mutation, machine, trial, &mut |line| self.log(line)),
            Err(why) => self.go_back(mutation, machine, trial, why),
        }
    }

    /// Has the host go back from a system that has not proved itself.
    fn go_back(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        trial: W::Trial,
        why: Trouble,
    ) -> Result<Ended<W::Host>, Trouble> {
        let mut line = |line: &str| self.log(line);
        match self.road.work.refuse(mutation, machine, trial, &mut line) {
            Ok(Ended {
                activation: Activation::RolledBack(_),
                host,
            }) if why == Trouble::Interrupted => {
                let activation = Activation::Interrupted { went_back: true };
                Ok(Ended { activation, host })
            }
            Ok(
                ended @ Ended {
                    activation: Activation::Interrupted { .. },
                    ..
                },
            ) => Ok(ended),
            Ok(Ended {
                activation: Activation::RolledBack(back),
                host,
            }) => {
                let message = format!("{why}; the host went back to what ran before");
                let activation = Activation::RolledBack(Diagnostic { message, ..back });
                Ok(Ended { activation, host })
            }
            Ok(_) => Err(why),
            Err(back) => Err(why.with_hint_of(back)),
        }
    }

    /// A system that runs without having been on trial has to prove itself, too; the host does not go back.
    fn untried(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        goal: Goal,
        ended: Ended<W::Host>,
        place: &mut Option<Place>,
    ) -> Result<Ended<W::Host>, Trouble> {
        let runs = matches!(goal, Goal::Switch | Goal::Test)
            && !matches!(
                ended.activation,
                Activation::RolledBack(_) | Activation::Interrupted { .. }
            );
        if runs && let Err(why) = self.prove(mutation, machine, &ended.host, place) {
            // The new system stays, and so its keys have to be its own.
            self.settle_keys_anyway(mutation, machine, &ended.host);
            return Err(why);
        }
        Ok(ended)
    }

    /// Boots the host, which then has none of the keys that were in its memory.
    fn reboot(&self, mutation: &Mutation, machine: &Machine, host: &W::Host) -> Way<()> {
        let reboot = || self.road.work.reboot(mutation, machine, host);
        let host = self.timed(Step::Reboot, reboot)?;
        self.send_keys(mutation, machine, &host).map(drop)
    }

    fn is_to_reboot(&self, activation: &Activation) -> bool {
        let settles = matches!(
            self.road.request.extent,
            Extent::Activate(Goal::Switch | Goal::Boot)
        );
        settles
            && match self.road.request.reboot {
                Reboot::Never => false,
                Reboot::IfNeeded => *activation == Activation::RebootRequired,
                Reboot::Always => true,
            }
    }

    fn log(&self, line: &str) {
        self.road.ui.send(Event::Log {
            machine: Some(self.machine.clone()),
            step: Step::Activate,
            line: line.to_owned(),
        });
    }
}
