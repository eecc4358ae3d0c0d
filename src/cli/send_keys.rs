//! `nixops send-keys`

use std::num::NonZeroUsize;

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    deploy::{Mutation, RecordedOutputs, SendKeys as Request, SendingTools, send_keys},
    evaluator::Depth,
    plan::Extent,
    state::DeploymentStore,
    ui::Event,
};

use super::{
    Context,
    deploy::ReachArguments,
    number,
    plugins::schemas,
    selection::SelectionArguments,
    session::{Intent, Session},
    source::SourceArguments,
    state::{StateArguments, WaitArguments},
};

/// Send keys to machines, and remove those that are wanted no more; systems stay as they are
///
/// `nixops deploy` sends keys too. After a reboot this brings those back that are kept in memory
/// alone. A key that is there as it is to be is not sent again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops send-keys                      to all machines of the network here
  nixops send-keys --on web @eu         to some
  nixops send-keys --on web --force     also what is there as it is to be

Exit codes:
  0 all machines have their keys, 1 something failed, 2 wrong usage, 130 interrupted")]
pub struct SendKeys {
    /// Send keys that are there as they are to be, too
    #[arg(long)]
    force: bool,

    /// Machines that are sent keys at the same time
    #[arg(long, value_name = "N", default_value = "32", value_parser = number::positive)]
    parallelism: NonZeroUsize,

    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    selection: SelectionArguments,

    #[command(flatten)]
    reach: ReachArguments,
}

impl SendKeys {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let intent = Intent {
            extent: Some(Extent::KeysOnly),
            ..Intent::default()
        };
        let mut session = Session::begin(context, &self.source, &self.state, intent)?;
        session.holding(
            context,
            &self.wait,
            "send-keys",
            |_| Ok(()),
            |session, store, _| self.with(context, session, store),
        )
    }

    fn with(&self, context: &Context, session: &Session, store: &DeploymentStore) -> Result<u8> {
        let Some(mutation) = Mutation::granted_by(Extent::KeysOnly) else {
            bail!("keys cannot be sent by a run that changes nothing");
        };
        let all = &session.names.machines;
        let selected = self.selection.resolve(&session.evaluator, all)?;
        context.ui.send(Event::Names {
            names: session.names.clone(),
            selected: selected.clone(),
        });
        let known = session.known(&schemas(&session.ground.plugins)?)?;
        let request = Request {
            machines: selected,
            force: self.force,
            at_once: self.parallelism,
        };
        let tools = SendingTools {
            processes: &context.processes,
            connections: &self.reach.connections_of(context, self.parallelism)?,
            outputs: &RecordedOutputs::read(store)?,
            ui: &context.ui,
        };
        let (evaluator, names) = (&session.evaluator, &request.machines);
        let summary = evaluator.machines(Depth::Keys, names, &known, |news| {
            let summary = send_keys(&mutation, &request, news, tools);
            let code = summary.exit_code();
            context.ui.send(Event::Finished { summary });
            code
        });
        Ok(summary?)
    }
}
