//! Arguments that say how machines are deployed one after another, and which ones again.

use clap::Args;

use crate::{
    plan::{Batches, MaxFail, Rollout},
    state::{Error, Store},
};

/// How machines are deployed one after another.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "One after another")]
pub struct RolloutArguments {
    /// Activate in batches of these sizes, each once the one before is well: `5`, or `1,10%,rest`
    ///
    /// Machines come in the order of `--on`, and then of their names. The last size is repeated. What is
    /// unchanged takes up no place in a batch.
    #[arg(long, value_name = "SIZES", conflicts_with = "atomic")]
    batch: Option<Batches>,

    /// Begin with no more machines once more than these failed: `2`, or `10%` [default with --batch: 0]
    #[arg(long, value_name = "N|N%", conflicts_with = "atomic")]
    max_fail: Option<MaxFail>,

    /// Copy to all machines, then activate all of them; if one fails or is not healthy, all go back
    #[arg(long)]
    atomic: bool,

    /// Do without machines that give no sign
    #[arg(long)]
    pub skip_unreachable: bool,

    /// Of the selected machines only those whose last deploy did not come to its end
    #[arg(long, conflicts_with = "plan")]
    retry_failed: bool,
}

impl RolloutArguments {
    /// What was meant.
    pub fn meaning(&self) -> Rollout {
        Rollout {
            batches: self.batch.clone().unwrap_or_default(),
            max_fail: self.max_fail,
            atomic: self.atomic,
        }
    }

    /// Leaves the machines that are to be deployed again, if that is what was meant.
    pub fn narrow(
        &self,
        store: &dyn Store,
        mut selected: Vec<String>,
    ) -> Result<Vec<String>, Error> {
        if self.retry_failed {
            let machines = store.machines()?;
            let failed =
                |name: &String| machines.get(name).is_some_and(|it| it.unfinished.is_some());
            selected.retain(failed);
        }
        Ok(selected)
    }

    /// What there is to say where no machine is left.
    pub fn nothing_left(&self, selected: &[String]) -> Option<String> {
        let nothing = self.retry_failed && selected.is_empty();
        let words = "the last deploy of every selected machine came to its end: there is nothing to do again";
        nothing.then(|| words.to_owned())
    }
}
