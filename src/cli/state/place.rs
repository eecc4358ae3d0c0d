//! Where the state is, and for how long to wait for who has it.

use std::{cell::Cell, env, sync::Arc, time::Duration};

use anyhow::{Result, bail};
use camino::Utf8PathBuf;
use clap::Args;
use serde_json::Value;

use crate::{
    cli::{
        Context,
        directory::{config_directory, state_directory},
        number,
        source::SourceArguments,
    },
    state::{
        Backend, Held, Holder, Place, Purpose, Sealer,
        seal::{AgeSealer, Named},
        shared::{Means, Shared},
    },
};

use super::Here;

/// Where the state is.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The state")]
pub struct PlaceArguments {
    /// The state, an SQLite file [default: where `network.storage` says, or else
    /// `$XDG_STATE_HOME/nixops/state.db`]
    #[arg(
        long,
        value_name = "PATH",
        env = "NIXOPS_STATE",
        hide_env_values = true
    )]
    state: Option<Utf8PathBuf>,
}

/// How long to wait for another run.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The state")]
pub struct WaitArguments {
    /// Wait until another run has let the deployment go, or for so many seconds, instead of failing
    /// at once
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "", value_parser = patience)]
    wait_lock: Option<Duration>,
}

impl PlaceArguments {
    /// The place of the state; `storage` is what the network says of it.
    fn place(&self, storage: Option<&Value>) -> Result<Place> {
        let default = state_directory()?.join("state.db");
        let flag = self
            .state
            .as_deref()
            .filter(|path| !path.as_str().is_empty());
        Ok(Place::of(flag, storage, &default)?)
    }

    /// The state; `storage` is what the network says of it.
    pub fn kept(&self, context: &Context, storage: Option<&Value>) -> Result<Kept> {
        let place = self.place(storage)?;
        let sealer = sealer(storage)?;
        let backend: Box<dyn Backend> = match &place {
            Place::Shared(_) => Box::new(shared(context, &place, &sealer)?),
            place => Box::new(place.clone()),
        };
        Ok(Kept {
            place,
            backend,
            sealer,
        })
    }

    /// Asks the network here where its state is, unless that is known.
    ///
    /// A network that does not evaluate, as one that lacks an argument, is no reason to stop.
    pub fn ask(&self, context: &Context, here: &Here, source: &SourceArguments) -> Option<Value> {
        if self.state.is_some() || !here.exists() {
            return None;
        }
        if let Some(known) = here.storage() {
            return Some(known.clone());
        }
        let asked = source.nix(context).and_then(|nix| {
            let overview = source.evaluator(context, &nix)?.overview()?;
            Ok(overview.network.get("storage").cloned())
        });
        asked.unwrap_or_else(|error| {
            let message = "the network does not say where its state is: the default is used";
            let hint = format!("{error:#}; `--state` says it");
            context.ui.warning(None, message, Some(hint));
            None
        })
    }
}

impl WaitArguments {
    /// The same for a verb that waits in any case: as long as it takes, unless the user says how long.
    pub fn patient(&self) -> Self {
        Self {
            wait_lock: self.wait_lock.or(Some(Duration::MAX)),
        }
    }

    /// Holds a deployment for a verb, waiting as the user says.
    pub fn hold(
        &self,
        context: &Context,
        backend: &dyn Backend,
        uuid: &str,
        verb: &str,
    ) -> Result<Held> {
        let told = Cell::new(false);
        let on_wait = |holder: &Holder| {
            if !told.replace(true) {
                let message = format!("waiting for the deployment: {holder}");
                context.ui.warning(None, message, None);
            }
            !context.processes.interrupted()
        };
        let purpose = Purpose {
            holder: Holder::this(verb),
            wait: self.wait_lock,
            on_wait: &on_wait,
        };
        Ok(backend.hold(uuid, &purpose)?)
    }
}

/// A state, and what gets at it.
pub struct Kept {
    /// Where it is.
    pub place: Place,
    /// What keeps it there.
    pub backend: Box<dyn Backend>,
    /// Seals its secrets, and opens them.
    pub sealer: Arc<dyn Sealer>,
}

/// The state that several share, of a place that is one.
pub fn shared(context: &Context, place: &Place, sealer: &Arc<dyn Sealer>) -> Result<Shared> {
    let Place::Shared(shared) = place else {
        bail!("the state is not shared");
    };
    let copies = state_directory()?.join("shared");
    let means = Means {
        copies: &copies,
        sealer: Arc::clone(sealer),
        // The same as of hosts.
        ssh_config: env::var("NIXOPS_SSH_CONFIG").ok().map(Utf8PathBuf::from),
        processes: context.processes.clone(),
    };
    Ok(Shared::new(shared, means)?)
}

/// Reads how long to wait; nothing is for ever.
fn patience(text: &str) -> Result<Duration, String> {
    match text {
        "" => Ok(Duration::MAX),
        text => number::seconds(text).map(Duration::from_secs),
    }
}

/// Who seals and opens secrets for this user; `storage` names who else may open them.
fn sealer(storage: Option<&Value>) -> Result<Arc<dyn Sealer>> {
    let named = storage.and_then(recipients).unwrap_or_default();
    Ok(Arc::new(AgeSealer::of_user(&config_directory()?, named)))
}

/// The recipients that a network names for its backend.
fn recipients(storage: &Value) -> Option<Named> {
    let mut backends = storage.as_object()?.iter();
    let (backend, keys) = backends.find_map(|(name, it)| Some((name, it.get("recipients")?)))?;
    Some(Named {
        place: format!("network.storage.{backend}.recipients"),
        keys: serde_json::from_value(keys.clone()).ok()?,
    })
}
