//! What the verbs of one network begin with: the network, its deployment and its state.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::{
    evaluator::{Argument, Evaluator, Overview},
    flake::{Identity, Source},
    network::Names,
    nix::Nix,
    plan::Extent,
    plugin::PluginSet,
    state::{
        self, Backend, Database, Deployment, DeploymentStore, Held, Recorded, Sealer,
        StoredArgument, check_binding, new_uuid,
    },
    ui::Event,
};

use super::{
    Context,
    source::SourceArguments,
    state::{StateArguments, WaitArguments, choose},
};

/// A deployment, and where its state is.
pub struct Ground {
    /// Nix on this machine.
    pub nix: Nix,
    /// The deployment, as it was when the run began.
    pub deployment: Deployment,
    /// What keeps the state.
    pub backend: Box<dyn Backend>,
    /// Seals secrets, and opens them.
    pub sealer: Arc<dyn Sealer>,
    /// The plugins.
    pub plugins: PluginSet,
}

/// What a session is for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Intent<'a> {
    /// How far a run goes that tells of itself as it goes.
    pub extent: Option<Extent>,
    /// The UUID that a plan gave to a network of which nothing was deployed.
    pub assumed: Option<&'a str>,
}

/// A network, its deployment, and where its state is.
pub struct Session {
    /// What it is deployed as.
    pub ground: Ground,
    /// Asks the network.
    pub evaluator: Evaluator,
    /// All names in the network.
    pub names: Names,
    /// The attribute `network`.
    pub network: BTreeMap<String, Value>,
    /// What plugins say of themselves.
    plugin_records: Vec<Value>,
    /// The identity file beside the network, where that is a directory of the user.
    recorded: Option<(Utf8PathBuf, Recorded)>,
}

impl Session {
    /// Finds the network, what it is deployed as, and its state, at which it only looks.
    ///
    /// A network that nothing was ever deployed from gets a UUID of its own, which stays the same until it
    /// is recorded.
    pub fn begin(
        context: &Context,
        source: &SourceArguments,
        state: &StateArguments,
        intent: Intent<'_>,
    ) -> Result<Self> {
        let nix = source.nix(context)?;
        let network = source.source(context, &nix)?;
        if let Some(extent) = intent.extent {
            context.ui.send(Event::Started {
                flake: network.reference(),
                network: network.network().to_owned(),
                nix: nix.version().to_string(),
                extent: Some(extent),
            });
        }
        let recorded = directory(&network)
            .map(|directory| Recorded::read(&directory).map(|recorded| (directory, recorded)))
            .transpose()?;
        let finder = Finder {
            state,
            recorded: recorded.as_ref().map(|(_, recorded)| recorded),
            source: &network,
            assumed: intent.assumed,
        };
        let storage = recorded
            .as_ref()
            .and_then(|(_, recorded)| recorded.storage(network.network()).cloned());
        let kept = state.place.kept(context, storage.as_ref())?;
        let mut found = finder.find(&kept.backend.look()?, Word::Unasked)?;
        let evaluator = |found: &Deployment| {
            let identity = Identity {
                uuid: found.uuid.clone(),
                name: found.called().to_owned(),
            };
            source.evaluator_of(context, &nix, network.clone(), identity, stored(found))
        };
        let mut asked = evaluator(&found)?;
        let mut overview = asked.overview()?;
        let kept = state.place.kept(context, overview.network.get("storage"))?;
        let uuid = overview.network.get("uuid").and_then(Value::as_str);
        let again = finder.find(&kept.backend.look()?, Word::Uuid(uuid))?;
        if (&again.uuid, &again.arguments, &again.name)
            != (&found.uuid, &found.arguments, &found.name)
        {
            asked = evaluator(&again)?;
            overview = asked.overview()?;
        }
        found = again;
        let Overview {
            plugins,
            names,
            network: attributes,
        } = overview;
        let ground = Ground {
            nix,
            deployment: found,
            backend: kept.backend,
            sealer: kept.sealer,
            plugins: PluginSet::from_json(plugins.clone())?,
        };
        Ok(Self {
            ground,
            evaluator: asked,
            names,
            network: attributes,
            plugin_records: plugins,
            recorded,
        })
    }

    /// Takes the state for a run that changes it; makes the deployment if it is new, and notes beside
    /// the network which it is. `check` sees the deployment first.
    pub fn hold(
        &mut self,
        context: &Context,
        wait: &WaitArguments,
        verb: &str,
        check: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<(Held, DeploymentStore)> {
        let (held, store) = self.ground.hold(context, wait, verb)?;
        check(self)?;
        self.renew(held.database())?;
        self.record(context)?;
        Ok((held, store))
    }

    /// Keeps what a run that has only the state needs to know.
    fn renew(&mut self, database: &Database) -> Result<()> {
        let description = self.network.get("description").and_then(Value::as_str);
        let renewed = Deployment {
            description: description.unwrap_or_default().to_owned(),
            source: self.evaluator.source().reference(),
            plugins: self.plugin_records.clone(),
            ..self.ground.deployment.clone()
        };
        if renewed != self.ground.deployment {
            database.update(&renewed)?;
            self.ground.deployment = renewed;
        }
        Ok(())
    }

    /// Notes beside the network which deployment is its own, unless it says so itself.
    fn record(&self, context: &Context) -> Result<()> {
        let Some((directory, recorded)) = &self.recorded else {
            return Ok(());
        };
        let network = self.evaluator.source().network();
        if self.network.contains_key("uuid") || recorded.get(network).is_some() {
            return Ok(());
        }
        let identity = state::Identity {
            name: self.ground.deployment.called().to_owned(),
            lineage: self.ground.deployment.lineage.clone(),
        };
        let recorded = recorded.clone().with(network, &identity);
        let recorded = match self.network.get("storage") {
            Some(storage) => recorded.with_storage(network, storage),
            None => recorded,
        };
        recorded.write(directory)?;
        context.ui.send(Event::Note {
            message: format!(
                "{} says from now on that this network is the deployment {}; keep it with the network",
                directory.join("nixops.json"),
                self.ground.deployment.called()
            ),
        });
        Ok(())
    }
}

impl Ground {
    /// A deployment whose network nobody can or need read: the one that is named, or that the file
    /// beside the network names.
    pub fn of_state(
        context: &Context,
        source: &SourceArguments,
        state: &StateArguments,
    ) -> Result<Self> {
        let chosen = state.choose(context, &source.here()?)?;
        let deployment = chosen.deployment;
        Ok(Self {
            nix: source.nix(context)?,
            plugins: PluginSet::from_json(deployment.plugins.clone())?,
            deployment,
            backend: chosen.kept.backend,
            sealer: chosen.kept.sealer,
        })
    }

    /// The state as it is, for a run that changes nothing.
    pub fn look(&self) -> Result<DeploymentStore> {
        let database = self.backend.look()?;
        let uuid = &self.deployment.uuid;
        if database.get(uuid)?.is_some() {
            return Ok(database.store(uuid, self.sealer.clone()));
        }
        let database = Database::memory()?;
        database.create(&self.deployment)?;
        Ok(database.store(uuid, self.sealer.clone()))
    }

    /// Takes the state for a run that changes it; makes the deployment if it is new.
    pub fn hold(
        &mut self,
        context: &Context,
        wait: &WaitArguments,
        verb: &str,
    ) -> Result<(Held, DeploymentStore)> {
        let uuid = self.deployment.uuid.clone();
        let held = wait.hold(context, &*self.backend, &uuid, verb)?;
        let database = held.database();
        match database.get(&uuid)? {
            Some(deployment) => self.deployment = deployment,
            None => database.create(&self.deployment)?,
        }
        // Whoever has joined the team may read what is there already.
        database.reseal(&*self.sealer)?;
        let store = database.store(&uuid, self.sealer.clone());
        Ok((held, store))
    }
}

/// What a network itself says of its deployment.
#[derive(Clone, Copy, PartialEq)]
enum Word<'a> {
    /// It was not asked, not even where its state is.
    Unasked,
    /// Its UUID, if it has one.
    Uuid(Option<&'a str>),
}

/// Finds out which deployment a network is.
struct Finder<'a> {
    state: &'a StateArguments,
    recorded: Option<&'a Recorded>,
    source: &'a Source,
    assumed: Option<&'a str>,
}

impl Finder<'_> {
    /// The deployment in a state, or a new one.
    fn find(&self, database: &Database, word: Word<'_>) -> Result<Deployment> {
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
        if let Some(lineage) = &lineage
            && let Some(found) = database.by_lineage(lineage)?
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

/// The directory of the user in which the network is.
pub fn directory(source: &Source) -> Option<Utf8PathBuf> {
    match source {
        Source::Flake { flake, .. } | Source::Plugin { flake, .. } => {
            let local = flake.local.as_ref()?;
            Some(local.join(&flake.directory))
        }
        Source::File { file } => file.parent().map(Utf8Path::to_owned),
    }
}

fn stored(deployment: &Deployment) -> BTreeMap<String, Argument> {
    let arguments = deployment.arguments.iter();
    arguments
        .map(|(name, argument)| {
            let argument = match argument {
                StoredArgument::Expression(text) => Argument::Expression(text.clone()),
                StoredArgument::Text(text) => Argument::Text(text.clone()),
            };
            (name.clone(), argument)
        })
        .collect()
}
