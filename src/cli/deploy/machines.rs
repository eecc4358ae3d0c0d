//! The second stage: machines.

use std::{collections::BTreeSet, sync::mpsc, thread};

use anyhow::Result;

use crate::{
    deploy::{Applied, Survey, Tools, deploy},
    evaluator::Evaluated,
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
        let connections = Connections::new(context.processes.clone(), self.hosts.options())?;
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
            ui: &context.ui,
        };
        let known = survey.known();
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            let (evaluator, names) = (&session.evaluator, &request.machines);
            let evaluation = scope.spawn(move || evaluator.machines(names, &known, &sender));
            let mut summary = deploy(&request, &receiver, &tools);
            summary.add_resources(&applied.outcomes);
            let code = summary.exit_code();
            context.ui.send(Event::Finished { summary });
            match evaluation.join() {
                Ok(Err(error)) if !context.processes.interrupted() => Err(error.into()),
                Ok(_) => Ok(code),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

/// What the systems of selected machines read.
///
/// A system says what it reads only when it is evaluated, so that a run about a part of a network that
/// has resources evaluates it twice.
pub fn read_by(
    session: &Session,
    survey: &Survey<'_>,
    selected: &[String],
) -> Result<BTreeSet<Key>> {
    if session.names.resources.is_empty() {
        return Ok(BTreeSet::new());
    }
    let known = survey.known();
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        let (evaluator, known) = (&session.evaluator, &known);
        let evaluation = scope.spawn(move || evaluator.machines(selected, known, &sender));
        let mut read = BTreeSet::new();
        for news in receiver {
            match news {
                Evaluated::Reads { reads, .. } => {
                    read.extend(reads.outputs.into_iter().map(|output| output.key));
                }
                Evaluated::Failed {
                    unknown: Some(output),
                    ..
                } => drop(read.insert(output.key)),
                _ => {}
            }
        }
        match evaluation.join() {
            Ok(result) => result?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        Ok(read)
    })
}
