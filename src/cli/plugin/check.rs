//! `nixops plugin check`

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use crate::{
    evaluator::{Evaluator, Samples},
    nix::Nix,
    plugin::{
        self, Plugin, PluginSet,
        check::{Findings, advice, compare},
        conformance::Options,
    },
    schema::{Registry, samples},
};

use super::{
    super::Context,
    show,
    source::PluginSource,
    test::{built, documents, tested},
};

/// Values of each type that the options in Nix and the schema are held against.
const SAMPLES: usize = 60;

/// Prove what can be proved of a plugin without a cloud
///
/// Its manifest, its Nix expressions, its schemas, that options and schemas agree, and that its
/// provider speaks the protocol. Says what to change in a plugin of NixOps 2.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops plugin check                      the plugin whose flake is here
  nixops plugin check ~/nixops-neatcloud   another one
  nixops plugin check --provider target/debug/nixops-neatcloud")]
pub struct Check {
    #[command(flatten)]
    source: PluginSource,

    /// Check this program instead of the provider that the flake builds
    #[arg(long, value_name = "PROGRAM", conflicts_with = "no_provider")]
    provider: Option<Utf8PathBuf>,

    /// Leave the provider out
    #[arg(long)]
    no_provider: bool,
}

impl Check {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let mut findings = Findings::default();
        let directory = Utf8Path::new(&self.source.flake);
        for advice in advice(directory) {
            findings.advise("it has left NixOps 2 behind", advice);
        }
        if directory.is_dir() && !directory.join("flake.nix").exists() {
            findings.fail("it is a flake", "there is no flake.nix".to_owned());
            return show(context, &findings.report());
        }
        let nix = self.source.nix(context)?;
        let evaluator = self.source.evaluator(context, &nix)?;
        self.examine(context, &nix, &evaluator, &mut findings)?;
        show(context, &findings.report())
    }

    fn examine(
        &self,
        context: &Context,
        nix: &Nix,
        evaluator: &Evaluator,
        findings: &mut Findings,
    ) -> Result<()> {
        let overview = evaluator.overview().map_err(|error| error.to_string());
        let title = "it is a flake whose `nixopsPlugin` evaluates";
        let Some(overview) = findings.note(title, overview) else {
            return Ok(());
        };
        let plugins = PluginSet::from_json(overview.plugins).map_err(|error| error.to_string());
        let Some(plugins) = findings.note("its manifest is sound", plugins) else {
            return Ok(());
        };
        let Some(plugin) = plugins.iter().next().cloned() else {
            findings.fail(title, "it is none".to_owned());
            return Ok(());
        };
        let registry = schemas(&plugin, findings);
        options(evaluator, &plugin, &registry, findings);
        agreement(evaluator, &plugin, &registry, findings);
        self.provider(context, nix, plugins, &plugin, findings)
    }

    fn provider(
        &self,
        context: &Context,
        nix: &Nix,
        plugins: PluginSet,
        plugin: &Plugin,
        findings: &mut Findings,
    ) -> Result<()> {
        let none = plugin.manifest.provider.is_none() && self.provider.is_none();
        if self.no_provider || none {
            let reason = if none {
                "it has none here"
            } else {
                "--no-provider"
            };
            findings.skip("its provider speaks the protocol", reason.to_owned());
            return Ok(());
        }
        let program = match &self.provider {
            Some(program) => Ok(program.clone()),
            None => built(context, nix, plugins, plugin).map_err(|error| format!("{error:#}")),
        };
        if let Some(program) = findings.note("its provider is there", program) {
            let options = Options {
                schemas: documents(plugin)?,
                ..Options::default()
            };
            findings.extend(tested(context, plugin, program, &options));
        }
        Ok(())
    }
}

/// Reads the schemas that a plugin ships.
fn schemas(plugin: &Plugin, findings: &mut Findings) -> Registry {
    let mut registry = Registry::new();
    let texts = plugin.schema_texts().map_err(|error| error.to_string());
    let texts = findings.note("its schemas can be read", texts);
    for file in texts.unwrap_or_default() {
        let origin = plugin.origin.to_string();
        let added = registry.replace(&file.of_type, &file.text, &origin);
        let added = added.map_err(|error| plugin::told(&error));
        findings.note(
            &format!("the schema of {} can be used", file.of_type),
            added,
        );
    }
    registry
}

/// Looks at the options in Nix and at the conventions that users rely on.
fn options(evaluator: &Evaluator, plugin: &Plugin, registry: &Registry, findings: &mut Findings) {
    let facts = evaluator.plugin_facts().map_err(|error| error.to_string());
    let Some(facts) = findings.note("its options evaluate", facts) else {
        return;
    };
    findings.conventions(plugin, registry, &facts);
}

/// Holds generated values against options and schema of each type.
fn agreement(evaluator: &Evaluator, plugin: &Plugin, registry: &Registry, findings: &mut Findings) {
    let types = plugin
        .manifest
        .types
        .iter()
        .chain(&plugin.manifest.backends);
    let own = types.filter_map(|name| Some((name.clone(), registry.get(name)?)));
    let drawn: Vec<_> = own
        .map(|(name, schema)| (name, samples(&schema.options, 1, SAMPLES)))
        .collect();
    if drawn.is_empty() {
        return;
    }
    let values = |sample: &crate::schema::Sample| sample.value.clone();
    let asked: Samples = drawn
        .iter()
        .map(|(name, samples)| (name.clone(), samples.iter().map(values).collect()))
        .collect();
    let answers = evaluator.plugin_agreement(&asked);
    let answers = answers.map_err(|error| error.to_string());
    let Some(answers) = findings.note("values can be tried on its options", answers) else {
        return;
    };
    for (name, samples) in &drawn {
        let taken = answers.get(name).map_or(&[][..], Vec::as_slice);
        let title = format!("options and schema of {name} agree");
        findings.note(&title, compare(samples, taken));
    }
}
