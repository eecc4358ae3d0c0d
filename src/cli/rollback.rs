//! `nixops rollback`

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{
    deploy::Mutation,
    fleet::{GoingBack, Member, WentBack},
    plan::{Outcome, Step},
    process::Stream,
};

use super::{Context, fleet::ManyArguments, state::WaitArguments};

/// Go back to an older generation
///
/// Each selected machine goes back to a generation of its own system profile, by the way on which a
/// deploy takes it to a new system: tried first, and confirmed over a new connection. The next
/// `nixops deploy` brings what the network says again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops rollback --on web                 to the generation before the current one
  nixops rollback 12 --on web              to another one, also a newer one
  nixops list-generations --on web         which there are

Exit codes:
  0 all went well, 1 something failed, or a machine stayed where it was, 2 wrong usage,
  4 activated but units failed, 100 activated but a reboot is needed, 130 interrupted")]
pub struct Rollback {
    /// Number of the generation [default: the one before the current one]
    #[arg(value_name = "GENERATION")]
    generation: Option<u32>,

    #[command(flatten)]
    many: ManyArguments,

    #[command(flatten)]
    wait: WaitArguments,
}

impl Rollback {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let found = self.many.find(context)?;
        found.holding(context, &self.wait, "rollback", |(_, store, _), members| {
            let mutation = Mutation::of_machines();
            let back = GoingBack {
                mutation: &mutation,
                ui: &context.ui,
                to: self.generation,
            };
            let mut all = Vec::new();
            let bring = |connections: &_, member: &Member| back.bring(connections, member);
            let mut noted = Ok(());
            let hear = |member: &Member, went: WentBack| {
                let note = went.note(store, &member.record);
                noted = std::mem::replace(&mut noted, Ok(())).and(note);
                tell(context, &went);
                all.push(went);
            };
            self.many
                .each_and_interrupted(context, members, bring, hear)?;
            noted?;
            if context.global.json {
                let text = serde_json::to_string(&all).context("while writing what was done")?;
                context.ui.data(text);
            }
            let codes = all.iter().map(WentBack::exit_code);
            // What failed counts more than what is to be rebooted.
            Ok(codes
                .max_by_key(|code| [0, 100, 4, 1, 130].iter().position(|one| one == code))
                .unwrap_or(0))
        })
    }
}

fn tell(context: &Context, went: &WentBack) {
    if context.global.json {
        return;
    }
    let name = &went.machine;
    if let Outcome::Failed { diagnostic, .. } | Outcome::RolledBack { diagnostic } = &went.outcome {
        context.ui.error(diagnostic.clone().of(name));
        return;
    }
    let number = |number: Option<u32>| number.map_or("none".to_owned(), |it| it.to_string());
    let (from, to) = (number(went.from), number(went.to));
    let line = match &went.outcome {
        Outcome::Interrupted {
            step: Step::Connect,
            ..
        } => went.outcome.to_string(),
        outcome => format!("generation {from} → {to}: {outcome}"),
    };
    context.ui.line(name, Stream::Stdout, &line);
    if went.outcome.may_go_on() {
        let advice =
            "the activation may still be running there; unconfirmed, it goes back by itself";
        context.ui.line(name, Stream::Stderr, advice);
    }
}
