//! The plan: what is to be done, decided without doing anything.
//!
//! A pure room. It takes names, options and what was seen on a host, and answers which machines are
//! meant ([`Selection`]), how far a deploy goes ([`Extent`], [`Goal`]) and which steps a machine
//! needs ([`Steps`]). What became of it is told in the same words ([`Outcome`], [`Summary`]).
//!
//! For resources it knows what comes before what ([`Graph`], [`references`]) and what is to be done with
//! each ([`decide`], [`obsolete`], [`destroy`]). All of it together is a [`Plan`], which may be kept in a
//! file and bound to what it was made of ([`SavedPlan`]). But for that file it touches no disk, and it
//! starts no process.

mod alias;
mod attribute;
mod binding;
mod change;
mod closure;
mod cycle;
mod decide;
mod difference;
mod drawing;
mod extent;
mod glob;
mod graph;
mod local;
mod obsolete;
mod outcome;
mod reference;
mod refusal;
mod resource;
mod rollout;
mod saved;
mod seen;
mod selection;
mod steps;
pub(crate) mod suggestion;
mod summary;
mod whole;

pub use alias::{AliasError, renames};
pub use attribute::with_ignored;
pub use binding::{Moved, Outside};
pub use change::{Action, ActionCounts, AttributeChange, PlannedResource, ResourcesPlan, Shown};
pub use closure::{ClosureDifference, PackageChange, PackageChangeKind};
pub use cycle::Cycle;
pub use decide::{Wanted, decide};
pub use difference::{drift, news};
pub use drawing::Drawing;
pub use extent::{Extent, Goal};
pub use glob::{Glob, GlobError};
pub use graph::Graph;
pub use local::{LocalError, is_called, named_as, with_host_name};
pub use obsolete::{Circumstances, deposed, destroy, may_kill, obsolete};
pub use outcome::{Outcome, Step};
pub use reference::{Names, references};
pub use refusal::Refusal;
pub use resource::{Found, ResourceOutcome};
pub use rollout::{Batches, MaxFail, Rollout, RolloutError};
pub use saved::{SavedDeployment, SavedPlan, SavedPlanError, SavedSource};
pub use selection::{Selection, SelectionError, Unmatched};
pub use steps::{Running, Steps};
pub use summary::{Copied, MachineSummary, Summary, Totals};
pub use whole::{MachineAction, Plan, PlannedMachine, UnitChanges};
