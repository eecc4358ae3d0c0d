//! `nixops deploy`

mod arguments;

use std::{collections::BTreeMap, sync::mpsc, thread};

use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value;

use crate::{
    deploy::{Mutation, Request, Stage, Tools, deploy},
    evaluator::{self, EvaluatedResource, Evaluator},
    host::Connections,
    nix::Nix,
    plugin::PluginSet,
    preview::{Checked, Preview},
    state::{FileStore, file_name},
    ui::Event,
};

use super::{
    Context,
    checking::check,
    directory::state_directory,
    plugins::{self, PluginArguments},
    selection::SelectionArguments,
    source::SourceArguments,
};
use arguments::{BuildArguments, ExtentArguments, HostArguments};

/// Deploy the network: evaluate, build, copy and activate its machines
///
/// Every machine goes its own way, so a slow or broken one holds up no other. A machine that runs
/// the wanted system already is left alone.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops deploy                         the network of the flake here
  nixops deploy --dry-run               what would be done
  nixops deploy --on 'web-*' @eu        some machines
  nixops deploy --flake .#prod --boot   another network, from the next boot on
  nixops deploy --file ./net            a classic network

Exit codes:
  0 all went well, 1 something failed, 2 wrong usage, 4 activated but units failed,
  100 activated but a reboot is needed, 130 interrupted")]
pub struct Deploy {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    selection: SelectionArguments,

    #[command(flatten)]
    extent: ExtentArguments,

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
        let nix = self.source.nix(context)?;
        let evaluator = self.source.evaluator(context, &nix)?;
        context.ui.send(Event::Started {
            flake: evaluator.source().reference(),
            network: evaluator.source().network().to_owned(),
            nix: nix.version().to_string(),
            extent: Some(self.extent.meaning()),
        });
        let overview = evaluator.overview()?;
        let names = overview.names;
        let plugins = PluginSet::from_json(overview.plugins)?;
        let schemas = plugins::schemas(&plugins)?;
        let selected = self.selection.resolve(&evaluator, &names.machines)?;
        let deployment = deployment(&evaluator, &overview.network);
        let request = self.request(&deployment, selected)?;
        let source = evaluator.source();
        let providers = self.plugins.providers(context, &nix, source, plugins)?;
        let preview = Preview {
            deployment: &deployment,
            providers: &providers,
            schemas: &schemas,
        };
        let resources = evaluator.resources(&names)?;
        context.ui.send(Event::Names {
            names,
            selected: request.machines.clone(),
        });
        let checked = check(context, &evaluator, &preview, &resources, &request.machines)?;
        let store = self.store(&deployment)?;
        let stage = Stage {
            preview: &preview,
            store: &store,
            ui: &context.ui,
        };
        provide(&stage, &resources, &checked, &request)?;
        self.deploy(context, &nix, &evaluator, &request, stage)
    }

    /// The state of the deployment, which a run that changes nothing only looks at.
    fn store(&self, deployment: &str) -> Result<FileStore> {
        let path = state_directory()?
            .join("deployments")
            .join(file_name(deployment) + ".json");
        let changes = Mutation::of_resources(self.extent.meaning()).is_some();
        Ok(if changes {
            FileStore::open(&path)?
        } else {
            FileStore::look(&path)?
        })
    }

    /// Evaluates in one thread and deploys in this one, what is evaluated at once.
    fn deploy(
        &self,
        context: &Context,
        nix: &Nix,
        evaluator: &Evaluator,
        request: &Request,
        stage: Stage<'_>,
    ) -> Result<u8> {
        let connections = Connections::new(context.processes.clone(), self.hosts.options())?;
        let tools = Tools {
            nix,
            processes: &context.processes,
            connections: &connections,
            stage: Some(stage),
            ui: &context.ui,
        };
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            let evaluation = scope.spawn(move || evaluator.machines(&request.machines, &sender));
            let summary = deploy(request, &receiver, &tools);
            let code = summary.exit_code();
            context.ui.send(Event::Finished { summary });
            match evaluation.join() {
                Ok(Err(error)) if !context.processes.interrupted() => Err(error.into()),
                Ok(_) => Ok(code),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn request(&self, deployment: &str, machines: Vec<String>) -> Result<Request> {
        Ok(Request {
            machines,
            extent: self.extent.meaning(),
            always_activate: self.hosts.always_activate,
            limits: self.hosts.limits(),
            build: self.build.options(),
            roots: state_directory()?
                .join("gcroots")
                .join(file_name(deployment)),
        })
    }
}

/// The first stage: resources, which all machines may need.
fn provide(
    stage: &Stage<'_>,
    resources: &[EvaluatedResource],
    checked: &Checked,
    request: &Request,
) -> Result<()> {
    if !request.extent.needs_hosts() {
        return Ok(());
    }
    let mutation = Mutation::of_resources(request.extent);
    let failed = stage.resources(mutation.as_ref(), resources, checked, request.limits);
    match failed.map_err(|diagnostic| evaluator::Error::Network(Box::new(diagnostic)))? {
        0 => Ok(()),
        1 => bail!("a resource failed, so no machine was touched"),
        many => bail!("{many} resources failed, so no machine was touched"),
    }
}

/// Who the deployment is: what the network says, or else where it is.
fn deployment(evaluator: &Evaluator, network: &BTreeMap<String, Value>) -> String {
    let named = network.get("uuid").and_then(Value::as_str);
    named.map_or_else(|| evaluator.source().identity().uuid, str::to_owned)
}
