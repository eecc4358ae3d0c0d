//! `nixops plugin check`

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use crate::{
    evaluator::{Evaluator, PluginFacts, deployer_system},
    nix::Nix,
    plugin::{
        Plugin, PluginSet,
        check::{Findings, advice, without_flake},
        conformance::{self, Options},
    },
    schema::Registry,
};

use super::{
    super::{Context, error::diagnostic},
    agreement::agreement,
    conclude, doing,
    source::PluginSource,
    tell,
    test::{built, documents, tested},
};

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
        let manifest = &plugin.manifest;
        let is_here = manifest.provider.is_some() || manifest.provider_throws;
        if is_here || self.provider.is_some() {
            return None;
        }
        Some(match manifest.provider_systems.as_slice() {
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
pub(super) fn wrong(error: impl Into<anyhow::Error>) -> String {
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
        let added = added.map_err(|error| format!("{:#}", anyhow::Error::from(error)));
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
