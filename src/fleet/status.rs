//! How machines are, in a line each.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    check::{Answer, Evidence, Findings, MachineReport, Running},
    evaluator::Diagnostic,
    host::{Connections, Error, Generation},
};

use super::{Member, ask};

/// How a machine is. What nobody can tell is null.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MachineStatus {
    /// The machine.
    pub machine: String,
    /// Its backend; `none` for a host that existed.
    pub backend: String,
    /// Whether commands run there.
    pub reachable: Option<bool>,
    /// The generation of the system profile that runs, if one does.
    pub generation: Option<u32>,
    /// When that generation was made, in seconds since 1970.
    pub made: Option<i64>,
    /// When the machine last took up a system by a deploy, in seconds since 1970.
    pub deployed: Option<i64>,
    /// What runs, beside what it was last deployed to.
    pub system: Running,
    /// Units that failed; null where there is no systemd to ask.
    pub failed_units: Option<Vec<String>>,
    /// Why there is no more to be said of it.
    pub problem: Option<Diagnostic>,
    /// What is not well with it, as the bits of an exit code.
    #[serde(skip)]
    pub findings: Findings,
}

impl MachineStatus {
    /// Asks a machine.
    pub fn ask(connections: &Connections, member: &Member, within: Duration) -> Self {
        let (answer, problem, generations) = match &member.target {
            Err(problem) => (None, Some(problem.clone()), Vec::new()),
            Ok(target) => match answer(connections, target, within) {
                Ok((answer, generations)) => (Some(Ok(answer)), None, generations),
                Err(error) => (Some(Err(error)), None, Vec::new()),
            },
        };
        let report = MachineReport::of(Evidence {
            name: &member.name,
            record: &member.record,
            checks: Vec::new(),
            resource: None,
            power: None,
            answer,
            problem,
            full: 100,
        });
        let runs = generations.iter().find(|one| one.running);
        Self {
            machine: member.name.clone(),
            backend: member.record.backend.clone(),
            findings: told(&report),
            reachable: report.reachable,
            generation: runs.map(|one| one.number),
            made: runs.map(|one| one.made),
            deployed: member.record.activated,
            system: report.system,
            failed_units: report.failed_units,
            problem: report.problem,
        }
    }
}

/// What of a report counts here: no line says how full disks are.
fn told(report: &MachineReport) -> Findings {
    let counted = [
        Findings::DOWN,
        Findings::UNREACHABLE,
        Findings::UNITS,
        Findings::DRIFT,
        Findings::UNKNOWN,
    ];
    let findings = report.findings();
    let counted = counted.into_iter().filter(|one| findings.has(*one));
    counted.collect()
}

fn answer(
    connections: &Connections,
    target: &crate::host::Target,
    within: Duration,
) -> Result<(Answer, Vec<Generation>), Error> {
    let host = connections.connect(target)?;
    let look = host.look().clone();
    let health = ask::told(host.health(within))?.unwrap_or_default();
    let generations = host.generations()?;
    host.close();
    let answer = Answer {
        look,
        health,
        unhealthy: None,
    };
    Ok((answer, generations))
}
