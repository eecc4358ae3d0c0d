//! `nixops delete-resources`

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::{
    fleet::Roster,
    state::{Change, DeploymentStore, Entry, Key, Operation, Stage, Store as _},
};

use super::{
    Context,
    agreement::agree,
    check::select,
    selection::SelectionArguments,
    state::{HereArguments, StateArguments, WaitArguments},
};

/// Forget machines and resources, and leave them as they are
///
/// The state knows them no more, and nobody deletes them: for what was deleted by hand, or is somebody
/// else's from now on. `nixops destroy` deletes them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops delete-resources --on web                   a machine, and what its backend made
  nixops delete-resources --on 'neatcloudVolumes.*'  some resources
  nixops delete-resources --yes                      everything, without asking

Exit codes:
  0 they are forgotten, 1 something failed or was not agreed, 2 wrong usage")]
pub struct DeleteResources {
    /// Forget without asking
    #[arg(long, short, visible_alias = "confirm")]
    yes: bool,

    #[command(flatten)]
    selection: SelectionArguments,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    here: HereArguments,
}

impl DeleteResources {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let chosen = self.state.choose(context, &self.here.here()?)?;
        let changing = chosen.hold(context, "delete-resources", &self.wait)?;
        let store = changing.store();
        let forgotten = self.forget(context, &store);
        let names = changing.finish_after(context, forgotten)?;
        context.ui.data(if context.global.json {
            json!({ "forgotten": names }).to_string()
        } else if names.is_empty() {
            "there was nothing to forget".to_owned()
        } else {
            format!("forgot {}", names.join(", "))
        });
        Ok(0)
    }

    /// Forgets what is selected, and gives the names of it.
    fn forget(&self, context: &Context, store: &DeploymentStore) -> Result<Vec<String>> {
        let recorded = store.records()?;
        // A machine of a plugin that is not there any more is known by what was deployed to it.
        let mut roster = Roster::of(store.machines()?, &recorded, &[]);
        let mut keys = select(&mut roster, &self.selection, &recorded)?;
        let machines = roster.records.iter();
        keys.extend(machines.map(|(name, record)| Key::new(&record.backend, name)));
        let names: Vec<String> = keys.iter().map(ToString::to_string).collect();
        if keys.is_empty() {
            return Ok(names);
        }
        self.ask(context, &names)?;
        for key in &keys {
            let mut changes = Vec::new();
            if recorded.current.contains_key(key) {
                changes.push(Change::Remove(key.clone()));
            }
            let deposed = recorded.deposed.iter().filter(|(other, _)| other == key);
            changes.extend(
                deposed
                    .map(|(key, record)| Change::RemoveDeposed(key.clone(), record.token.clone())),
            );
            let machine = roster.records.get(&key.name);
            if machine.is_some_and(|record| record.backend == key.kind) {
                changes.push(Change::RemoveMachine(key.name.clone()));
            }
            let entry = Entry::new(key, Operation::Forget, Stage::Done);
            store.write(&entry, &changes)?;
        }
        Ok(names)
    }

    fn ask(&self, context: &Context, names: &[String]) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        let names = names.join(", ");
        let question = format!("Forget {names}, and leave them as they are?");
        agree(context, &format!("this forgets {names}"), &question)
    }
}
