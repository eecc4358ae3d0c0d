//! What a saved plan is bound to, and what it allows.

use std::{collections::BTreeSet, fmt};

use crate::{schema::attribute_path, state::Key};

use super::{Action, PlannedMachine, PlannedResource, SavedDeployment, SavedPlan, SavedSource};

/// What has moved since a plan was made, each in words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the plan does not fit any more: {}", .what.join("; "))]
pub struct Moved {
    /// Everything that has.
    pub what: Vec<String>,
}

impl Moved {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "make a new plan with `nixops plan --out FILE`, and look at it again"
    }
}

/// Something that a plan does not say.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Outside {
    /// Another action.
    #[error("{key} would be {}, and the plan {}", Done(*.now), said(*.planned, .may))]
    Action {
        /// The resource.
        key: Key,
        /// What is to be done now.
        now: Action,
        /// What the plan says, if it says something.
        planned: Option<Action>,
        /// What else it allows.
        may: BTreeSet<Action>,
    },
    /// An attribute that the plan does not name.
    #[error("`{path}` of {key} would be changed too, which the plan does not say")]
    Attribute {
        /// The resource.
        key: Key,
        /// The attribute.
        path: String,
    },
    /// A machine that the plan does not name.
    #[error("the plan says nothing of the machine {machine}")]
    Machine {
        /// The machine.
        machine: String,
    },
    /// Another system than the plan says.
    #[error("{machine} would get {now}, and the plan says {planned}")]
    System {
        /// The machine.
        machine: String,
        /// The derivation that it would get.
        now: String,
        /// The one that the plan names.
        planned: String,
    },
}

impl Outside {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "what was done so far is kept; make a new plan with `nixops plan --out FILE` for the rest"
    }
}

/// What is done with a resource, as a participle.
struct Done(Action);

impl fmt::Display for Done {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            Action::Keep | Action::Obsolete => "kept",
            Action::Create => "created",
            Action::Adopt => "adopted",
            Action::Update => "updated",
            Action::Replace => "replaced",
            Action::ReplaceCreateFirst => "replaced by a new one that is made first",
            Action::Delete => "deleted",
            Action::Forget => "forgotten",
            Action::Later => "decided on later",
        })
    }
}

fn said(planned: Option<Action>, may: &BTreeSet<Action>) -> String {
    let Some(planned) = planned else {
        return "says nothing of it".to_owned();
    };
    let mut actions: Vec<Action> = vec![planned];
    actions.extend(may.iter().filter(|action| **action != planned));
    actions.retain(|action| *action != Action::Later || may.is_empty());
    let actions: Vec<String> = actions
        .iter()
        .map(|action| Done(*action).to_string())
        .collect();
    format!("says that it is {}", actions.join(" or "))
}

impl SavedPlan {
    /// Whether the deployment and the source are what they were.
    pub fn verify(&self, deployment: &SavedDeployment, source: &SavedSource) -> Result<(), Moved> {
        let mut what = Vec::new();
        let version = env!("CARGO_PKG_VERSION");
        if self.nixops != version {
            what.push(format!(
                "nixops {} made it, and this is {version}",
                self.nixops
            ));
        }
        what.extend(moved_deployment(&self.deployment, deployment));
        what.extend(moved_source(&self.source, source));
        if what.is_empty() {
            Ok(())
        } else {
            Err(Moved { what })
        }
    }

    /// Whether something is what the plan says, or may be for a resource of which not all was known.
    ///
    /// To leave a resource alone is always allowed.
    pub fn allows(&self, now: &PlannedResource) -> Result<(), Outside> {
        if matches!(now.action, Action::Keep | Action::Obsolete | Action::Later) {
            return Ok(());
        }
        let resources = self.plan.resources.all();
        let about: Vec<&PlannedResource> =
            resources.filter(|planned| planned.key == now.key).collect();
        let Some(planned) = about.iter().find(|planned| allows(planned, now.action)) else {
            let planned = about.first();
            return Err(Outside::Action {
                key: now.key.clone(),
                now: now.action,
                planned: planned.map(|planned| planned.action),
                may: planned
                    .map(|planned| planned.may.clone())
                    .unwrap_or_default(),
            });
        };
        match foreign(planned, now) {
            Some(path) => Err(Outside::Attribute {
                key: now.key.clone(),
                path: attribute_path(path.iter().map(String::as_str)),
            }),
            None => Ok(()),
        }
    }

    /// Whether a machine is to get the system that the plan says, or one that was not known then.
    pub fn allows_machine(&self, name: &str, now: &PlannedMachine) -> Result<(), Outside> {
        let Some(planned) = self.plan.machines.get(name) else {
            let machine = name.to_owned();
            return Err(Outside::Machine { machine });
        };
        match (&planned.derivation, &now.derivation) {
            (Some(planned), Some(now)) if planned != now => Err(Outside::System {
                machine: name.to_owned(),
                now: now.clone(),
                planned: planned.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// Whether what is planned for a resource covers an action. A resource that is replaced leaves one that
/// is deleted, in the same run or in the next; one that is to be made may turn out to be there.
fn allows(planned: &PlannedResource, action: Action) -> bool {
    let covered = match planned.action {
        Action::Replace | Action::ReplaceCreateFirst => {
            matches!(action, Action::Delete | Action::Forget | Action::Create)
        }
        Action::Create => action == Action::Adopt,
        _ => false,
    };
    action == planned.action || planned.may.contains(&action) || covered
}

/// An attribute that is changed in place and that the plan does not name, if all was known then.
fn foreign<'a>(planned: &PlannedResource, now: &'a PlannedResource) -> Option<&'a Vec<String>> {
    let is_open = !planned.may.is_empty() || planned.action != Action::Update;
    let mut paths = now.changes.iter().map(|change| &change.path);
    let is_named = |path: &Vec<String>| planned.changes.iter().any(|change| change.path == *path);
    paths.find(|path| !is_open && !is_named(path))
}

fn moved_deployment(was: &SavedDeployment, is: &SavedDeployment) -> Vec<String> {
    if was.uuid != is.uuid || was.lineage != is.lineage {
        let name = |deployment: &SavedDeployment| {
            let name = deployment.name.clone();
            name.unwrap_or_else(|| deployment.uuid.clone())
        };
        return vec![format!(
            "it is for the deployment {}, and this is {}",
            name(was),
            name(is)
        )];
    }
    let serial = (was.serial != is.serial).then(|| {
        format!(
            "the state has been changed since (serial {} → {})",
            was.serial, is.serial
        )
    });
    serial.into_iter().collect()
}

fn moved_source(was: &SavedSource, is: &SavedSource) -> Vec<String> {
    let mut what = Vec::new();
    if was.network != is.network {
        what.push(format!(
            "it is for the network {}, and this is {}",
            was.network, is.network
        ));
    }
    if was.nar_hash != is.nar_hash {
        what.push(format!(
            "the source has been changed since ({} → {})",
            was.nar_hash, is.nar_hash
        ));
    }
    if was.arguments != is.arguments {
        what.push("the arguments of the network are others now".to_owned());
    }
    if was.selected != is.selected {
        what.push("other machines are selected now".to_owned());
    }
    if was.kill_obsolete != is.kill_obsolete {
        let word = if was.kill_obsolete { "with" } else { "without" };
        what.push(format!("it was made {word} --kill-obsolete"));
    }
    what
}
