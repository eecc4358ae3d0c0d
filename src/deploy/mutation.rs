//! The capability to change the world.

use crate::plan::{Extent, Goal};

/// Proves that the user asked for changes.
///
/// Building, copying and activating demand one, and a dry run gets none, so that a dry run cannot
/// change anything by mistake: it would not compile.
#[derive(Debug)]
pub struct Mutation {
    /// Nobody else can make one.
    _private: (),
}

impl Mutation {
    /// The capability that an extent gives.
    pub fn granted_by(extent: Extent) -> Option<Self> {
        match extent {
            Extent::DryRun => None,
            Extent::BuildOnly | Extent::CopyOnly | Extent::KeysOnly | Extent::Activate(_) => {
                Some(Self { _private: () })
            }
        }
    }

    /// The capability to change what is kept, for a run that is for nothing else.
    pub fn of_state() -> Self {
        Self { _private: () }
    }

    /// The capability to change hosts and machines, for a run that is for nothing else.
    pub fn of_machines() -> Self {
        Self { _private: () }
    }

    /// The capability to delete resources, for a run that is for nothing else.
    pub fn of_destruction() -> Self {
        Self { _private: () }
    }

    /// The capability to change resources that an extent gives. Asking hosts what an activation would
    /// change makes no resource.
    pub fn of_resources(extent: Extent) -> Option<Self> {
        match extent {
            Extent::DryRun
            | Extent::BuildOnly
            | Extent::KeysOnly
            | Extent::Activate(Goal::DryActivate) => None,
            Extent::CopyOnly | Extent::Activate(_) => Self::granted_by(extent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_may_change_nothing() {
        assert!(Mutation::granted_by(Extent::DryRun).is_none());
        assert!(Mutation::granted_by(Extent::Activate(Goal::Switch)).is_some());
    }

    #[test]
    fn a_dry_activation_copies_and_makes_no_resource() {
        let extent = Extent::Activate(Goal::DryActivate);
        assert!(Mutation::granted_by(extent).is_some());
        assert!(Mutation::of_resources(extent).is_none());
        assert!(Mutation::of_resources(Extent::CopyOnly).is_some());
    }
}
