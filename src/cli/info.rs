//! `nixops info`

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;

use crate::{
    state::{Database, Deployment, Holder, Place, Whole, holder, utc},
    ui::table,
};

use super::{
    Context, show_arguments,
    state::{Here, HereArguments, Kept, Outline, StateArguments, shared},
};

/// Show a deployment, its machines and its resources
///
/// As the state has them; `nixops check` asks what is really there. Only looks: nothing is evaluated
/// or written, and nobody is held up.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops info                            the deployment of the network here
  nixops info -d staging
  nixops info --all                      all deployments
  nixops info --plain | cut -f1,5        names and public addresses")]
pub struct Info {
    /// All deployments of the state
    #[arg(long, conflicts_with = "deployment")]
    all: bool,

    /// Lines of values with tabs between them, for programs: name, status, type, id, public address,
    /// private address; before them UUID and name of the deployment with `--all`
    #[arg(long, conflicts_with = "json")]
    plain: bool,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    here: HereArguments,
}

/// What is shown of a deployment.
#[derive(Serialize)]
struct Shown {
    deployment: Deployment,
    things: Vec<Outline>,
    /// Who changes it now.
    holder: Option<Holder>,
}

impl Info {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let here = self.here.here()?;
        let shown = self.shown(context, &here)?;
        context.ui.data(if context.global.json {
            let text = if self.all {
                serde_json::to_string(&shown)
            } else {
                serde_json::to_string(&shown[0])
            };
            text.context("while writing what there is")?
        } else if self.plain {
            shown.iter().flat_map(|one| self.plain(one)).collect()
        } else {
            let texts: Vec<_> = shown.iter().map(for_people).collect();
            texts.join("\n")
        });
        Ok(0)
    }

    /// The deployment that is meant, or all of them.
    fn shown(&self, context: &Context, here: &Here) -> Result<Vec<Shown>> {
        if !self.all {
            let chosen = self.state.choose(context, here)?;
            let whole = chosen.store().whole()?;
            return Ok(vec![shown(context, &chosen.kept, whole)?]);
        }
        let kept = self.state.place.kept(context, here.storage())?;
        let database = kept.backend.look()?;
        let deployments = database.deployments()?.into_iter();
        let whole = |one: Deployment| whole(&database, &kept, &one.uuid);
        deployments
            .map(|one| shown(context, &kept, whole(one)?))
            .collect()
    }

    fn plain(&self, shown: &Shown) -> Vec<String> {
        let deployment = &shown.deployment;
        let name = deployment.name.as_deref().unwrap_or("(none)");
        let prefix = if self.all {
            format!("{}\t{name}\t", deployment.uuid)
        } else {
            String::new()
        };
        let lines = shown.things.iter().map(|thing| {
            let values = [
                Some(thing.name.as_str()),
                Some(thing.status),
                Some(thing.kind.as_str()),
                thing.id.as_deref(),
                thing.public_ipv4.as_deref(),
                thing.private_ipv4.as_deref(),
            ];
            let values = values.map(Option::unwrap_or_default);
            format!("{prefix}{}\n", values.join("\t"))
        });
        lines.collect()
    }
}

fn whole(database: &Database, kept: &Kept, uuid: &str) -> Result<Whole> {
    let store = database.store(uuid, kept.sealer.clone());
    Ok(store.whole()?)
}

fn shown(context: &Context, kept: &Kept, whole: Whole) -> Result<Shown> {
    let holder = match &kept.place {
        Place::Sqlite(path) => holder(&Place::lock_of(path, &whole.deployment.uuid))?,
        place @ Place::Shared(_) => shared(context, place, &kept.sealer)?.holder()?,
        Place::Memory => None,
    };
    Ok(Shown {
        things: Outline::of(&whole),
        deployment: whole.deployment,
        holder,
    })
}

fn for_people(shown: &Shown) -> String {
    let deployment = &shown.deployment;
    let arguments: Vec<_> = show_arguments::lines(deployment).collect();
    let holder = shown.holder.as_ref().map(ToString::to_string);
    let lines = [
        ("name", deployment.name.clone().unwrap_or_default()),
        ("UUID", deployment.uuid.clone()),
        ("description", deployment.description.clone()),
        ("network", deployment.source.clone()),
        ("made", utc(deployment.created)),
        ("arguments", arguments.join(", ")),
        ("held by", holder.unwrap_or_default()),
    ];
    let lines = lines.into_iter().filter(|(_, text)| !text.is_empty());
    let lines = lines.map(|(title, text)| format!("{title:12} {text}"));
    let head = lines.collect::<Vec<_>>().join("\n");
    if shown.things.is_empty() {
        return format!("{head}\n\nnothing is deployed yet\n");
    }
    format!("{head}\n\n{}", things(&shown.things))
}

fn things(things: &[Outline]) -> String {
    let or_none = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let rows: Vec<_> = things
        .iter()
        .map(|thing| {
            [
                thing.name.clone(),
                thing.status.to_owned(),
                thing.kind.clone(),
                or_none(thing.id.as_deref()),
                or_none(thing.address()),
            ]
        })
        .collect();
    table(["name", "status", "type", "id", "address"], &rows)
}
