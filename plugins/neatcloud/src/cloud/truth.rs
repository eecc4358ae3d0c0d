//! What the cloud knows.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All that there is in the cloud, by id. It is changed one [`Entry`] at a time.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Truth {
    servers: BTreeMap<String, Server>,
    volumes: BTreeMap<String, Volume>,
    ssh_keys: BTreeMap<String, SshKey>,
    /// What was changed since it was last asked for.
    #[serde(skip)]
    changes: Vec<Entry>,
}

/// What becomes of one thing; `None` if it is gone.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Entry {
    /// A server.
    Server(String, Option<Server>),
    /// A volume.
    Volume(String, Option<Volume>),
    /// An SSH key.
    SshKey(String, Option<SshKey>),
}

/// A server as it was ordered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Server {
    /// Name; not unique.
    pub name: String,
    /// Word by which who ordered it finds it again.
    pub token: String,
    /// How big it is.
    pub size: Size,
    /// Where it stands.
    pub region: Region,
    /// What it was installed with.
    pub image: String,
    /// Names of SSH keys that let root in.
    pub ssh_keys: Vec<String>,
    /// Whether it is switched on.
    pub power: Power,
    /// Whether it is nothing but this record.
    #[serde(default)]
    pub fake: bool,
}

/// A volume.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Volume {
    /// Name; no other volume has it.
    pub name: String,
    /// Word by which who ordered it finds it again.
    pub token: String,
    /// Size in GiB.
    pub size: u32,
    /// Where it is.
    pub region: Region,
    /// Server that it is attached to.
    pub server: Option<String>,
}

/// A public key.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SshKey {
    /// Name; no other key has it.
    pub name: String,
    /// Word by which who ordered it finds it again.
    pub token: String,
    /// The key, as a line of `authorized_keys`.
    pub public_key: String,
}

/// How big a server is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    // A corner of the laptop.
    #[default]
    Small,
    // Some of the laptop.
    Medium,
    // Most of the laptop.
    Large,
}

/// Where something is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    // The upper half of the laptop.
    #[default]
    North,
    // The lower half.
    South,
}

/// Whether a server is switched on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Power {
    // It is, or is about to be.
    #[default]
    Running,
    // It is not.
    Stopped,
}

impl Entry {
    /// The same thing, gone.
    pub fn gone(self) -> Self {
        match self {
            Self::Server(id, _) => Self::Server(id, None),
            Self::Volume(id, _) => Self::Volume(id, None),
            Self::SshKey(id, _) => Self::SshKey(id, None),
        }
    }
}

impl Truth {
    /// Servers by id.
    pub fn servers(&self) -> &BTreeMap<String, Server> {
        &self.servers
    }

    /// Volumes by id.
    pub fn volumes(&self) -> &BTreeMap<String, Volume> {
        &self.volumes
    }

    /// SSH keys by id.
    pub fn ssh_keys(&self) -> &BTreeMap<String, SshKey> {
        &self.ssh_keys
    }

    /// Changes one thing.
    pub fn set(&mut self, entry: Entry) {
        self.changes.push(entry.clone());
        self.apply(entry);
    }

    /// Does what was changed before, maybe elsewhere.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Server(id, server) => set(&mut self.servers, id, server),
            Entry::Volume(id, volume) => set(&mut self.volumes, id, volume),
            Entry::SshKey(id, key) => set(&mut self.ssh_keys, id, key),
        }
    }

    /// What was changed since the last call.
    pub fn take_changes(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.changes)
    }

    /// All that there is, as changes of nothing.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        let servers = self.servers.iter();
        let volumes = self.volumes.iter();
        let keys = self.ssh_keys.iter();
        servers
            .map(|(id, server)| Entry::Server(id.clone(), Some(server.clone())))
            .chain(volumes.map(|(id, volume)| Entry::Volume(id.clone(), Some(volume.clone()))))
            .chain(keys.map(|(id, key)| Entry::SshKey(id.clone(), Some(key.clone()))))
    }

    /// How many things there are.
    pub fn len(&self) -> usize {
        self.servers.len() + self.volumes.len() + self.ssh_keys.len()
    }

    /// Names of the volumes of a server.
    pub fn volumes_of(&self, server: &str) -> Vec<String> {
        let volumes = self.volumes.values();
        volumes
            .filter(|volume| volume.server.as_deref() == Some(server))
            .map(|volume| volume.name.clone())
            .collect()
    }

    /// The volume with a name, and its id.
    pub fn volume(&self, name: &str) -> Option<(&String, &Volume)> {
        self.volumes.iter().find(|(_, volume)| volume.name == name)
    }

    /// The key with a name, and its id.
    pub fn ssh_key(&self, name: &str) -> Option<(&String, &SshKey)> {
        self.ssh_keys.iter().find(|(_, key)| key.name == name)
    }

    /// The keys that let root into a server. Names of keys that are gone let nobody in.
    pub fn public_keys(&self, server: &Server) -> Vec<String> {
        let names = server.ssh_keys.iter();
        names
            .filter_map(|name| self.ssh_key(name))
            .map(|(_, key)| key.public_key.trim().to_owned())
            .collect()
    }
}

fn set<T>(things: &mut BTreeMap<String, T>, id: String, thing: Option<T>) {
    match thing {
        Some(thing) => things.insert(id, thing),
        None => things.remove(&id),
    };
}

/// Makes an id that nothing else has, also not in an earlier life of the cloud.
pub fn new_id(prefix: &str) -> String {
    format!("{prefix}-{:016x}", RandomState::new().hash_one(prefix))
}
