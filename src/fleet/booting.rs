//! Machines are booted.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    evaluator::Diagnostic,
    host::{self, Connections, Host},
};

use super::Member;

/// What became of a machine that was booted.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Booted {
    /// The machine.
    pub machine: String,
    /// Seconds until it was back; null if nobody waited for it.
    pub seconds: Option<f64>,
    /// The system that it booted.
    pub system: Option<String>,
    /// Why it did not boot, or did not come back.
    pub problem: Option<Diagnostic>,
}

impl Booted {
    /// Has a machine boot by itself, and waits for its return for so long, if at all.
    pub fn by_itself(connections: &Connections, member: &Member, within: Option<Duration>) -> Self {
        Self::timed(member, || {
            let about = |error: host::Error| member.own(&error);
            let host = member.connect(connections)?;
            match within {
                None => {
                    host.begin_reboot().map_err(about)?;
                    host.close();
                    Ok(None)
                }
                Some(within) => connections.reboot(&host, within).map(Some).map_err(about),
            }
        })
    }

    fn timed(member: &Member, boot: impl FnOnce() -> Result<Option<Host>, Diagnostic>) -> Self {
        let begun = Instant::now();
        let (host, problem) = match boot() {
            Ok(host) => (host, None),
            Err(problem) => (None, Some(problem)),
        };
        let system = host.as_ref().and_then(|host| host.look().system.as_ref());
        Self {
            machine: member.name.clone(),
            seconds: host.as_ref().map(|_| begun.elapsed().as_secs_f64()),
            system: system.map(ToString::to_string),
            problem,
        }
    }
}

/// Has a machine switch itself off.
pub fn power_off(connections: &Connections, member: &Member) -> Result<(), Diagnostic> {
    let host = member.connect(connections)?;
    host.power_off().map_err(|error| member.own(&error))?;
    host.close();
    Ok(())
}
