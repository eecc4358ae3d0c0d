//! How hosts are reached, as far as it is recorded or their backends say it.

use std::collections::BTreeMap;

use crate::{
    check::Answer,
    deploy::Checked,
    evaluator::Diagnostic,
    host::{self, Target},
    network::MachineOptions,
    state::{Key, MachineRecord},
};

/// What hosts answered, and why others could not be asked.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) answers: BTreeMap<String, Result<Answer, host::Error>>,
    pub(super) problems: BTreeMap<String, Diagnostic>,
}

impl Answers {
    /// Keeps hosts that can be asked, and notes why others cannot.
    pub(super) fn targets<'n>(
        &mut self,
        targets: impl Iterator<Item = (&'n String, Result<Target, Diagnostic>)>,
    ) -> BTreeMap<String, Target> {
        let mut kept = BTreeMap::new();
        for (name, target) in targets {
            match target {
                Ok(target) => drop(kept.insert(name.clone(), target)),
                Err(problem) => drop(self.problems.insert(name.clone(), problem)),
            }
        }
        kept
    }
}

/// How a host is reached that nobody made.
pub(super) fn plain_target(name: &str, record: &MachineRecord) -> Result<Target, Diagnostic> {
    let options = options(record).filter(|options| !options.target_host.is_empty());
    options
        .map(|options| Target::plain(name, &options))
        .ok_or_else(|| {
            let hint = "deploy it once: that records it";
            diagnostic("how it is reached is not recorded", Some(hint.to_owned()))
        })
}

/// How a machine is reached that a backend made; nothing if it is not there, or not switched on.
pub(super) fn made_target(
    name: &str,
    record: &MachineRecord,
    key: &Key,
    checked: &Checked,
) -> Option<Result<Target, Diagnostic>> {
    if checked.power(key) == Some(false) {
        return None;
    }
    if !checked.resources.contains_key(key) {
        let message = format!(
            "nothing is recorded of what its backend `{}` made",
            key.kind
        );
        return Some(Err(diagnostic(message, Some("deploy it again".to_owned()))));
    }
    let outputs = match checked.reach(key)? {
        Ok(outputs) => outputs,
        Err(trouble) => return Some(Err(trouble.into_diagnostic())),
    };
    // One that was made and never deployed has no options yet.
    let options = options(record).or_else(usual)?;
    let target = Target::provided(name, &options, &outputs);
    Some(target.map_err(|error| diagnostic(error.to_string(), error.hint())))
}

/// What `deployment.*` said of a machine when it was last deployed.
pub(super) fn options(record: &MachineRecord) -> Option<MachineOptions> {
    serde_json::from_value(record.options.clone()?).ok()
}

/// What `deployment.*` says where nobody set anything.
fn usual() -> Option<MachineOptions> {
    let usual = serde_json::json!({
        "targetEnv": "", "targetHost": "", "targetPort": 22, "targetUser": "root", "sshOptions": [],
        "privilegeEscalationCommand": ["sudo", "-H"], "alwaysActivate": false, "owners": [],
        "keys": {}, "hasFastConnection": false, "provisionSSHKey": true, "nixosRelease": "",
        "publicIPv4": null, "tags": [], "buildOnTarget": false,
        "substituteOnDestination": false, "copyProtocol": "ssh",
    });
    serde_json::from_value(usual).ok()
}

fn diagnostic(message: impl Into<String>, hint: Option<String>) -> Diagnostic {
    Diagnostic {
        message: message.into(),
        position: None,
        hint,
        trace: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_options_can_be_read() {
        assert!(usual().is_some());
    }

    #[test]
    fn a_host_whose_way_is_not_recorded_is_not_asked() {
        let record = MachineRecord::default();
        let problem = plain_target("web", &record).unwrap_err();
        assert_eq!(problem.message, "how it is reached is not recorded");
    }
}
