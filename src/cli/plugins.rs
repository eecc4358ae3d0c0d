//! The plugins of a network: what they are, whether they may run, and their providers.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Result, bail};
use camino::Utf8PathBuf;
use clap::Args;
use nixops_plugin::protocol::LogLevel;

use crate::{
    flake::Source,
    nix::Nix,
    plugin::{self, Heard, Plugin, PluginSet, ProviderEvent, Providers, Trust},
    schema::Registry,
    ui::{Event, Ui, can_ask},
};

use super::{Context, directory::state_directory};

/// How the providers of plugins are treated.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Plugins")]
pub struct PluginArguments {
    /// Run this program as the provider of a plugin, in place of the one that it brings
    #[arg(long, num_args = 2, value_names = ["PLUGIN", "PROGRAM"])]
    provider: Vec<String>,

    /// Do not ask before a plugin is used for the first time
    #[arg(long)]
    accept_plugins: bool,
}

impl PluginArguments {
    /// Prepares the providers of the plugins, which the user has accepted.
    pub fn providers(
        &self,
        context: &Context,
        nix: &Nix,
        source: Option<&Source>,
        plugins: PluginSet,
    ) -> Result<Providers> {
        let instead = self.provider.chunks_exact(2).map(|pair| {
            let program = camino::absolute_utf8(&pair[1]);
            program.map(|program| (pair[0].clone(), program))
        });
        let instead: BTreeMap<String, Utf8PathBuf> = instead.collect::<Result<_, _>>()?;
        // Those of a run that has only the state were accepted by the runs before.
        if let Some(source) = source
            && !self.accept_plugins
        {
            accept(context, source, &plugins, &instead)?;
        }
        let ui = context.ui.clone();
        let listener: Heard = Arc::new(move |plugin, event| tell(&ui, plugin, event));
        Ok(Providers::new(
            plugins,
            nix.clone(),
            context.processes.clone(),
            state_directory()?.join("gcroots/providers"),
            instead,
            listener,
        )?)
    }
}

/// The schemas of core and of all plugins.
pub fn schemas(plugins: &PluginSet) -> Result<Registry> {
    let mut registry = Registry::new();
    for plugin in plugins {
        // What another plugin overrides is not this one's any more.
        let serves = |kind: &String| {
            plugin.manifest.types.contains(kind) || plugin.manifest.backends.contains(kind)
        };
        let files = plugin.schema_texts()?.into_iter();
        for file in files.filter(|file| serves(&file.of_type)) {
            let added = registry.replace(&file.of_type, &file.text, &plugin.origin.to_string());
            added.map_err(|source| plugin::Error::Schema {
                origin: plugin.origin.clone(),
                path: file.path.clone(),
                source: Box::new(source),
            })?;
        }
    }
    Ok(registry)
}

/// Where a plugin comes from: what its input is locked to, without the revision, and the revision.
pub fn origin(source: &Source, plugin: &Plugin) -> (String, Option<String>) {
    let name = plugin.manifest.input.as_ref();
    let input = name.and_then(|name| source.flake()?.input(name));
    let locked = plugin.manifest.locked.as_ref();
    let fetched = || Some(locked?.get("rev")?.as_str()?.to_owned());
    match input {
        Some(input) => (input.origin, input.revision.or_else(fetched)),
        None => ("network.plugins".to_owned(), fetched()),
    }
}

/// Shows plugins that are used for the first time, and asks whether they may be.
fn accept(
    context: &Context,
    source: &Source,
    plugins: &PluginSet,
    instead: &BTreeMap<String, Utf8PathBuf>,
) -> Result<()> {
    let mut trust = Trust::read(&state_directory()?)?;
    let runs =
        |plugin: &&Plugin| plugin.has_provider() || instead.contains_key(&plugin.manifest.name);
    for plugin in plugins.iter().filter(runs) {
        let (origin, revision) = origin(source, plugin);
        if trust.knows(&plugin.manifest.name, &origin) {
            continue;
        }
        let program = instead.get(&plugin.manifest.name);
        let shown = describe(plugin, &origin, revision.as_deref(), program);
        if can_ask() {
            let interrupted = || context.processes.interrupted();
            let question = format!("{shown}\nIt is used for the first time. Use it?");
            if !context.ui.ask(&question, interrupted) {
                bail!(
                    "plugin `{}` is not accepted; nothing was done",
                    plugin.manifest.name
                );
            }
        } else {
            context.ui.warning(
                None,
                format!(
                    "plugin `{}` is used for the first time",
                    plugin.manifest.name
                ),
                Some(shown),
            );
        }
        trust.accept(&plugin.manifest.name, &origin, revision.as_deref())?;
    }
    Ok(())
}

fn describe(
    plugin: &Plugin,
    origin: &str,
    revision: Option<&str>,
    instead: Option<&Utf8PathBuf>,
) -> String {
    let revision = revision.map_or_else(String::new, |revision| format!(", revision {revision}"));
    let provider = plugin.manifest.provider.as_ref();
    let program = instead.or(provider.map(|provider| &provider.program));
    let program = program.map_or("program", |program| program.as_str());
    format!(
        "plugin `{}` from {origin}{revision}; its provider {program} runs as you",
        plugin.manifest.name
    )
}

/// Shows what a provider says. Progress is for displays of a later day.
fn tell(ui: &Ui, plugin: &str, event: ProviderEvent) {
    let line = match event {
        ProviderEvent::Log {
            level: LogLevel::Warning,
            message,
            ..
        } => return ui.warning(None, format!("{plugin}: {message}"), None),
        ProviderEvent::Log { message, .. } | ProviderEvent::Progress { message, .. } => message,
        ProviderEvent::Stderr { line } => line,
        ProviderEvent::Building => {
            return ui.send(Event::PluginStep {
                plugin: plugin.to_owned(),
                step: "building its provider".to_owned(),
            });
        }
    };
    ui.send(Event::PluginLog {
        plugin: plugin.to_owned(),
        line,
    });
}
