//! The capability to change the world.

use crate::plan::Extent;

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
            Extent::BuildOnly | Extent::CopyOnly | Extent::Activate(_) => {
                Some(Self { _private: () })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Goal;

    #[test]
    fn a_dry_run_may_change_nothing() {
        assert!(Mutation::granted_by(Extent::DryRun).is_none());
        assert!(Mutation::granted_by(Extent::Activate(Goal::Switch)).is_some());
    }
}
