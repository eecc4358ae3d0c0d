//! `nixops plugin check`

use std::collections::BTreeMap;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde_json::Value;

use crate::{
    evaluator::{Evaluator, PluginFacts, Samples, deployer_system},
    nix::Nix,
    plugin::{
        self, Plugin, PluginSet,
        check::{Findings, advice, compare, without_flake, words},
        conformance::{self, Options},
    },
    schema::{Registry, trials},
};

use super::{
    super::{Context, error::diagnostic},
    conclude, doing,
    source::PluginSource,
    tell,
    test::{built, documents, tested},
};

/// Values of each type that fit, and that nearly do, which options and schema are held against.
const SAMPLES: usize = 40;

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
        let mut told = |check: &conformance::Check| tell(context, check);
        let mut findings = Findings::new(&mut told);
        let directory = Utf8Path::new(&self.source.flake);
        for (file, advice) in advice(directory) {
            findings.advise(&format!("it has left {file} of NixOps 2 behind"), advice);
        }
        if directory.is_dir() && !directory.join("flake.nix").exists() {
            findings.fail("it is a flake", without_flake(directory));
            return conclude(context, &findings.report());
        }
        let nix = self.source.nix(context)?;
        let evaluator = self.source.evaluator(context, &nix)?;
        self.examine(context, &nix, &evaluator, &mut findings)?;
        conclude(context, &findings.report())
    }

    fn examine(
        &self,
        context: &Context,
        nix: &Nix,
        evaluator: &Evaluator,
        findings: &mut Findings<'_>,
    ) -> Result<()> {
        let title = "it is a flake whose `nixopsPlugin` evaluates";
        let overview = evaluator.overview().map_err(wrong);
        let Some(overview) = findings.note(title, overview) else {
            return Ok(());
        };
        let plugins = PluginSet::from_json(overview.plugins).map_err(wrong);
        let Some(plugins) = findings.note("its manifest is sound", plugins) else {
            return Ok(());
        };
        let Some(plugin) = plugins.iter().next().cloned() else {
            findings.fail(title, "it is none".to_owned());
            return Ok(());
        };
        let registry = schemas(&plugin, findings);
        doing(context, &plugin.manifest.name, "evaluating its options");
        if let Some(facts) = options(evaluator, &plugin, &registry, findings) {
            agreement(evaluator, &plugin, &registry, &facts, findings);
        }
        let is_wanted = self.provider.is_none() && !self.no_provider;
        if is_wanted && plugin.manifest.provider_throws {
            let evaluated = evaluator.plugin_provider().map_err(wrong);
            if findings.note("its provider evaluates", evaluated).is_none() {
                return Ok(());
            }
        }
        self.provider(context, nix, plugins, &plugin, findings)
    }

    fn provider(
        &self,
        context: &Context,
        nix: &Nix,
        plugins: PluginSet,
        plugin: &Plugin,
        findings: &mut Findings<'_>,
    ) -> Result<()> {
        if let Some(reason) = self.without_provider(plugin) {
            findings.skip("its provider speaks the protocol", reason);
            return Ok(());
        }
        let program = match &self.provider {
            Some(program) => Ok(program.clone()),
            None => built(context, nix, plugins, plugin).map_err(wrong),
        };
        if let Some(program) = findings.note("its provider is there", program) {
            let options = Options {
                schemas: documents(plugin)?,
                ..Options::default()
            };
            doing(context, &plugin.manifest.name, "asking its provider");
            tested(context, plugin, program, &options, &mut |check| {
                findings.take(check);
            });
        }
        Ok(())
    }

    /// Why no provider is asked, if none is.
    fn without_provider(&self, plugin: &Plugin) -> Option<String> {
        if self.no_provider {
            return Some("`--no-provider` says so".to_owned());
        }
        if plugin.has_provider() || self.provider.is_some() {
            return None;
        }
        Some(match plugin.manifest.provider_systems.as_slice() {
            [] => "it has none".to_owned(),
            systems => format!(
                "it has none for {}, but for {}",
                deployer_system(),
                systems.join(", ")
            ),
        })
    }
}

/// What is wrong, where, and what may be done about it.
fn wrong(error: impl Into<anyhow::Error>) -> String {
    let diagnostic = diagnostic(&error.into());
    let position = diagnostic
        .position
        .map(|position| format!("\nat {position}"));
    let hint = diagnostic.hint.map(|hint| format!("\nhint: {hint}"));
    // There is no network that could have named the plugin.
    let message = diagnostic
        .message
        .replace(" (named in `network.plugins')", "");
    let message = message.replace(" (in `network.plugins`)", "");
    format!(
        "{message}{}{}",
        position.unwrap_or_default(),
        hint.unwrap_or_default()
    )
}

/// Reads the schemas that a plugin ships.
fn schemas(plugin: &Plugin, findings: &mut Findings<'_>) -> Registry {
    let mut registry = Registry::new();
    let texts = plugin.schema_texts().map_err(wrong);
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
fn options(
    evaluator: &Evaluator,
    plugin: &Plugin,
    registry: &Registry,
    findings: &mut Findings<'_>,
) -> Option<PluginFacts> {
    let facts = evaluator.plugin_facts().map_err(wrong);
    let facts = findings.note("its options evaluate", facts)?;
    findings.conventions(plugin, registry, &facts);
    Some(facts)
}

/// Holds generated values against options and schema of each type.
fn agreement(
    evaluator: &Evaluator,
    plugin: &Plugin,
    registry: &Registry,
    facts: &PluginFacts,
    findings: &mut Findings<'_>,
) {
    let types = plugin.manifest.types.iter();
    let types = types.chain(&plugin.manifest.backends);
    let own = types.filter_map(|name| Some((name, &registry.get(name)?.options)));
    for (name, schema) in own {
        let samples = trials(schema, 1, SAMPLES);
        let values = samples.iter().map(|sample| sample.value.clone());
        let asked = Samples::from([(name.clone(), values.collect())]);
        let Some(mut made) = made(evaluator, name, &asked, findings) else {
            continue;
        };
        let made = made.remove(name).unwrap_or_default();
        let mut agreement = compare(schema, &samples, &made);
        let words = words(
            schema,
            &samples,
            facts.words.get(name).into_iter().flatten(),
        );
        agreement.refuse(&words);
        findings.agreement(name, agreement);
    }
}

/// What Nix makes of values, without exporters where those cannot be tried.
fn made(
    evaluator: &Evaluator,
    name: &str,
    asked: &Samples,
    findings: &mut Findings<'_>,
) -> Option<BTreeMap<String, Vec<Option<Value>>>> {
    let title = format!("values can be tried on the options of {name}");
    let exported = evaluator.plugin_agreement(asked);
    let Err(error) = exported else {
        return findings.note(&title, exported.map_err(wrong));
    };
    let made = evaluator.plugin_options_agreement(asked).map_err(wrong);
    let made = findings.note(&title, made)?;
    let reason = format!("an exporter looks at more of a machine: {}", wrong(error));
    findings.skip(
        &format!("values can be tried on the exporters of {name}"),
        reason,
    );
    Some(made)
}
