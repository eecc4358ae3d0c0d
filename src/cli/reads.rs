//! What the systems of machines read, which they say only when they are evaluated.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::{
    deploy::{Stage, Survey},
    evaluator::{Depth, Evaluated, Reads},
    plan::Refusal,
    state::Key,
};

use super::{Context, run::refuse, session::Session};

/// What a run about selected machines does with resources, unless something of it is refused: it touches
/// those that the machines need, and no others.
///
/// A run about a part of a network that has resources evaluates that part twice, since its systems say
/// what they read.
pub fn surveyed<'a>(
    context: &Context,
    session: &Session,
    stage: &Stage<'a>,
    selected: &[String],
) -> Result<Survey<'a>> {
    if stage.scope.kill_obsolete && !session.is_all(selected) {
        return Err(Refusal::Selected.into());
    }
    let mut survey = stage.survey()?;
    if !session.is_all(selected) {
        let read = read_by(session, &survey, selected)?;
        survey.narrow(selected, &read);
    }
    refuse(context, &survey)?;
    Ok(survey)
}

/// The resources that the systems of selected machines read.
fn read_by(session: &Session, survey: &Survey<'_>, selected: &[String]) -> Result<BTreeSet<Key>> {
    if session.names.resources.is_empty() && survey.made().is_empty() {
        return Ok(BTreeSet::new());
    }
    let reads = reads(session, survey, selected)?.into_values();
    let outputs = reads.flat_map(|reads| reads.outputs);
    Ok(outputs.map(|output| output.key).collect())
}

/// What the systems of machines read, by machine; of one that fails without an output that is known after
/// apply, what it reads before.
pub fn reads(
    session: &Session,
    survey: &Survey<'_>,
    machines: &[String],
) -> Result<BTreeMap<String, Reads>> {
    let known = survey.known().assuming();
    let mut all: BTreeMap<String, Reads> = BTreeMap::new();
    let evaluator = &session.evaluator;
    evaluator.machines(Depth::Systems, machines, &known, |news| {
        for one in news {
            match one {
                Evaluated::Reads { machine, reads } => {
                    all.entry(machine)
                        .or_default()
                        .outputs
                        .extend(reads.outputs);
                }
                Evaluated::Failed {
                    machine,
                    unknown: Some(output),
                    ..
                } => drop(all.entry(machine).or_default().outputs.insert(output)),
                _ => {}
            }
        }
    })?;
    Ok(all)
}
