//! What may be done with resources, and whether the user agrees.

use std::{collections::BTreeSet, num::NonZeroUsize};

use anyhow::Result;
use clap::Args;

use crate::{
    deploy::{Limits, Scope, Trouble},
    plan::{PlannedResource, ResourcesPlan},
    state::Key,
};

use super::super::{Context, agreement::agree, number};

/// Whether the user agrees before anybody asks, and how much is done at once.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Resources")]
pub struct AgreementArguments {
    /// Replace and delete without asking
    #[arg(long, short)]
    #[arg(visible_alias = "confirm")]
    yes: bool,

    /// Resources that are made, changed or deleted at the same time
    #[arg(long, value_name = "N", default_value_t = Limits::default().create, value_parser = number::positive)]
    #[arg(alias = "max-concurrent-create")]
    pub parallelism: NonZeroUsize,
}

/// What may be done with resources.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Resources")]
pub struct ResourceArguments {
    #[command(flatten)]
    pub agreement: AgreementArguments,

    /// Delete what the network has no more
    #[arg(long, short)]
    pub kill_obsolete: bool,

    /// Take what the state says of resources as true, without asking their providers
    #[arg(long, conflicts_with = "check")]
    pub no_refresh: bool,

    /// Ask providers what there is, and repair what differs from the state; this is the default
    #[arg(long)]
    pub check: bool,
}

impl ResourceArguments {
    /// What the run may touch.
    pub fn scope(&self) -> Scope {
        Scope {
            kill_obsolete: self.kill_obsolete,
            trusts_state: self.no_refresh,
        }
    }
}

impl AgreementArguments {
    /// What was agreed to: nothing else is lost that turns up only while the plan is carried out.
    pub fn covers(
        self,
        plan: &ResourcesPlan,
    ) -> impl Fn(&PlannedResource) -> Result<(), Trouble> + Sync + use<> {
        let lost = plan.all().filter(|planned| planned.destroys());
        let lost: BTreeSet<Key> = lost.map(|planned| planned.key.clone()).collect();
        move |planned| {
            if !planned.destroys() || self.yes || lost.contains(&planned.key) {
                return Ok(());
            }
            let message = "it would be replaced now, which the plan did not say";
            let hint = "deploy again: what it is by now is in the plan then";
            Err(Trouble::new(message, Some(hint.to_owned())))
        }
    }

    /// Asks before something is lost. Who cannot be asked has to have said so.
    pub fn ask(&self, context: &Context, plan: &ResourcesPlan) -> Result<()> {
        let lost: Vec<&PlannedResource> = plan.all().filter(|planned| planned.destroys()).collect();
        if lost.is_empty() || self.yes {
            return Ok(());
        }
        let names: Vec<String> = lost.iter().map(|planned| planned.key.to_string()).collect();
        let names = names.join(", ");
        let question = format!("This replaces or deletes {names}. Go on?");
        agree(
            context,
            &format!("this replaces or deletes {names}"),
            &question,
        )
    }
}
