use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    evaluator::Diagnostic,
    host::{Error, Failure, FileSystem, Health, Look, Unhealthy},
    state::MachineRecord,
};

use super::{Findings, ResourceReport};

/// What a host answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What runs there.
    pub look: Look,
    /// How it fares.
    pub health: Health,
    /// Which of its health checks failed, as far as they were tried.
    pub unhealthy: Option<Vec<Unhealthy>>,
}

/// What was found of a machine. What nobody can tell is null.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MachineReport {
    /// Its backend; `none` for a host that existed.
    pub backend: String,
    /// Whether it exists: as its backend says, or because it answers.
    pub exists: Option<bool>,
    /// Whether it is up: as its backend says, or because it answers, or does not at all.
    pub up: Option<bool>,
    /// Whether commands can be run there.
    pub reachable: Option<bool>,
    /// How many programs wanted to run, on average over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Units that failed, those among them that are started again and again; null where there is no systemd
    /// to ask.
    pub failed_units: Option<Vec<String>>,
    /// Units that start, stop or reload; null as above.
    pub units_in_progress: Option<Vec<String>>,
    /// Its file systems.
    pub file_systems: Option<Vec<FileSystem>>,
    /// Where those are mounted that are full.
    pub full_file_systems: Option<Vec<String>>,
    /// Its health checks by name, with what was found of those that failed and null for those that are well;
    /// null if they could not be tried.
    pub health_checks: Option<BTreeMap<String, Option<String>>>,
    /// What it runs.
    pub system: Running,
    /// What its backend made, where it has one.
    pub resource: Option<ResourceReport>,
    /// Why there is no more to be said of it.
    pub problem: Option<Diagnostic>,
}

/// What a machine runs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// Whether that is what it was last deployed to.
    pub state: SystemState,
    /// Store path of the system that it was last deployed to.
    pub deployed: Option<String>,
    /// Store path of the system that runs.
    pub running: Option<String>,
    /// Store path of the system that the next boot runs.
    pub profile: Option<String>,
}

/// Whether a machine runs what it was last deployed to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SystemState {
    /// It does, and the next boot will.
    Deployed,
    /// It does from the next boot on.
    NextBoot,
    /// It does until the next boot.
    UntilBoot,
    /// It runs something else.
    Other,
    /// It does, but an activation failed or was cut off.
    Unfinished,
    /// Nothing was deployed to it yet.
    NothingDeployed,
    /// It did not say.
    #[default]
    Unknown,
}

/// All that is known of a machine.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is recorded of it.
    pub record: &'a MachineRecord,
    /// Names of its health checks.
    pub checks: Vec<String>,
    /// What was found of what its backend made.
    pub resource: Option<ResourceReport>,
    /// Whether it is switched on, if its backend says so.
    pub power: Option<bool>,
    /// What it answered, if it was asked.
    pub answer: Option<Result<Answer, Error>>,
    /// Why it could not be asked.
    pub problem: Option<Diagnostic>,
    /// From how many percent on a file system is full.
    pub full: u8,
}

impl MachineReport {
    /// Says what the evidence means.
    pub fn of(evidence: Evidence<'_>) -> Self {
        let Evidence {
            name,
            record,
            checks,
            resource,
            power,
            answer,
            problem,
            full,
        } = evidence;
        let mut report = Self {
            backend: record.backend.clone(),
            exists: resource.as_ref().and_then(|resource| resource.exists),
            up: power,
            system: Running {
                deployed: record.system.clone(),
                ..Running::default()
            },
            reachable: None,
            load: None,
            failed_units: None,
            units_in_progress: None,
            file_systems: None,
            full_file_systems: None,
            health_checks: None,
            resource,
            problem,
        };
        match answer {
            Some(Ok(answer)) => report.take(answer, checks, full),
            Some(Err(error)) => report.miss(name, &error),
            None => {}
        }
        report
    }

    /// Takes what the machine answered.
    fn take(&mut self, answer: Answer, checks: Vec<String>, full: u8) {
        let Answer {
            look,
            health,
            unhealthy,
        } = answer;
        // What answers is there, whatever else is said of it.
        self.exists = Some(true);
        self.up = Some(true);
        self.reachable = Some(true);
        self.load = health.load;
        if let Some(units) = health.units {
            self.failed_units = Some(units.failed);
            self.units_in_progress = Some(units.in_progress);
        }
        self.full_file_systems = health.file_systems.as_ref().map(|systems| {
            let systems = systems.iter().filter(|system| system.is_full(full));
            systems.map(|system| system.mounted_on.clone()).collect()
        });
        self.file_systems = health.file_systems;
        self.health_checks = unhealthy.map(|unhealthy| {
            let well = checks.into_iter().map(|name| (name, None));
            let failed = unhealthy
                .into_iter()
                .map(|one| (one.check, Some(one.found)));
            well.chain(failed).collect()
        });
        self.system.running = look.system.map(Into::into);
        self.system.profile = look.profile.map(Into::into);
        self.system.state = self.system.judge(look.unfinished);
        if !health.is_complete {
            self.problem = Some(Diagnostic::new("it did not say in time how it fares", None));
        }
    }

    /// Takes why the machine did not answer. One that gives no sign at all is not up, as far as anybody
    /// knows; one that lets us in no more is.
    fn miss(&mut self, name: &str, error: &Error) {
        self.reachable = Some(false);
        self.up = self.up.or(match error.failure() {
            Some(Failure::TimedOut | Failure::Unreachable) => Some(false),
            Some(
                Failure::PermissionDenied
                | Failure::ProvidedKeyDenied
                | Failure::UnknownHostKey
                | Failure::NoShell,
            ) => Some(true),
            _ => None,
        });
        // The name stands before every message anyway.
        let message = error.to_string();
        let message = message
            .strip_prefix(&format!("{name}: "))
            .unwrap_or(&message);
        self.problem = Some(Diagnostic::new(message, error.hint()));
    }

    /// What is not well with it.
    pub fn findings(&self) -> Findings {
        let any =
            |names: &Option<Vec<String>>| names.as_ref().is_some_and(|names| !names.is_empty());
        let resource = self.resource.as_ref().map(ResourceReport::findings);
        let mut checks = self.health_checks.iter().flatten();
        let is_unhealthy = checks.any(|(_, found)| found.is_some());
        let is_silent = self.problem.is_some() && self.reachable != Some(false);
        [
            resource.unwrap_or_default(),
            Findings::MISSING.when(self.exists == Some(false)),
            Findings::DOWN.when(self.up == Some(false)),
            Findings::UNREACHABLE.when(self.reachable == Some(false)),
            Findings::DISKS.when(any(&self.full_file_systems)),
            Findings::UNITS.when(any(&self.failed_units)),
            Findings::HEALTH.when(is_unhealthy),
            Findings::DRIFT.when(self.system.state.is_another()),
            Findings::UNKNOWN.when(is_silent),
        ]
        .into_iter()
        .collect()
    }
}

impl Running {
    fn judge(&self, is_unfinished: bool) -> SystemState {
        let Some(deployed) = &self.deployed else {
            return SystemState::NothingDeployed;
        };
        let runs = self.running.as_ref() == Some(deployed);
        let boots = self.profile.as_ref() == Some(deployed);
        match (runs, boots) {
            (true, true) if is_unfinished => SystemState::Unfinished,
            (true, true) => SystemState::Deployed,
            (false, true) => SystemState::NextBoot,
            (true, false) => SystemState::UntilBoot,
            (false, false) => SystemState::Other,
        }
    }
}

impl SystemState {
    /// Whether something else than what was deployed runs, or will.
    pub fn is_another(self) -> bool {
        !matches!(self, Self::Deployed | Self::Unknown)
    }

    /// The same in a word or two.
    pub fn words(self) -> &'static str {
        match self {
            Self::Deployed => "as deployed",
            Self::NextBoot => "from the next boot on",
            Self::UntilBoot => "until the next boot",
            Self::Other => "another one",
            Self::Unfinished => "not activated to the end",
            Self::NothingDeployed => "nothing deployed",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
