//! What the cloud knows.

mod kinds;
mod things;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{BuildHasher, RandomState},
};

use serde::{Deserialize, Serialize};

pub use kinds::{ApiToken, Power, Region, Scope, Server, Size, SshKey, Volume};
use things::Things;

/// All that there is in the cloud, by id. It is changed one [`Entry`] at a time.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Truth {
    servers: Things<Server>,
    volumes: Things<Volume>,
    ssh_keys: Things<SshKey>,
    tokens: Things<ApiToken>,
    /// Volumes by the server that they are attached to.
    #[serde(skip)]
    attached: HashMap<String, BTreeSet<String>>,
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
    /// A token for the cloud's interface.
    Token(String, Option<ApiToken>),
}

impl Entry {
    /// The same thing, gone.
    pub fn gone(self) -> Self {
        match self {
            Self::Server(id, _) => Self::Server(id, None),
            Self::Volume(id, _) => Self::Volume(id, None),
            Self::SshKey(id, _) => Self::SshKey(id, None),
            Self::Token(id, _) => Self::Token(id, None),
        }
    }
}

impl Truth {
    /// Servers by id.
    pub fn servers(&self) -> &BTreeMap<String, Server> {
        self.servers.by_id()
    }

    /// Volumes by id.
    pub fn volumes(&self) -> &BTreeMap<String, Volume> {
        self.volumes.by_id()
    }

    /// SSH keys by id.
    pub fn ssh_keys(&self) -> &BTreeMap<String, SshKey> {
        self.ssh_keys.by_id()
    }

    /// Tokens by id.
    pub fn tokens(&self) -> &BTreeMap<String, ApiToken> {
        self.tokens.by_id()
    }

    /// Changes one thing.
    pub fn set(&mut self, entry: Entry) {
        self.changes.push(entry.clone());
        self.apply(entry);
    }

    /// Does what was changed before, maybe elsewhere.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Server(id, server) => self.servers.set(id, server),
            Entry::Volume(id, volume) => self.apply_volume(id, volume),
            Entry::SshKey(id, key) => self.ssh_keys.set(id, key),
            Entry::Token(id, token) => self.tokens.set(id, token),
        }
    }

    fn apply_volume(&mut self, id: String, volume: Option<Volume>) {
        let before = self
            .volumes()
            .get(&id)
            .and_then(|volume| volume.server.clone());
        if let Some(server) = before
            && let Some(attached) = self.attached.get_mut(&server)
        {
            attached.remove(&id);
            if attached.is_empty() {
                self.attached.remove(&server);
            }
        }
        if let Some(server) = volume.as_ref().and_then(|volume| volume.server.clone()) {
            self.attached.entry(server).or_default().insert(id.clone());
        }
        self.volumes.set(id, volume);
    }

    /// What was changed since the last call.
    pub fn take_changes(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.changes)
    }

    /// All that there is, as changes of nothing.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        let servers = copies(self.servers()).map(|(id, one)| Entry::Server(id, one));
        let volumes = copies(self.volumes()).map(|(id, one)| Entry::Volume(id, one));
        let keys = copies(self.ssh_keys()).map(|(id, one)| Entry::SshKey(id, one));
        let tokens = copies(self.tokens()).map(|(id, one)| Entry::Token(id, one));
        servers.chain(volumes).chain(keys).chain(tokens)
    }

    /// How many things there are.
    pub fn len(&self) -> usize {
        self.servers().len() + self.volumes().len() + self.ssh_keys().len() + self.tokens().len()
    }

    /// Volumes of a server, and their ids.
    pub fn attached_to(&self, server: &str) -> impl Iterator<Item = (&String, &Volume)> {
        let ids = self.attached.get(server).into_iter().flatten();
        ids.filter_map(|id| self.volumes().get_key_value(id))
    }

    /// Names of the volumes of a server.
    pub fn volumes_of(&self, server: &str) -> Vec<String> {
        let volumes = self.attached_to(server);
        volumes.map(|(_, volume)| volume.name.clone()).collect()
    }

    /// The server that was ordered with a token, and its id.
    pub fn server_of_token(&self, token: &str) -> Option<(&String, &Server)> {
        self.servers.by_token(token)
    }

    /// The volume that was ordered with a token, and its id.
    pub fn volume_of_token(&self, token: &str) -> Option<(&String, &Volume)> {
        self.volumes.by_token(token)
    }

    /// The key that was ordered with a token, and its id.
    pub fn ssh_key_of_token(&self, token: &str) -> Option<(&String, &SshKey)> {
        self.ssh_keys.by_token(token)
    }

    /// The token for the interface that was ordered with a token, and its id.
    pub fn token_of_token(&self, token: &str) -> Option<(&String, &ApiToken)> {
        self.tokens.by_token(token)
    }

    /// The volume with a name, and its id.
    pub fn volume(&self, name: &str) -> Option<(&String, &Volume)> {
        self.volumes.by_name(name)
    }

    /// The key with a name, and its id.
    pub fn ssh_key(&self, name: &str) -> Option<(&String, &SshKey)> {
        self.ssh_keys.by_name(name)
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

fn copies<T: Clone>(things: &BTreeMap<String, T>) -> impl Iterator<Item = (String, Option<T>)> {
    things
        .iter()
        .map(|(id, thing)| (id.clone(), Some(thing.clone())))
}

/// Makes an id that nothing else has, also not in an earlier life of the cloud.
pub fn new_id(prefix: &str) -> String {
    format!("{prefix}-{:016x}", RandomState::new().hash_one(prefix))
}
