//! What is not done, and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    network::MachineOptions,
    schema::{Kind, Registry, attribute_path},
    state::Key,
};

use super::Action;

/// Why something is not done with a resource.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize, thiserror::Error)]
#[serde(
    tag = "rule",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum Refusal {
    /// The network protects it.
    #[error("{key} would be {}, and is protected: `{attribute}` is true{}", done(*.action), reasons(.because))]
    Protected {
        /// The resource.
        key: Key,
        /// What would be done with it.
        action: Action,
        /// Where it is said, as Nix writes it.
        attribute: String,
        /// Why it would be done.
        because: Vec<String>,
    },
    /// Something in the network cannot be evaluated, so nobody knows whether it is obsolete.
    #[error(
        "--kill-obsolete deletes nothing as long as something fails to evaluate: {}",
        some(.failed)
    )]
    Unevaluated {
        /// What failed.
        failed: Vec<String>,
    },
    /// The run is about a part of the network.
    #[error("--kill-obsolete deletes nothing in a run that is about a part of the network")]
    Selected,
    /// The plugin that made it is not there.
    #[error(
        "--kill-obsolete deletes nothing, since {} is not a plugin of the network any more, and {} \
         came from it",
        .plugin,
        some(.resources)
    )]
    PluginGone {
        /// Name of the plugin.
        plugin: String,
        /// What came from it.
        resources: Vec<String>,
    },
}

impl Refusal {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Protected { action, .. } if *action == Action::Delete => {
                "if it is to go, deploy once with it set to false, since the state remembers what the network \
                 said last, and try again"
                    .to_owned()
            }
            Self::Protected { .. } => "take the change back, name its attribute in \
                 `deployment.lifecycle.ignoreChanges`, or set `protect` to false if it is to be replaced"
                .to_owned(),
            Self::Unevaluated { .. } => {
                "repair what fails first; without --kill-obsolete the rest is deployed".to_owned()
            }
            Self::Selected => {
                "leave out --kill-obsolete here, or --on and --exclude".to_owned()
            }
            Self::PluginGone { plugin, .. } => format!(
                "is this the right network? If so, keep `{plugin}` among the inputs of the flake until \
                 its resources are deleted"
            ),
        }
    }

    /// Refuses to do something with a protected resource.
    pub(super) fn protected(
        key: &Key,
        action: Action,
        because: &[String],
        schemas: &Registry,
    ) -> Self {
        Self::Protected {
            key: key.clone(),
            action,
            attribute: lifecycle(key, "protect", schemas),
            because: because.to_vec(),
        }
    }
}

/// Where a network says an option of `deployment.lifecycle` of a resource or machine.
fn lifecycle(key: &Key, option: &str, schemas: &Registry) -> String {
    let schema = schemas.get(&key.kind);
    let is_machine = key.kind == MachineOptions::NO_BACKEND
        || schema.is_some_and(|schema| schema.kind == Kind::Machine);
    let place = if is_machine {
        vec!["machines", &key.name]
    } else {
        vec!["resources", &key.kind, &key.name]
    };
    attribute_path(place.into_iter().chain(["deployment", "lifecycle", option]))
}

fn done(action: Action) -> &'static str {
    match action {
        Action::Replace | Action::ReplaceCreateFirst => "replaced",
        Action::Delete => "deleted",
        _ => "changed",
    }
}

fn reasons(reasons: &[String]) -> String {
    match reasons {
        [] => String::new(),
        reasons => format!(" ({})", reasons.join(", ")),
    }
}

/// A few of many.
fn some(names: &[String]) -> String {
    const FEW: usize = 5;
    let first = names.iter().take(FEW).map(String::as_str);
    let first = first.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(FEW) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn told(refusal: &Refusal) -> String {
        format!("{refusal}\nhint: {}", refusal.hint())
    }

    #[test]
    fn protection_says_where_it_is_set() {
        let because = ["`region` cannot be changed in place".to_owned()];
        let key = Key::new("neatcloudVolumes", "the data");
        let schemas = Registry::new();
        let refusal = Refusal::protected(&key, Action::Replace, &because, &schemas);
        assert_snapshot!(told(&refusal), @r#"
        neatcloudVolumes.the data would be replaced, and is protected: `resources.neatcloudVolumes."the data".deployment.lifecycle.protect` is true (`region` cannot be changed in place)
        hint: take the change back, name its attribute in `deployment.lifecycle.ignoreChanges`, or set `protect` to false if it is to be replaced
        "#);
        let host = Key::new("none", "web");
        let refusal = Refusal::protected(&host, Action::Delete, &[], &schemas);
        assert_snapshot!(told(&refusal), @r"
        none.web would be deleted, and is protected: `machines.web.deployment.lifecycle.protect` is true
        hint: if it is to go, deploy once with it set to false, since the state remembers what the network said last, and try again
        ");
    }

    #[test]
    fn killing_is_refused_with_its_reason() {
        let names = |count: usize| (1..=count).map(|number| format!("web-{number}")).collect();
        let refusals = [
            Refusal::Unevaluated { failed: names(7) },
            Refusal::Selected,
            Refusal::PluginGone {
                plugin: "neatcloud".to_owned(),
                resources: names(2),
            },
        ];
        let told: Vec<_> = refusals.iter().map(told).collect();
        assert_snapshot!(told.join("\n"), @r"
        --kill-obsolete deletes nothing as long as something fails to evaluate: web-1, web-2, web-3, web-4, web-5 and 2 more
        hint: repair what fails first; without --kill-obsolete the rest is deployed
        --kill-obsolete deletes nothing in a run that is about a part of the network
        hint: leave out --kill-obsolete here, or --on and --exclude
        --kill-obsolete deletes nothing, since neatcloud is not a plugin of the network any more, and web-1, web-2 came from it
        hint: is this the right network? If so, keep `neatcloud` among the inputs of the flake until its resources are deleted
        ");
    }
}
