//! Which deployment a network is.

use anyhow::Result;

use crate::{
    flake::Source,
    state::{self, Database, Deployment, Recorded, check_binding, new_uuid},
};

use super::{
    super::state::{StateArguments, choose, own},
    directory,
};

/// What a network itself says of its deployment.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Word<'a> {
    /// It was not asked, not even where its state is.
    Unasked,
    /// Its UUID, if it has one.
    Uuid(Option<&'a str>),
}

/// Finds out which deployment a network is.
pub(super) struct Finder<'a> {
    pub(super) state: &'a StateArguments,
    pub(super) recorded: Option<&'a Recorded>,
    pub(super) source: &'a Source,
    pub(super) assumed: Option<&'a str>,
}

impl Finder<'_> {
    /// The deployment in a state, or a new one.
    pub(super) fn find(&self, database: &Database, word: Word<'_>) -> Result<Deployment> {
        let network = self.source.network();
        let uuid = match word {
            Word::Unasked => None,
            Word::Uuid(uuid) => uuid,
        };
        let identity = self.recorded.and_then(|recorded| recorded.get(network));
        let lineage = uuid.map(str::to_owned).or_else(|| {
            identity
                .as_ref()
                .map(|identity| identity.lineage.clone())
                .or_else(|| self.remote())
        });
        if let Some(name) = self.state.named() {
            // It is looked for again where the network says that its state is.
            if word == Word::Unasked && database.find(name)?.is_none() {
                return self.fresh(database, lineage, identity.as_ref());
            }
            let found = choose(database, Some(name), None)?;
            check_binding(&found, network, lineage.as_deref().unwrap_or("none"))?;
            return Ok(found);
        }
        let name = identity.as_ref().map(|identity| identity.name.as_str());
        if let Some(lineage) = &lineage
            && let Some(found) = own(database, lineage, name)?
        {
            check_binding(&found, network, lineage)?;
            return Ok(found);
        }
        self.fresh(database, lineage, identity.as_ref())
    }

    /// A deployment that is not there yet.
    fn fresh(
        &self,
        database: &Database,
        lineage: Option<String>,
        identity: Option<&state::Identity>,
    ) -> Result<Deployment> {
        let network = self.source.network();
        let name = identity.map_or(network, |identity| &identity.name);
        let uuid = match lineage.or_else(|| self.assumed.map(str::to_owned)) {
            Some(uuid) => uuid,
            None => self.own_uuid(database)?,
        };
        Ok(Deployment::new(uuid, Some(name), network))
    }

    /// The UUID of a network that does not say which deployment is its own: the same in every run, unless
    /// another network was here before and is deployed still.
    fn own_uuid(&self, database: &Database) -> Result<String> {
        let uuid = self.source.identity().uuid;
        Ok(match database.get(&uuid)? {
            None => uuid,
            Some(_) => new_uuid(),
        })
    }

    /// A network that is nowhere in a directory of the user is known by where it is.
    fn remote(&self) -> Option<String> {
        let is_local = directory(self.source).is_some();
        (!is_local).then(|| self.source.identity().uuid)
    }
}
