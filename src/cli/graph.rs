//! `nixops graph`

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::{
    deploy::{Limits, Scope, Survey},
    evaluator::Reads,
    plan::{Drawing, Graph as Edges},
    state::Key,
};

use super::{
    Context,
    plugins::PluginArguments,
    reads::reads,
    run::Run,
    session::{Intent, Session},
    source::SourceArguments,
    state::StateArguments,
};

/// Draw what needs what: machines and resources
///
/// An arrow goes to what must be there before; a dotted one to what a machine's system reads.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops graph | dot -Tsvg > network.svg
  nixops graph --format mermaid
  nixops graph --json | jq '.needs'")]
pub struct Graph {
    /// The language of the drawing
    #[arg(long, value_enum, default_value_t = Format::Dot)]
    format: Format,

    /// Evaluate no system: what machines need, and not what they read
    #[arg(long)]
    resources_only: bool,

    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    plugins: PluginArguments,
}

/// The language of a drawing.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// That of Graphviz.
    Dot,
    /// Mermaid, which Markdown may have in it.
    Mermaid,
}

impl Graph {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let session = Session::begin(context, &self.source, &self.state, Intent::default())?;
        let store = session.ground.look()?;
        let run = Run::of_session(context, &session, &store, &self.plugins, None)?;
        let asking = run.asking();
        let scope = Scope {
            trusts_state: true,
            ..Scope::default()
        };
        let stage = asking.stage(&session, scope, Limits::default());
        let survey = stage.survey()?;
        let edges = self.edges(&session, &survey)?;
        if context.global.json {
            context.ui.data(as_json(&edges)?);
        } else {
            context.ui.data(edges.draw(match self.format {
                Format::Dot => Drawing::Dot,
                Format::Mermaid => Drawing::Mermaid,
            }));
        }
        Ok(0)
    }

    fn edges(&self, session: &Session, survey: &Survey<'_>) -> Result<Edges> {
        let mut edges = Edges::default();
        let machine = |name: &str| {
            let made = survey.made().get(name);
            made.cloned().unwrap_or_else(|| Edges::host(name))
        };
        for name in &session.names.machines {
            edges.add_machine(&machine(name));
        }
        for key in session.names.keys() {
            edges.add_resource(&key);
        }
        for (key, needs) in survey.needs() {
            for needed in needs {
                edges.need(key, needed);
            }
        }
        if !self.resources_only {
            for (name, Reads { outputs, .. }) in reads(session, survey, &session.names.machines)? {
                for output in outputs {
                    edges.read(&machine(&name), &output.key);
                }
            }
        }
        Ok(edges)
    }
}

fn as_json(edges: &Edges) -> Result<String> {
    let key = |key: &Key| key.to_string();
    let nodes: Vec<Key> = edges.order()?;
    let needs = nodes.iter().map(|node| {
        let needs: Vec<String> = edges.needs(node).iter().map(key).collect();
        (node.to_string(), json!(needs))
    });
    let needs: serde_json::Map<_, _> = needs.collect();
    let order: Vec<String> = nodes.iter().map(key).collect();
    Ok(serde_json::to_string(
        &json!({ "order": order, "needs": needs }),
    )?)
}
