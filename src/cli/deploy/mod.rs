//! `nixops deploy`

mod arguments;
mod asking;
mod machines;
mod rollout;

use std::{collections::BTreeMap, fs::File};

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;

use crate::{
    deploy::{Applied, Limits, Mutation, Reboot, Request, Trouble},
    host::Connections,
    plan::{Extent, PlannedResource, SavedPlan, SavedSource},
    state::{DeploymentStore, file_name},
    ui::Event,
};

use super::{
    Context,
    directory::state_directory,
    plugins::PluginArguments,
    reads::surveyed,
    run::{Run, forget_machines, show},
    saved,
    selection::SelectionArguments,
    session::{Intent, Session},
    source::SourceArguments,
    state::{StateArguments, WaitArguments},
};
pub use arguments::{BuildArguments, ExtentArguments, ReachArguments};
use arguments::{HostArguments, RebootArguments};
pub use asking::{AgreementArguments, ResourceArguments};
pub use machines::evaluate_and_deploy;
use rollout::RolloutArguments;

/// Deploy the network: its resources first, then its machines
///
/// What is to be done is planned and shown before anything is changed. Every machine goes its own
/// way, so a slow or broken one holds up no other; one that runs the wanted system already is left
/// alone, and so is a resource that is as it is to be.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops deploy                         the network of the flake here
  nixops deploy --dry-run               what would be done (nixops plan says more)
  nixops deploy --on 'web-*' @eu        some machines, and the resources that they need
  nixops deploy --flake .#prod --boot   another network, from the next boot on
  nixops deploy --batch 1,10%,rest      one machine first; each batch once the one before is well
  nixops deploy --retry-failed          again those that did not come to their end
  nixops deploy --plan tomorrow.plan    what `nixops plan --out` planned, and nothing else
  nixops deploy --allow-reboot          boot what takes effect only then
  nixops deploy --kill-obsolete --yes   also delete what the network has no more
  nixops deploy --file ./net            a classic network

Exit codes:
  0 all went well, 1 something failed, 2 wrong usage, 4 activated but units failed,
  100 activated but a reboot is needed, 130 interrupted")]
pub struct Deploy {
    /// Do what a file says that `nixops plan --out` wrote, and nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["on", "exclude", "kill_obsolete", "dry_run"])]
    plan: Option<Utf8PathBuf>,

    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    selection: SelectionArguments,

    #[command(flatten)]
    extent: ExtentArguments,

    #[command(flatten)]
    reboot: RebootArguments,

    #[command(flatten)]
    rollout: RolloutArguments,

    #[command(flatten)]
    resources: ResourceArguments,

    #[command(flatten)]
    build: BuildArguments,

    #[command(flatten)]
    hosts: HostArguments,

    #[command(flatten)]
    plugins: PluginArguments,
}

impl Deploy {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let saved = self.plan.as_deref().map(SavedPlan::read).transpose()?;
        let assumed = saved.as_ref().map(|saved| saved.deployment.uuid.as_str());
        let extent = self.extent();
        let intent = Intent {
            extent: Some(extent),
            assumed,
        };
        let mut session = Session::begin(context, &self.source, &self.state, intent)?;
        if Mutation::of_resources(extent).is_none() {
            let store = session.ground.look()?;
            return self.with(context, &session, &store, None, None);
        }
        let saved = saved.as_ref();
        session.holding(
            context,
            &self.wait,
            "deploy",
            |session| saved.map_or(Ok(()), |saved| verify(session, saved)),
            |session, store, lock| self.with(context, session, store, lock, saved),
        )
    }

    fn with(
        &self,
        context: &Context,
        session: &Session,
        store: &DeploymentStore,
        lock: Option<&File>,
        saved: Option<&SavedPlan>,
    ) -> Result<u8> {
        let all = &session.names.machines;
        let selected = match saved.and_then(|saved| saved.source.selected.clone()) {
            Some(selected) => selected,
            None => self.selection.resolve(&session.evaluator, all)?,
        };
        let selected = self.rollout.narrow(store, selected)?;
        if let Some(message) = self.rollout.nothing_left(&selected) {
            context.ui.send(Event::Note { message });
            return Ok(0);
        }
        // Who is to give a password does so before anything takes its time.
        let connections = self.hosts.connections(context)?;
        let mut scope = self.resources.scope();
        scope.kill_obsolete |= saved.is_some_and(|saved| saved.source.kill_obsolete);
        let run = Run::of_session(context, session, store, &self.plugins, lock)?;
        let asking = run.asking();
        let stage = asking.stage(session, scope, self.limits());
        context.ui.send(Event::Names {
            names: session.names.clone(),
            selected: selected.clone(),
        });
        let extent = self.extent();
        let mutation = Mutation::of_resources(extent);
        let mut survey = surveyed(context, session, &stage, &selected)?;
        show(context, &survey, extent == Extent::DryRun);
        let is_agreed = self.resources.agreement.covers(&survey.plan);
        let guard = |planned: &PlannedResource| match saved {
            Some(saved) => allow(saved, planned),
            None => is_agreed(planned),
        };
        let applied = match &mutation {
            None => Applied::default(),
            Some(mutation) => {
                survey.plan.all().try_for_each(&guard)?;
                // Who made a plan has seen it.
                if saved.is_none() {
                    self.resources.agreement.ask(context, &survey.plan)?;
                }
                let applied = stage.apply(mutation, &mut survey, &guard)?;
                if scope.kill_obsolete {
                    forget_machines(store, |key| !all.contains(&key.name))?;
                }
                applied
            }
        };
        let part = Part {
            selected,
            saved,
            connections,
        };
        self.machines(context, session, store, &survey, &applied, part)
    }

    fn extent(&self) -> Extent {
        self.reboot.extent(self.extent.meaning())
    }

    fn limits(&self) -> Limits {
        self.hosts.limits(self.resources.agreement.parallelism)
    }

    fn request(&self, session: &Session, machines: Vec<String>) -> Result<Request> {
        Ok(Request {
            machines,
            skipped: BTreeMap::new(),
            extent: self.extent(),
            always_activate: self.hosts.always_activate || self.reboot.meaning() == Reboot::Always,
            reboot: self.reboot.meaning(),
            reboot_timeout: self.reboot.timeout(),
            rollout: self.rollout.meaning(),
            skip_unreachable: self.rollout.skip_unreachable,
            limits: self.limits(),
            build: self.build.options(),
            build_on_target: self.hosts.builds_on_target(),
            roots: roots_directory(&session.ground.deployment.uuid)?,
            keeps_last: true,
        })
    }
}

/// The machines that a run is about, and what it may do with them.
struct Part<'a> {
    selected: Vec<String>,
    saved: Option<&'a SavedPlan>,
    connections: Connections,
}

/// Refuses a plan that was made of something else.
fn verify(session: &Session, plan: &SavedPlan) -> Result<()> {
    let SavedSource {
        selected,
        kill_obsolete,
        ..
    } = &plan.source;
    let source = saved::source(session, selected.clone(), *kill_obsolete)?;
    Ok(plan.verify(&saved::deployment(&session.ground.deployment), &source)?)
}

/// Refuses what a plan does not say.
fn allow(saved: &SavedPlan, planned: &PlannedResource) -> Result<(), Trouble> {
    saved.allows(planned).map_err(|outside| {
        let hint = outside.hint().to_owned();
        Trouble::new(outside.to_string(), Some(hint))
    })
}

/// Where the links are that keep the systems of a deployment from collection.
pub fn roots_directory(uuid: &str) -> Result<Utf8PathBuf> {
    Ok(state_directory()?.join("gcroots").join(file_name(uuid)))
}
