//! What the verbs of one network begin with: the network, its deployment and its state.

mod finder;
mod ground;

pub use ground::Ground;

use std::{collections::BTreeMap, fs::File};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::{
    deploy::recorded,
    evaluator::{Argument, Evaluator, Known, Overview},
    flake::{Identity, Source},
    network::Names,
    plan::Extent,
    plugin::PluginSet,
    schema::Registry,
    state::{self, Database, Deployment, DeploymentStore, Recorded, Remembered, StoredArgument},
    ui::Event,
};

use super::{
    Context,
    directory::cache_directory,
    plugins::schemas,
    source::SourceArguments,
    state::{StateArguments, WaitArguments, finish_after},
};
use finder::{Finder, Word};

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
    /// How the network is found again where evaluations are kept, unless a plan says which tree of it is meant.
    source: Option<SourceArguments>,
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
        let cache = source.cache(context, &nix);
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
            let deployment = (identity, stored(found));
            source.evaluator_of(context, &nix, network.clone(), deployment, cache.clone())
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
        remember(&network, &overview.names);
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
        learn_schemas(&asked, &ground.plugins);
        Ok(Self {
            ground,
            evaluator: asked,
            names,
            network: attributes,
            plugin_records: plugins,
            recorded,
            source: (cache.is_some() && intent.assumed.is_none()).then(|| source.clone()),
        })
    }

    /// What the state has of outputs, for an evaluation.
    pub fn known(&self, schemas: &Registry) -> Result<Known> {
        let store = self.ground.look()?;
        Ok(recorded(&store, schemas, &self.names, &self.backends())?)
    }

    /// The backends that plugins of the network have.
    pub fn backends(&self) -> Vec<String> {
        let plugins = self.ground.plugins.iter();
        let backends = plugins.flat_map(|plugin| plugin.manifest.backends.clone());
        backends.collect()
    }

    /// Whether these are all machines of the network.
    pub fn is_all(&self, selected: &[String]) -> bool {
        selected.len() == self.names.machines.len()
    }

    /// Works as [`Ground::holding`] does, on a deployment of which the network is noted; and notes
    /// beside the network which deployment it is. `check` sees the deployment first; one that is new is made.
    pub fn holding<T>(
        &mut self,
        context: &Context,
        wait: &WaitArguments,
        verb: &str,
        check: impl FnOnce(&Self) -> Result<()>,
        work: impl FnOnce(&Self, &DeploymentStore, Option<&File>) -> Result<T>,
    ) -> Result<T> {
        let (held, store) = self.ground.hold(context, wait, verb)?;
        let noted = check(self)
            .and_then(|()| self.make(held.database()))
            .and_then(|()| self.renew(held.database()))
            .and_then(|()| self.record(context));
        if matches!(noted, Ok(true))
            && let Some(evaluator) = self.again(context)
        {
            self.evaluator = evaluator;
        }
        let done = noted.and_then(|_| work(self, &store, held.lock()));
        finish_after(context, held, done)
    }

    /// Makes the deployment if it is new.
    fn make(&self, database: &Database) -> Result<()> {
        let deployment = &self.ground.deployment;
        if database.get(&deployment.uuid)?.is_none() {
            database.create(deployment)?;
        }
        Ok(())
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

    /// What asks the network as it is with the file beside it that was just written: what it evaluates, the next run
    /// knows. Nothing if that is not possible, or something else has changed meanwhile, which is for the next run.
    fn again(&self, context: &Context) -> Option<Evaluator> {
        let source = self.source.as_ref()?;
        let network = source.source(context, &self.ground.nix).ok()?;
        let asked = self.evaluator.of_source(network).ok()?;
        let Overview {
            plugins,
            names,
            network,
        } = asked.overview().ok()?;
        learn_schemas(&asked, &self.ground.plugins);
        let is_same =
            (&plugins, &names, &network) == (&self.plugin_records, &self.names, &self.network);
        is_same.then_some(asked)
    }

    /// Notes beside the network which deployment is its own, unless it says so itself; tells whether it has.
    fn record(&self, context: &Context) -> Result<bool> {
        let Some((directory, recorded)) = &self.recorded else {
            return Ok(false);
        };
        let network = self.evaluator.source().network();
        if self.network.contains_key("uuid") || recorded.get(network).is_some() {
            return Ok(false);
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
        Ok(true)
    }
}

/// Tells an evaluator where the schemas are that say what must not be kept.
fn learn_schemas(evaluator: &Evaluator, plugins: &PluginSet) {
    let plugins = plugins.clone();
    evaluator.learn_schemas(move || schemas(&plugins).ok());
}

/// Keeps the names of the network for completions, which is worth no word if it fails.
fn remember(network: &Source, names: &Names) {
    let Some(directory) = directory(network).and_then(|path| path.canonicalize_utf8().ok()) else {
        return;
    };
    let source = format!("{directory}#{}", network.network());
    let names = Remembered::new(source, names.machines.clone());
    let _ = cache_directory().map(|directory| names.write(&directory));
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
