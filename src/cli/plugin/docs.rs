//! `nixops plugin docs`

use anyhow::Result;
use clap::Args;

use super::{super::Context, source::PluginSource};

/// Write the options of a plugin as Markdown
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops plugin docs > options.md
  nixops plugin docs ~/nixops-neatcloud")]
pub struct Docs {
    #[command(flatten)]
    source: PluginSource,
}

impl Docs {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let nix = self.source.nix(context)?;
        let docs = self.source.evaluator(context, &nix)?.plugin_docs()?;
        context.ui.data(if context.global.json {
            serde_json::json!({ "markdown": docs }).to_string()
        } else {
            docs
        });
        Ok(0)
    }
}
