//! `nixops build`

use std::{collections::BTreeMap, env};

use anyhow::{Context as _, Result};
use camino::Utf8PathBuf;
use clap::Args;

use crate::{
    deploy::{Request, Tools, deploy},
    evaluator::Depth,
    host::{self, Connections},
    plan::{Outcome, Summary},
    ui::Event,
};

use super::{
    Context,
    deploy::{BuildArguments, roots_directory},
    plugins::schemas,
    selection::SelectionArguments,
    session::{Intent, Session},
    source::SourceArguments,
    state::StateArguments,
};

/// Build the systems of machines, and print their store paths
///
/// Nobody connects to a host, nothing is made or changed, and no lock is taken. A system that reads what
/// is known only after something is made cannot be built before.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops build                             the systems of all machines of the flake here
  nixops build --on web --out-link ./systems    with a link ./systems/web
  nixops build --json | jq -r '.machines.web.system'
  nix copy --to ssh://cache $(nixops build)

Exit codes:
  0 all are built, 1 one is not, 2 wrong usage, 130 interrupted")]
pub struct Build {
    /// Directory for links to the systems, which keep them from the garbage collector [default: that of the
    /// deployment]
    #[arg(long, short, value_name = "DIR")]
    out_link: Option<Utf8PathBuf>,

    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    selection: SelectionArguments,

    #[command(flatten)]
    building: BuildArguments,
}

impl Build {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let session = Session::begin(context, &self.source, &self.state, Intent::default())?;
        let machines = self
            .selection
            .resolve(&session.evaluator, &session.names.machines)?;
        let known = session.known(&schemas(&session.ground.plugins)?)?;
        let roots = self.roots(&session)?;
        let request = Request {
            keeps_last: self.out_link.is_none(),
            ..Request::building(machines, self.building.options(), roots)
        };
        let connections = Connections::new(context.processes.clone(), host::Options::default())?;
        let tools = Tools {
            nix: &session.ground.nix,
            processes: &context.processes,
            connections: &connections,
            provided: &BTreeMap::new(),
            secret: &|_| None,
            store: None,
            saved: None,
            addresses: None,
            ui: &context.ui,
        };
        let (evaluator, names) = (&session.evaluator, &request.machines);
        let summary = evaluator.machines(Depth::Systems, names, &known, |news| {
            deploy(&request, news, &tools)
        })?;
        self::print(context, summary)
    }

    /// Where the links are put.
    fn roots(&self, session: &Session) -> Result<Utf8PathBuf> {
        let Some(link) = &self.out_link else {
            return roots_directory(&session.ground.deployment.uuid);
        };
        let here = env::current_dir().context("while looking where --out-link is")?;
        let here = Utf8PathBuf::try_from(here).context("while looking where --out-link is")?;
        Ok(here.join(link))
    }
}

fn print(context: &Context, summary: Summary) -> Result<u8> {
    let code = summary.exit_code();
    if context.global.json {
        let text = serde_json::to_string(&summary).context("while writing what was built")?;
        context.ui.data(text);
    } else {
        let machines = summary.machines.values();
        let built = machines.filter(|machine| machine.outcome == Outcome::Built);
        built
            .filter_map(|machine| machine.system.clone())
            .for_each(|system| context.ui.data(system));
    }
    context.ui.send(Event::Finished { summary });
    Ok(code)
}
