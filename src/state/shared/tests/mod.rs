mod killed;
mod sharing;
mod wrong;

use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use super::*;
use crate::state::{
    Backend as _, Deployment, SharedPlace, Store as _,
    seal::{AgeSealer, IdentityPlace, Named, Recipients},
};

/// A directory that people share, and their homes.
struct Team {
    _directory: Option<TempDir>,
    path: Utf8PathBuf,
}

impl Team {
    /// Two people who may read the state.
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let team = Self::at(Utf8Path::from_path(directory.path()).unwrap());
        fs::create_dir(team.path("srv")).unwrap();
        let keys = ["ada", "bob"].map(|name| team.sealer(name, Vec::new()).public_key().unwrap());
        fs::write(team.path("recipients"), keys.join("\n")).unwrap();
        Self {
            _directory: Some(directory),
            ..team
        }
    }

    /// The team of another process.
    fn at(path: &Utf8Path) -> Self {
        Self {
            _directory: None,
            path: path.to_owned(),
        }
    }

    fn path(&self, name: &str) -> Utf8PathBuf {
        self.path.join(name)
    }

    fn sealer(&self, name: &str, keys: Vec<String>) -> AgeSealer {
        let identity = IdentityPlace::File(self.path(name).join("age.key"));
        let named = Named {
            place: "network.storage.file.recipients".to_owned(),
            keys,
        };
        AgeSealer::new(identity, Recipients { named, file: None })
    }

    /// The shared state as somebody sees it.
    fn of(&self, name: &str) -> Shared {
        let keys = fs::read_to_string(self.path("recipients")).unwrap_or_default();
        let sealer = self.sealer(name, keys.lines().map(str::to_owned).collect());
        let place = SharedPlace {
            location: self.path("srv").to_string(),
            recipients: Vec::new(),
        };
        let means = Means {
            copies: &self.path(name).join("shared"),
            sealer: Arc::new(sealer),
            ssh_config: None,
            processes: Processes::new(),
        };
        Shared::new(&place, means).unwrap()
    }

    /// The names in the shared directory.
    fn files(&self) -> Vec<String> {
        let files = fs::read_dir(self.path("srv")).unwrap();
        let mut names: Vec<_> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// An error and what to do, without what is different each time.
    fn explain(&self, error: &super::super::Error) -> String {
        let source = std::error::Error::source(error);
        let source = source.map_or_else(String::new, |source| format!(": {source}"));
        let hint = error.hint().unwrap_or_default();
        let copy = self.of("ada").copy.database();
        let copy = copy.parent().unwrap().file_name().unwrap();
        let text = format!("{error}{source}\nhint: {hint}");
        let text = text.replace(self.path.as_str(), "~").replace(copy, "COPY");
        let words = text.split(' ').map(|word| match word {
            _ if word.contains('@') => "USER@HOST",
            _ if word.ends_with(')') && word[..word.len() - 1].parse::<u32>().is_ok() => "PID)",
            _ if word.len() == 10 && word.matches('-').count() == 2 => "DATE",
            _ if word.len() == 8 && word.matches(':').count() == 2 => "TIME",
            word => word,
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Who asks for no lock but once.
fn once(verb: &str) -> Purpose<'static> {
    Purpose::of(verb)
}

fn hold(shared: &Shared) -> Result<Held, super::super::Error> {
    shared.hold("", &once("deploy"))
}

/// Makes a deployment, which is a change.
fn add(database: &Database, name: &str) {
    let uuid = format!("{name}-0000");
    database
        .create(&Deployment::new(uuid, Some(name), "default"))
        .unwrap();
}

/// Changes a deployment.
fn change(database: &Database, name: &str, description: &str) {
    let mut deployment = database.find(name).unwrap().unwrap();
    description.clone_into(&mut deployment.description);
    database.update(&deployment).unwrap();
}

fn names(shared: &Shared) -> Vec<String> {
    let deployments = shared.look().unwrap().deployments().unwrap();
    deployments
        .into_iter()
        .map(|deployment| format!("{} {}", deployment.called(), deployment.serial))
        .collect()
}

/// The first change of a team, by ada.
fn first(team: &Team) -> Shared {
    let ada = team.of("ada");
    let held = hold(&ada).unwrap();
    add(held.database(), "prod");
    held.finish().unwrap();
    ada
}
