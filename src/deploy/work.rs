//! The work that a lane has done for it.

use nixops_plugin::protocol::MachineOutputs;

use crate::evaluator::Diagnostic;
use crate::host::{AtWork, Priority};
use crate::network::{KeyTexts, Machine, MachineOptions};
use crate::nix::CopyEvent;
use crate::plan::{Goal, Outcome, Running};

use super::Mutation;
use super::trouble::Trouble;

/// How an activation ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Activation {
    /// All is well.
    Done,
    /// The system is active, but these units failed.
    UnitsFailed(Vec<String>),
    /// The system takes effect after a reboot.
    RebootRequired,
    /// The host went back to what ran before; why.
    RolledBack(Diagnostic),
    /// The user interrupted the run, and so the host went back, or stays as it is where nothing ran before.
    Interrupted {
        /// Whether it went back.
        went_back: bool,
    },
}

/// An activation that was begun.
pub(super) enum Begun<W: Work + ?Sized> {
    /// It came to its end.
    Ended(Ended<W::Host>),
    /// The new system runs for a trial, and the host waits for a decision.
    Trial(W::Trial),
}

/// The end of an activation.
pub(super) struct Ended<H> {
    /// How it ended.
    pub(super) activation: Activation,
    /// The connection that is left.
    pub(super) host: H,
}

/// What the backend of a machine has to say of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provided {
    /// How it is reached.
    pub reach: Reach,
    /// What a dry run found that would be done with it.
    pub would: Option<String>,
}

/// How a machine is reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Reach {
    /// As its options say.
    #[default]
    Options,
    /// As its backend says.
    Backend(Box<MachineOutputs>),
    /// Not at all: it is yet to be made.
    Nowhere,
    /// It is this computer.
    Local,
}

/// What is copied to a host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Freight {
    /// The system.
    System,
    /// All that is needed to build it there.
    Derivation,
}

/// What can be done for a machine, apart from when and in which order.
///
/// The pipeline knows only this, so that its order, its limits and its end can be tested without a
/// store and a network.
pub(super) trait Work: Sync {
    /// A connection to a machine.
    type Host;

    /// A new system on trial.
    type Trial;

    /// How the machine is reached, which a backend may have made in the stage before.
    fn provided(&self, machine: &str, options: &MachineOptions) -> Result<Provided, Trouble>;

    /// Counts a machine that has work, or may have some.
    fn at_work(&self) -> AtWork;

    /// Connects and looks at what runs. A machine that is nowhere is never connected to.
    fn connect(
        &self,
        machine: &str,
        options: &MachineOptions,
        to: (&Reach, Priority),
    ) -> Result<(Self::Host, Running), Trouble>;

    /// Whether the system is in the store here.
    fn is_built(&self, machine: &Machine) -> Result<bool, Trouble>;

    /// Builds the system here, and keeps it from collection.
    fn build(&self, mutation: &Mutation, machine: &Machine) -> Result<(), Trouble>;

    /// Has the host build the system, whose derivation is there, and keep it from collection.
    fn build_there(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &Self::Host,
    ) -> Result<(), Trouble>;

    /// Whether the host has the system without a copy, since its store is the one here.
    fn shares_store(&self, machine: &Machine, host: &Self::Host) -> Result<bool, Trouble>;

    /// Copies a closure to the host, telling how it goes on.
    fn copy(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        to: (&Self::Host, Freight),
        tell: &mut dyn FnMut(CopyEvent),
    ) -> Result<(), Trouble>;

    /// Refuses a system that a saved plan does not name.
    fn allow(&self, machine: &Machine) -> Result<(), Trouble>;

    /// Tells the host what the machines of the network know of each other.
    fn share(&self, mutation: &Mutation, machine: &str, host: &Self::Host) -> Result<(), Trouble>;

    /// Whether it was noted that the machine runs the system and boots it, and its options are still the same.
    fn is_settled(&self, machine: &str, options: &MachineOptions, system: &str) -> bool;

    /// The same, where that is as good as asking the machine.
    fn is_noted(&self, machine: &Machine) -> Result<bool, Trouble>;

    /// Notes that the machine boots the system, and where it is `settled`, that it runs it.
    fn note(&self, mutation: &Mutation, machine: &Machine, settled: bool) -> Result<(), Trouble>;

    /// Notes that the machine runs another system than the one that it boots.
    fn unsettle(&self, mutation: &Mutation, machine: &Machine) -> Result<(), Trouble>;

    /// Notes that a run ended for a machine before it had its system.
    fn remember(
        &self,
        mutation: &Mutation,
        machine: &str,
        options: Option<&MachineOptions>,
        outcome: &Outcome,
    ) -> Result<(), Trouble>;

    /// Begins to make the host take up the system.
    fn activate(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &Self::Host,
        goal: Goal,
        line: &mut dyn FnMut(&str),
    ) -> Result<Begun<Self>, Trouble>;

    /// Makes a system on trial the host's own.
    fn confirm(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        trial: Self::Trial,
        line: &mut dyn FnMut(&str),
    ) -> Result<Ended<Self::Host>, Trouble>;

    /// The connection that a system on trial has let in.
    fn connection<'t>(&self, trial: &'t Self::Trial) -> &'t Self::Host;

    /// Does something while a system is on trial, and has the host wait for its decision as long as that takes.
    fn meanwhile(
        &self,
        trial: &Self::Trial,
        work: &mut dyn FnMut() -> Result<(), Trouble>,
    ) -> Result<(), Trouble>;

    /// Has the host go back from a system on trial.
    fn refuse(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        trial: Self::Trial,
        line: &mut dyn FnMut(&str),
    ) -> Result<Ended<Self::Host>, Trouble>;

    /// Boots the host, and waits until it runs the system.
    fn reboot(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &Self::Host,
    ) -> Result<Self::Host, Trouble>;

    /// Tries the health checks of a machine that runs its system.
    fn healthy(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &Self::Host,
    ) -> Result<(), Trouble>;

    /// Takes note of the texts of a machine's keys, which are told before the machine.
    fn learn_keys(&self, machine: String, texts: KeyTexts);

    /// Whether the machine is to have keys, or the host was sent some before.
    fn has_keys(&self, machine: &Machine, host: &Self::Host) -> bool;

    /// Puts keys in place that are not there yet, and stages those that are others now.
    fn put_keys(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &Self::Host,
    ) -> Result<(), Trouble>;

    /// Replaces keys by those that were staged, and removes what is wanted no more; over a new connection if this
    /// one breaks.
    fn settle_keys(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &Self::Host,
    ) -> Result<(), Trouble>;

    /// Drops keys that were staged.
    fn withdraw_keys(&self, mutation: &Mutation, host: &Self::Host) -> Result<(), Trouble>;

    /// Brings keys to a host whose system stays as it is, and tells what became of them.
    fn send_keys(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &Self::Host,
    ) -> Result<Outcome, Trouble>;

    /// Whether the user has interrupted the run.
    fn interrupted(&self) -> bool;
}
