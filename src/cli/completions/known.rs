//! What is known of names without evaluating anything.

use std::{collections::BTreeSet, ffi::OsString, sync::Arc};

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::{ArgMatches, Command};
use serde_json::Value;

use crate::{
    flake::Installable,
    state::{Backend as _, Database, Deployment, NoKey, Place, Remembered, Store as _},
};

use super::super::{
    directory::{cache_directory, state_directory},
    state::{Here, choose},
};

/// Names that may be meant.
#[derive(Debug, Default)]
pub struct Known {
    /// Machines.
    pub machines: Vec<String>,
    /// Tags of machines.
    pub tags: Vec<String>,
    /// Deployments.
    pub deployments: Vec<String>,
    /// Plugins of the deployment.
    pub plugins: Vec<String>,
}

impl Known {
    /// Names of machines, and tags.
    pub fn patterns(&self) -> Vec<String> {
        let tags = self.tags.iter().map(|tag| format!("@{tag}"));
        self.machines.iter().cloned().chain(tags).collect()
    }
}

/// What is known to a command line that is not finished. What cannot be found out stays unknown: nobody
/// wants to read of it between two keys.
pub fn of(command: &Command, words: &[OsString]) -> Known {
    let command = command.clone().ignore_errors(true);
    let Ok(matches) = command.try_get_matches_from(words) else {
        return Known::default();
    };
    let typed = Typed::of(&matches);
    let Ok(here) = typed.here() else {
        return Known::default();
    };
    let mut known = by_state(&typed, &here).unwrap_or_default();
    let remembered = cache_directory()
        .map(|directory| Remembered::read(&directory, &here.source()))
        .unwrap_or_default();
    // What was evaluated is newer than what was deployed, unless another deployment is named.
    if typed.deployment.is_none() && !remembered.machines.is_empty() {
        known.machines = remembered.machines;
    }
    known
}

/// What of the command line says which network and which deployment is meant.
struct Typed {
    flake: Option<Installable>,
    file: Option<Utf8PathBuf>,
    state: Option<Utf8PathBuf>,
    deployment: Option<String>,
}

impl Typed {
    fn of(mut matches: &ArgMatches) -> Self {
        while let Some((_, inner)) = matches.subcommand() {
            matches = inner;
        }
        Self {
            flake: value(matches, "flake"),
            file: value(matches, "file"),
            state: value(matches, "state"),
            deployment: value(matches, "deployment"),
        }
    }

    fn here(&self) -> Result<Here> {
        let flake = match &self.flake {
            Some(flake) => flake.clone(),
            None => ".#default".parse()?,
        };
        Here::of(&flake, self.file.as_deref())
    }
}

/// The value of an argument, where the verb has it.
fn value<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Option<T> {
    matches.try_get_one::<T>(name).ok().flatten().cloned()
}

fn by_state(typed: &Typed, here: &Here) -> Result<Known> {
    let default = state_directory()?.join("state.db");
    let place = Place::of(typed.state.as_deref(), here.storage(), &default)?;
    // To ask another computer would take too long.
    if matches!(place, Place::Shared(_)) {
        return Ok(Known::default());
    }
    let database = place.look()?;
    let mut known = Known {
        deployments: deployments(&database)?,
        ..Known::default()
    };
    let identity = here.identity();
    if let Ok(deployment) = choose(&database, typed.deployment.as_deref(), identity.as_ref()) {
        known.add(&database, &deployment)?;
    }
    Ok(known)
}

fn deployments(database: &Database) -> Result<Vec<String>> {
    let all = database.deployments()?.into_iter();
    Ok(all
        .map(|deployment| deployment.called().to_owned())
        .collect())
}

impl Known {
    fn add(&mut self, database: &Database, deployment: &Deployment) -> Result<()> {
        let machines = database
            .store(&deployment.uuid, Arc::new(NoKey))
            .machines()?;
        let tags = machines
            .values()
            .filter_map(|machine| machine.options.as_ref());
        let tags = tags.filter_map(|options| options.get("tags")?.as_array());
        let tags: BTreeSet<&str> = tags.flatten().filter_map(Value::as_str).collect();
        self.tags = tags.into_iter().map(str::to_owned).collect();
        self.machines = machines.into_keys().collect();
        let plugins = deployment.plugins.iter();
        let plugins = plugins.filter_map(|plugin| plugin.get("name")?.as_str());
        self.plugins = plugins.map(str::to_owned).collect();
        Ok(())
    }
}
