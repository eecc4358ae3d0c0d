use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

/// What the cloud has many of.
pub(super) trait Thing {
    /// Word by which who ordered it finds it again.
    fn token(&self) -> &str;
    /// Its name.
    fn name(&self) -> &str;
}

/// All things of a kind, by id; and their ids by token and name, so that nobody has to look through all.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Things<T> {
    by_id: BTreeMap<String, T>,
    #[serde(skip)]
    tokens: HashMap<String, String>,
    #[serde(skip)]
    names: HashMap<String, String>,
}

impl<T> Default for Things<T> {
    fn default() -> Self {
        Self {
            by_id: BTreeMap::new(),
            tokens: HashMap::new(),
            names: HashMap::new(),
        }
    }
}

impl<T: Thing> Things<T> {
    pub(super) fn by_id(&self) -> &BTreeMap<String, T> {
        &self.by_id
    }

    pub(super) fn by_token(&self, token: &str) -> Option<(&String, &T)> {
        self.by_id.get_key_value(self.tokens.get(token)?)
    }

    /// One with a name; any of them, where several may have it.
    pub(super) fn by_name(&self, name: &str) -> Option<(&String, &T)> {
        self.by_id.get_key_value(self.names.get(name)?)
    }

    /// Puts a thing in the place of what has its id, or takes it away.
    pub(super) fn set(&mut self, id: String, thing: Option<T>) {
        if let Some(old) = self.by_id.remove(&id) {
            forget(&mut self.tokens, old.token(), &id);
            forget(&mut self.names, old.name(), &id);
        }
        if let Some(new) = thing {
            self.tokens.insert(new.token().to_owned(), id.clone());
            self.names.insert(new.name().to_owned(), id.clone());
            self.by_id.insert(id, new);
        }
    }
}

/// Forgets a word that leads to an id, unless it leads elsewhere by now.
fn forget(ids: &mut HashMap<String, String>, word: &str, id: &str) {
    if ids.get(word).is_some_and(|known| known == id) {
        ids.remove(word);
    }
}
