//! `nixops list-plugins`

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde::Serialize;

use crate::{
    flake::Source,
    plugin::{Plugin, PluginSet},
    ui::table,
};

use super::{Context, plugins::origin, source::SourceArguments};

/// List the plugins of the network
///
/// A plugin is an input of the network's flake that has the output `nixopsPlugin`, or one that
/// `network.plugins` names. They stand in the order in which they are merged.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops list-plugins            the plugins of the network of the flake here
  nixops list-plugins -v         with their types, providers and schemas
  nixops list-plugins --json     for programs")]
pub struct ListPlugins {
    #[command(flatten)]
    source: SourceArguments,
}

/// A plugin as it is listed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    name: &'a str,
    version: Option<&'a str>,
    input: Option<&'a str>,
    origin: String,
    revision: Option<String>,
    resource_types: &'a [String],
    backends: &'a [String],
    provider: Option<&'a Utf8Path>,
    schemas: Option<&'a Utf8Path>,
    nixexprs: &'a [Utf8PathBuf],
}

impl ListPlugins {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let nix = self.source.nix(context)?;
        let evaluator = self.source.evaluator(context, &nix)?;
        let overview = evaluator.overview()?;
        evaluator.tell_remarks(|text| context.ui.warning(None, text, None));
        let plugins = PluginSet::from_json(overview.plugins)?;
        let source = evaluator.source();
        let listed: Vec<_> = plugins
            .iter()
            .map(|plugin| listed(source, plugin))
            .collect();
        context.ui.data(if context.global.json {
            serde_json::to_string(&listed).context("while writing the list")?
        } else if context.global.is_verbose() {
            listed.iter().map(in_detail).collect::<Vec<_>>().join("\n")
        } else {
            in_short(&listed)
        });
        Ok(0)
    }
}

fn listed<'a>(source: &Source, plugin: &'a Plugin) -> Listed<'a> {
    let (origin, revision) = origin(source, plugin);
    let manifest = &plugin.manifest;
    let provider = manifest.provider.as_ref();
    Listed {
        name: &manifest.name,
        version: manifest.version.as_deref(),
        input: manifest.input.as_deref(),
        origin,
        revision,
        resource_types: &manifest.types,
        backends: &manifest.backends,
        provider: provider.map(|provider| provider.program.as_path()),
        schemas: manifest.schemas.as_deref(),
        nixexprs: &manifest.nixexprs,
    }
}

fn in_short(listed: &[Listed<'_>]) -> String {
    let rows: Vec<_> = listed
        .iter()
        .map(|plugin| {
            [
                plugin.name.to_owned(),
                or_none(plugin.version),
                or_none(plugin.input),
                short(plugin.revision.as_deref()),
                list(plugin.backends),
                list(plugin.resource_types),
            ]
        })
        .collect();
    let titles = [
        "plugin",
        "version",
        "input",
        "revision",
        "machines",
        "resources",
    ];
    table(titles, &rows)
}

fn in_detail(plugin: &Listed<'_>) -> String {
    let lines = [
        ("version", or_none(plugin.version)),
        ("input", or_none(plugin.input)),
        ("origin", plugin.origin.clone()),
        ("revision", or_none(plugin.revision.as_deref())),
        ("machines", list(plugin.backends)),
        ("resources", list(plugin.resource_types)),
        ("provider", or_none(plugin.provider.map(Utf8Path::as_str))),
        ("schemas", or_none(plugin.schemas.map(Utf8Path::as_str))),
        ("nixexprs", list(plugin.nixexprs)),
    ];
    let lines = lines.map(|(title, text)| format!("  {title:10} {text}\n"));
    format!("{}\n{}", plugin.name, lines.concat())
}

fn or_none(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

/// A revision as people know it.
fn short(revision: Option<&str>) -> String {
    let revision = revision.unwrap_or("-");
    revision.get(..10).unwrap_or(revision).to_owned()
}

fn list<T: AsRef<str>>(words: &[T]) -> String {
    if words.is_empty() {
        return "-".to_owned();
    }
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    words.join(", ")
}
