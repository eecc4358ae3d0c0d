//! What a saved plan is bound to.

use anyhow::{Result, bail};

use crate::{
    plan::{SavedDeployment, SavedPlan, SavedSource},
    state::Deployment,
};

use super::session::Session;

/// The deployment that a plan is for.
pub fn deployment(deployment: &Deployment) -> SavedDeployment {
    SavedDeployment {
        uuid: deployment.uuid.clone(),
        name: deployment.name.clone(),
        lineage: deployment.lineage.clone(),
        serial: deployment.serial,
    }
}

/// The source that a plan is for, and the part of it.
pub fn source(
    session: &Session,
    selected: Option<Vec<String>>,
    kill_obsolete: bool,
) -> Result<SavedSource> {
    let source = session.evaluator.source();
    let Some(flake) = source.flake() else {
        bail!("a plan can be saved of a flake alone: a classic network may change unseen");
    };
    Ok(SavedSource {
        reference: source.reference(),
        network: source.network().to_owned(),
        nar_hash: flake.tree.nar_hash.clone(),
        arguments: SavedPlan::digest_of(&session.evaluator.arguments()),
        selected,
        kill_obsolete,
    })
}
