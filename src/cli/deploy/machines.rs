//! The second stage: machines.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::{
    deploy::{Applied, Survey, Tools, deploy},
    evaluator::{Depth, Evaluated, Reads},
    host::Connections,
    state::{Key, Store},
    ui::Event,
};

use super::super::{Context, session::Session};
use super::{Deploy, Part};

impl Deploy {
    /// Evaluates machines in one thread and deploys in this one, what is evaluated at once.
    pub(super) fn machines(
        &self,
        context: &Context,
        session: &Session,
        store: &dyn Store,
        survey: &Survey<'_>,
        applied: &Applied,
        part: Part<'_>,
    ) -> Result<u8> {
        let Part { selected, saved } = part;
        let connections = Connections::new(context.processes.clone(), self.hosts.reach.options())?;
        let stage = survey.machines(applied);
        let mut request = self.request(session, selected)?;
        request.skipped = stage.skipped;
        request
            .skipped
            .retain(|name, _| request.machines.contains(name));
        request
            .machines
            .retain(|name| !request.skipped.contains_key(name));
        let tools = Tools {
            nix: &session.ground.nix,
            processes: &context.processes,
            connections: &connections,
            provided: &stage.provided,
            store: Some(store),
            saved,
            addresses: (!stage.addresses.machines.is_empty()).then_some(&stage.addresses),
            ui: &context.ui,
        };
        let mut code = 0;
        let (evaluator, names) = (&session.evaluator, &request.machines);
        let ended = evaluator.machines(Depth::Systems, names, &survey.known(), |news| {
            let mut summary = deploy(&request, news, &tools);
            summary.add_resources(&applied.outcomes);
            code = summary.exit_code();
            context.ui.send(Event::Finished { summary });
        });
        match ended {
            Err(error) if !context.processes.interrupted() => Err(error.into()),
            _ => Ok(code),
        }
    }
}

/// The resources that the systems of selected machines read.
///
/// A system says what it reads only when it is evaluated, so that a run about a part of a network that
/// has resources evaluates it twice.
pub fn read_by(
    session: &Session,
    survey: &Survey<'_>,
    selected: &[String],
) -> Result<BTreeSet<Key>> {
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
