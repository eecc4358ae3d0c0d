//! `nixops plugin test`

use std::{collections::BTreeMap, fs, sync::Arc};

use anyhow::{Context as _, Result, bail};
use camino::Utf8PathBuf;
use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use nixops_plugin::protocol::Attributes;

use crate::{
    plugin::{
        self, Plugin, PluginSet, Providers,
        conformance::{self, Check, Options, Sample, Target},
    },
    ui::Event,
};

use super::{
    super::{Context, directory::state_directory},
    conclude, doing,
    source::PluginSource,
    tell,
};

/// Run a provider through the protocol
///
/// Everything that NixOps asks of a provider is asked. Nothing is made, changed or deleted, unless
/// `--mutate` says so.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops plugin test                                  the provider that the flake here builds
  nixops plugin test --provider target/debug/nixops-neatcloud
  nixops plugin test --inputs inputs.json --mutate    a whole life of each resource in the file

The file of inputs has an object a type: { \"<type>\": { \"inputs\": { … }, \"changed\": { … } } }.
`changed` are other inputs to which the resource can be changed; it may be left out.")]
pub struct Test {
    #[command(flatten)]
    source: PluginSource,

    /// Test this program instead of the one that the flake builds
    #[arg(long, value_name = "PROGRAM")]
    provider: Option<Utf8PathBuf>,

    /// A JSON file with right inputs by type
    #[arg(long, value_name = "FILE")]
    inputs: Option<Utf8PathBuf>,

    /// Make, change and delete a resource of each type in the inputs, for real
    #[arg(long, requires = "inputs")]
    mutate: bool,
}

/// What the file of inputs says of a type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inputs {
    inputs: Attributes,
    changed: Option<Attributes>,
}

impl Test {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let nix = self.source.nix(context)?;
        let overview = self.source.evaluator(context, &nix)?.overview()?;
        let plugins = PluginSet::from_json(overview.plugins)?;
        let Some(plugin) = plugins.iter().next().cloned() else {
            bail!("{} is no plugin", self.source.flake);
        };
        let program = match &self.provider {
            Some(program) => program.clone(),
            None => built(context, &nix, plugins, &plugin)?,
        };
        doing(context, &plugin.manifest.name, "testing its provider");
        let options = Options {
            schemas: documents(&plugin)?,
            samples: self.samples()?,
            mutate: self.mutate,
            ..Options::default()
        };
        let mut told = |check: &Check| tell(context, check);
        let report = tested(context, &plugin, program, &options, &mut told);
        conclude(context, &report)
    }

    fn samples(&self) -> Result<BTreeMap<String, Sample>> {
        let Some(path) = &self.inputs else {
            return Ok(BTreeMap::new());
        };
        let text = fs::read(path).with_context(|| format!("while reading {path}"))?;
        let inputs: BTreeMap<String, Inputs> = serde_json::from_slice(&text)
            .with_context(|| format!("{path} cannot be understood"))?;
        let sample = |Inputs { inputs, changed }| Sample { inputs, changed };
        Ok(inputs
            .into_iter()
            .map(|(kind, inputs)| (kind, sample(inputs)))
            .collect())
    }
}

/// The program of a plugin's provider, built.
pub fn built(
    context: &Context,
    nix: &crate::nix::Nix,
    plugins: PluginSet,
    plugin: &Plugin,
) -> Result<Utf8PathBuf> {
    if plugin
        .manifest
        .provider
        .as_ref()
        .is_some_and(|provider| provider.drv.is_some())
    {
        doing(context, &plugin.manifest.name, "building its provider");
    }
    let providers = Providers::new(
        plugins,
        nix.clone(),
        context.processes.clone(),
        state_directory()?.join("gcroots/providers"),
        BTreeMap::new(),
        Arc::new(|_, _| {}),
    )?;
    Ok(providers.program(plugin)?)
}

/// Runs a provider through the protocol.
pub fn tested(
    context: &Context,
    plugin: &Plugin,
    program: Utf8PathBuf,
    options: &Options,
    told: &mut dyn FnMut(&Check),
) -> conformance::Report {
    let ui = context.ui.clone();
    let name = plugin.manifest.name.clone();
    let target = Target {
        processes: context.processes.clone(),
        origin: plugin.origin.clone(),
        program,
        listener: Arc::new(move |event| {
            if let plugin::ProviderEvent::Stderr { line } = event {
                ui.send(Event::PluginLog {
                    plugin: name.clone(),
                    line,
                });
            }
        }),
    };
    conformance::watch(&target, options, told)
}

/// The schemas that a plugin ships, as far as they are JSON.
pub fn documents(plugin: &Plugin) -> Result<BTreeMap<String, Value>> {
    let texts = plugin.schema_texts()?.into_iter();
    Ok(texts
        .filter_map(|file| Some((file.of_type, serde_json::from_str(&file.text).ok()?)))
        .collect())
}
