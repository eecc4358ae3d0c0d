//! The second stage: machines.

use anyhow::Result;

use crate::{
    deploy::{Applied, Request, Survey, Tools, deploy},
    evaluator::{Depth, Known},
    plan::Summary,
    state::Store,
    ui::Event,
};

use super::super::{Context, session::Session};
use super::{Deploy, Part};

impl Deploy {
    /// Deploys the machines of a network whose resources are as they are to be.
    pub(super) fn machines(
        &self,
        context: &Context,
        session: &Session,
        store: &dyn Store,
        survey: &Survey<'_>,
        applied: &Applied,
        part: Part<'_>,
    ) -> Result<u8> {
        let Part {
            selected,
            saved,
            connections,
        } = part;
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
            secret: &|output| survey.secret(output),
            store: Some(store),
            saved,
            addresses: (!stage.addresses.machines.is_empty()).then_some(&stage.addresses),
            ui: &context.ui,
        };
        let known = survey.known();
        evaluate_and_deploy(context, session, &request, &known, &tools, |summary| {
            summary.add_resources(&applied.outcomes);
        })
    }
}

/// Evaluates machines in one thread and deploys in this one, what is evaluated at once. Gives the exit code; `add`
/// completes what is told of it at the end.
pub fn evaluate_and_deploy(
    context: &Context,
    session: &Session,
    request: &Request,
    known: &Known,
    tools: &Tools<'_>,
    add: impl FnOnce(&mut Summary),
) -> Result<u8> {
    let depth = if request.extent.sends_keys() {
        Depth::SystemsAndKeys
    } else {
        Depth::Systems
    };
    let mut code = 0;
    let (evaluator, names) = (&session.evaluator, &request.machines);
    let ended = evaluator.machines(depth, names, known, |news| {
        let mut summary = deploy(request, news, tools);
        add(&mut summary);
        code = summary.exit_code();
        context.ui.send(Event::Finished { summary });
    });
    match ended {
        Err(error) if !context.processes.interrupted() => Err(error.into()),
        _ => Ok(code),
    }
}
