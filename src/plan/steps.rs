//! The steps that one machine needs.

use super::{Extent, Goal};

/// What a host runs, as one look found it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Running {
    /// Store path behind `/run/current-system`.
    pub system: Option<String>,
    /// Store path behind the system profile, which the next boot runs.
    pub profile: Option<String>,
    /// Whether an activation failed or was cut off, so that the links alone prove nothing.
    pub unfinished: bool,
}

/// The steps that take a machine to the system that it is to run.
///
/// Steps that do not happen are what makes a second deploy cheap: a machine with none of them is
/// left alone.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Steps {
    /// Whether the system is built here.
    pub build: bool,
    /// Whether its closure is copied to the host.
    pub copy: bool,
    /// Whether it is activated, and to what end.
    pub activate: Option<Goal>,
}

impl Steps {
    /// Decides what a machine needs.
    ///
    /// A dry run gets the steps that a `switch` would take. `running` is `None` where nothing was
    /// asked of the host. `always` is the machine's `deployment.alwaysActivate` or the flag of the
    /// same name.
    pub fn decide(wanted: &str, running: Option<&Running>, extent: Extent, always: bool) -> Self {
        let unknown = Running::default();
        let running = running.unwrap_or(&unknown);
        let present = running.has(wanted);
        let transfer = Self {
            build: !present,
            copy: !present,
            activate: None,
        };
        match extent {
            Extent::BuildOnly => Self {
                build: true,
                ..Self::default()
            },
            Extent::CopyOnly => transfer,
            Extent::KeysOnly => Self::default(),
            Extent::DryRun => transfer.towards(Goal::Switch, wanted, running, always),
            Extent::Activate(goal) => transfer.towards(goal, wanted, running, always),
        }
    }

    /// Whether the machine is left alone.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    fn towards(self, goal: Goal, wanted: &str, running: &Running, always: bool) -> Self {
        let needed = always || running.unfinished || !running.satisfies(goal, wanted);
        Self {
            activate: needed.then_some(goal),
            ..self
        }
    }
}

impl Running {
    /// Whether the host holds the closure for certain, as both links keep theirs from collection.
    fn has(&self, wanted: &str) -> bool {
        [&self.system, &self.profile]
            .into_iter()
            .any(|held| held.as_deref() == Some(wanted))
    }

    fn satisfies(&self, goal: Goal, wanted: &str) -> bool {
        let runs = self.system.as_deref() == Some(wanted);
        let boots = self.profile.as_deref() == Some(wanted);
        match goal {
            // The profile is set before the boot loader is written, so it alone proves nothing: only
            // a system that runs has been activated to its end.
            Goal::Switch | Goal::Boot => runs && boots,
            Goal::Test | Goal::DryActivate => runs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &str = "/nix/store/new-nixos-system-web";
    const OTHER: &str = "/nix/store/old-nixos-system-web";
    const SWITCH: Extent = Extent::Activate(Goal::Switch);

    fn running(system: &str, profile: &str) -> Running {
        Running {
            system: Some(system.to_owned()),
            profile: Some(profile.to_owned()),
            unfinished: false,
        }
    }

    fn decide(system: &str, profile: &str, extent: Extent, always: bool) -> Steps {
        Steps::decide(WANTED, Some(&running(system, profile)), extent, always)
    }

    #[test]
    fn a_machine_that_runs_the_wanted_system_is_left_alone() {
        assert!(decide(WANTED, WANTED, SWITCH, false).is_empty());
        assert!(decide(WANTED, WANTED, Extent::DryRun, false).is_empty());
        assert!(decide(WANTED, WANTED, Extent::CopyOnly, false).is_empty());
        assert!(decide(WANTED, OTHER, Extent::Activate(Goal::Test), false).is_empty());
    }

    #[test]
    fn a_machine_that_would_boot_something_else_is_switched_without_a_copy() {
        let steps = decide(WANTED, OTHER, SWITCH, false);
        assert_eq!(
            steps,
            Steps {
                activate: Some(Goal::Switch),
                ..Steps::default()
            }
        );
    }

    #[test]
    fn a_profile_alone_does_not_prove_that_the_boot_loader_was_written() {
        let boot = Extent::Activate(Goal::Boot);
        assert_eq!(
            decide(OTHER, WANTED, boot, false).activate,
            Some(Goal::Boot)
        );
    }

    #[test]
    fn an_activation_that_did_not_come_to_its_end_is_done_again_without_a_copy() {
        let running = Running {
            unfinished: true,
            ..running(WANTED, WANTED)
        };
        for goal in [Goal::Switch, Goal::Boot, Goal::Test] {
            let steps = Steps::decide(WANTED, Some(&running), Extent::Activate(goal), false);
            let activate = Some(goal);
            assert_eq!(
                steps,
                Steps {
                    activate,
                    ..Steps::default()
                }
            );
        }
    }

    #[test]
    fn always_activate_activates_and_copies_nothing() {
        let steps = decide(WANTED, WANTED, SWITCH, true);
        assert_eq!(
            steps,
            Steps {
                activate: Some(Goal::Switch),
                ..Steps::default()
            }
        );
    }

    #[test]
    fn a_changed_machine_needs_every_step_up_to_the_extent() {
        let all = Steps {
            build: true,
            copy: true,
            activate: Some(Goal::Switch),
        };
        assert_eq!(decide(OTHER, OTHER, SWITCH, false), all);
        assert_eq!(
            decide(OTHER, OTHER, Extent::CopyOnly, true),
            Steps {
                activate: None,
                ..all
            }
        );
        let built = Steps {
            build: true,
            ..Steps::default()
        };
        assert_eq!(Steps::decide(WANTED, None, Extent::BuildOnly, true), built);
    }
}
