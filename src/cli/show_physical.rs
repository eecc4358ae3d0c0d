//! `nixops show-physical`

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use clap::Args;
use nixops_plugin::protocol::Attributes;
use serde_json::{Map, Value};

use crate::state::{DeploymentStore, Key, Records, Store as _, nixops2::UNTOUCHED};

use super::{
    Context, nix_text,
    state::{HereArguments, StateArguments},
};

/// Show what became of machines and resources, as a Nix expression: addresses, ids, public keys
///
/// Only looks: nothing is evaluated or written, and nobody is held up.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops show-physical                      of the deployment of the network here
  nixops show-physical -d staging --json    for programs
  nixops show-physical --include-secrets    with private keys and the like")]
pub struct ShowPhysical {
    /// Show what nobody should see, too
    #[arg(long)]
    include_secrets: bool,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    here: HereArguments,
}

impl ShowPhysical {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let here = self.here.here()?;
        let store = self.state.choose(context, &here)?.store();
        let value = self.physical(&store)?;
        context.ui.data(if context.global.json {
            serde_json::to_string(&value).context("while writing the values")?
        } else {
            nix_text::of(&value, 0)
        });
        Ok(0)
    }

    /// Machines by name, and beside them `resources`.
    fn physical(&self, store: &DeploymentStore) -> Result<Value> {
        let Records { current, .. } = store.records()?;
        let machines = store.machines()?;
        let mut whole = Map::new();
        let mut resources: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
        for (name, machine) in &machines {
            let host = machine.options.as_ref().and_then(|it| it.get("targetHost"));
            let mut known = Map::new();
            known.extend(
                machine
                    .system
                    .clone()
                    .map(|it| ("system".to_owned(), it.into())),
            );
            known.extend(host.map(|it| ("targetHost".to_owned(), it.clone())));
            whole.insert(name.clone(), known.into());
        }
        for (key, record) in current.iter().filter(|(_, it)| it.plugin != UNTOUCHED) {
            let outputs = if self.include_secrets {
                store.reveal(record)?.outputs
            } else {
                record.state.outputs.clone()
            };
            let Key { kind, name } = key.clone();
            if machines
                .get(&name)
                .is_some_and(|machine| machine.backend == kind)
            {
                add(&mut whole, name, outputs);
            } else {
                resources
                    .entry(kind)
                    .or_default()
                    .insert(name, outputs.into());
            }
        }
        if !resources.is_empty() {
            let resources = resources.into_iter().map(|(kind, all)| (kind, all.into()));
            whole.insert("resources".to_owned(), Value::Object(resources.collect()));
        }
        Ok(Value::Object(whole))
    }
}

fn add(whole: &mut Map<String, Value>, machine: String, outputs: Attributes) {
    let known = whole.entry(machine).or_insert_with(|| Map::new().into());
    if let Value::Object(known) = known {
        known.extend(outputs);
    }
}
