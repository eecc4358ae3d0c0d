use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Findings, MachineReport, ResourceReport};

/// How a deployment fares: what `nixops check --json` prints.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// UUID of the deployment.
    pub deployment: String,
    /// Name of the deployment.
    pub name: String,
    /// Its machines by name.
    pub machines: BTreeMap<String, MachineReport>,
    /// Its other resources, and those that are still to be deleted.
    pub resources: Vec<ResourceReport>,
    /// What is not well, as the exit code says it: the sum of 1 (missing), 2 (down), 4 (unreachable),
    /// 8 (full disks), 16 (failed units or health checks), 32 (not as deployed) and 64 (could not be found out).
    pub exit_code: u8,
}

impl Report {
    /// Puts a report together.
    pub fn new(
        deployment: &str,
        name: &str,
        machines: BTreeMap<String, MachineReport>,
        resources: Vec<ResourceReport>,
    ) -> Self {
        let mut report = Self {
            deployment: deployment.to_owned(),
            name: name.to_owned(),
            machines,
            resources,
            exit_code: 0,
        };
        report.exit_code = report.each().collect::<Findings>().exit_code();
        report
    }

    /// What is not well with each machine and resource.
    pub fn each(&self) -> impl Iterator<Item = Findings> {
        let machines = self.machines.values().map(MachineReport::findings);
        machines.chain(self.resources.iter().map(ResourceReport::findings))
    }
}
