//! `nixops apply-local`

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;

use crate::{
    deploy::{Mutation, Provided, Reach, RecordedOutputs, Request, Tools, Trouble},
    evaluator::Known,
    host::{self, Connections},
    network::MachineOptions,
    plan::{Extent, Goal, LocalError, Selection, is_called, named_as, with_host_name},
    state::DeploymentStore,
    ui::Event,
};

use super::{
    Context,
    agreement::agree,
    deploy::{BuildArguments, ExtentArguments, evaluate_and_deploy, roots_directory},
    elevation::ElevationArguments,
    plugins::schemas,
    selection::options,
    session::{Intent, Session},
    source::SourceArguments,
    state::{StateArguments, WaitArguments},
};

/// Deploy this computer itself, which is one of the machines, without SSH
///
/// It goes the way of `nixops deploy`, but for connections and copies: what is built is in the store
/// already. The machine must allow it (`deployment.allowLocalDeployment = true`). No provider is asked:
/// what is known of resources is what the last deploy made of them.
#[derive(Debug, Args)]
// Nothing has to be copied; who says so builds.
#[command(mut_arg("copy_only", |it| it.hide(true)))]
#[command(after_help = "Examples:
  nixops apply-local                    this computer, from the network of the flake here
  nixops apply-local --dry-run          what would be done
  nixops apply-local --test             until the next boot
  nixops apply-local --boot             from the next boot on
  nixops apply-local laptop             a computer that has another host name yet; asks, or takes --yes
  nixops apply-local --flake .#home     another network

Exit codes:
  0 all went well, 1 something failed, 2 wrong usage, 4 activated but units failed,
  100 activated but a reboot is needed, 130 interrupted")]
pub struct ApplyLocal {
    /// The machine that this computer is [default: the one that has its host name]
    machine: Option<String>,

    /// Deploy a machine with another host name than this computer has, without asking
    #[arg(long, short)]
    #[arg(visible_alias = "confirm")]
    yes: bool,

    /// Activate even if the wanted system runs already
    #[arg(long)]
    always_activate: bool,

    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    extent: ExtentArguments,

    #[command(flatten)]
    build: BuildArguments,

    #[command(flatten)]
    elevation: ElevationArguments,
}

/// The machine that this computer is.
struct Chosen {
    name: String,
    options: MachineOptions,
    connections: Connections,
}

impl ApplyLocal {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let extent = self.extent.meaning();
        let intent = Intent {
            extent: Some(extent),
            ..Intent::default()
        };
        let mut session = Session::begin(context, &self.source, &self.state, intent)?;
        let chosen = self.chosen(context, &session)?;
        if Mutation::of_resources(extent).is_none() {
            let store = session.ground.look()?;
            return self.with(context, &session, &store, &chosen);
        }
        session.holding(
            context,
            &self.wait,
            "apply-local",
            |_| Ok(()),
            |session, store, _| self.with(context, session, store, &chosen),
        )
    }

    fn with(
        &self,
        context: &Context,
        session: &Session,
        store: &DeploymentStore,
        chosen: &Chosen,
    ) -> Result<u8> {
        let name = &chosen.name;
        context.ui.send(Event::Names {
            names: session.names.clone(),
            selected: vec![name.clone()],
        });
        let outputs = RecordedOutputs::read(store)?;
        // A machine that its backend has not made is no computer, and not this one.
        let made = outputs.reach(name, &chosen.options);
        made.map_err(|trouble| Trouble::Failed(trouble.into_diagnostic().of(name)))?;
        let here = Provided {
            reach: Reach::Local,
            would: None,
        };
        let addresses = outputs.addresses(&session.names, &session.backends())?;
        let roots = roots_directory(&session.ground.deployment.uuid)?;
        let request = Request {
            extent: self.extent.meaning(),
            always_activate: self.always_activate,
            ..Request::building(vec![name.clone()], self.build.options(), roots)
        };
        let tools = Tools {
            nix: &session.ground.nix,
            processes: &context.processes,
            connections: &chosen.connections,
            provided: &BTreeMap::from([(name.clone(), here)]),
            secret: &|output| outputs.value(output).ok().flatten(),
            store: Some(store),
            saved: None,
            addresses: (!addresses.machines.is_empty()).then_some(&addresses),
            ui: &context.ui,
        };
        let known = known(session)?;
        evaluate_and_deploy(context, session, &request, &known, &tools, |_| {})
    }

    /// Finds the machine, makes sure that this computer may become it, and gets the password for that.
    fn chosen(&self, context: &Context, session: &Session) -> Result<Chosen> {
        let host = host_name();
        let (name, options) = self.find(session, &host)?;
        if !options.allow_local_deployment {
            return Err(LocalError::NotAllowed { machine: name }.into());
        }
        if self.switches() && !self.yes && !is_called(&host, &name, &options) {
            let sentence = format!("this computer is called {host}, and not {name}");
            let question = format!("This computer is called {host}. Make it {name}?");
            agree(context, &sentence, &question)?;
        }
        let passwords = self.elevation.passwords(context)?;
        let (processes, ways) = (context.processes.clone(), host::Options::default());
        Ok(Chosen {
            name,
            options,
            connections: Connections::asking(processes, ways, passwords)?,
        })
    }

    fn find(&self, session: &Session, host: &str) -> Result<(String, MachineOptions)> {
        let (all, known) = (&session.names.machines, known(session)?);
        let named = match &self.machine {
            Some(pattern) => Some(named(pattern, all)?),
            None => named_as(host, all).cloned(),
        };
        let asked = named.as_ref().map_or(all.as_slice(), std::slice::from_ref);
        let mut found = options(&session.evaluator, asked, &known, "host name")?;
        let name = match named {
            Some(name) => name,
            None => with_host_name(host, &found)?,
        };
        let options = found.remove(&name);
        let unheard = || anyhow::anyhow!("Nix ended before it had evaluated {name}");
        Ok((name.clone(), options.ok_or_else(unheard)?))
    }

    /// Whether this computer is another one afterwards.
    fn switches(&self) -> bool {
        match self.extent.meaning() {
            Extent::Activate(goal) => goal != Goal::DryActivate,
            _ => false,
        }
    }
}

fn known(session: &Session) -> Result<Known> {
    session.known(&schemas(&session.ground.plugins)?)
}

/// The machine that a pattern means.
fn named(pattern: &str, all: &[String]) -> Result<String> {
    let pattern = pattern.to_owned();
    let selection = Selection::parse(std::slice::from_ref(&pattern), &[])?;
    let mut machines = selection.resolve(all, &BTreeMap::new())?;
    match machines.len() {
        1 => Ok(machines.remove(0)),
        _ => Err(LocalError::Ambiguous { pattern, machines }.into()),
    }
}

fn host_name() -> String {
    let system = rustix::system::uname();
    system.nodename().to_string_lossy().into_owned()
}
