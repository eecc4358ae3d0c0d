//! `nixops list`

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;

use crate::{
    state::{Database, Deployment, Store as _},
    ui::table,
};

use super::{
    Context,
    state::{Here, HereArguments, Kept, PlaceArguments},
};

/// List the deployments
///
/// Only looks: nothing is evaluated or written, and nobody is held up.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops list
  nixops list --state team.db
  nixops list --json | jq -r '.[].name'")]
pub struct List {
    #[command(flatten)]
    place: PlaceArguments,

    #[command(flatten)]
    here: HereArguments,
}

/// A deployment as it is listed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    uuid: String,
    name: Option<String>,
    description: String,
    network: String,
    lineage: String,
    source: String,
    serial: u64,
    created: i64,
    machines: usize,
    resources: usize,
    /// Whether it is that of the network here.
    own: bool,
}

impl List {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let here = self.here.here()?;
        let kept = self.place.kept(context, here.storage())?;
        let database = kept.backend.look()?;
        let deployments = database.deployments()?.into_iter();
        let listed = deployments.map(|one| listed(&database, &kept, &here, one));
        let listed = listed.collect::<Result<Vec<_>>>()?;
        context.ui.data(if context.global.json {
            serde_json::to_string(&listed).context("while writing the list")?
        } else if listed.is_empty() {
            format!("there is no deployment in {}", database.path())
        } else {
            in_short(&listed)
        });
        Ok(0)
    }
}

fn listed(database: &Database, kept: &Kept, here: &Here, deployment: Deployment) -> Result<Listed> {
    let store = database.store(&deployment.uuid, kept.sealer.clone());
    Ok(Listed {
        machines: store.machines()?.len(),
        resources: store.records()?.current.len(),
        own: here.owns(&deployment),
        uuid: deployment.uuid,
        name: deployment.name,
        description: deployment.description,
        network: deployment.network,
        lineage: deployment.lineage,
        source: deployment.source,
        serial: deployment.serial,
        created: deployment.created,
    })
}

fn in_short(listed: &[Listed]) -> String {
    let rows: Vec<_> = listed
        .iter()
        .map(|one| {
            [
                one.uuid.clone(),
                one.name.clone().unwrap_or_else(|| "-".to_owned()),
                one.description.clone(),
                one.machines.to_string(),
                one.resources.to_string(),
                one.source.clone(),
            ]
        })
        .collect();
    let titles = [
        "uuid",
        "name",
        "description",
        "machines",
        "resources",
        "network",
    ];
    table(titles, &rows)
}
