//! How machines are reached, as far as it is recorded or their backends say it.

use std::collections::BTreeMap;

use nixops_plugin::protocol::Attributes;

use crate::{
    deploy,
    evaluator::Diagnostic,
    host::{self, Target},
    network::{HealthCheck, MachineOptions},
    state::{Key, MachineRecord},
};

/// How a host is reached that nobody made.
pub fn plain_target(name: &str, record: &MachineRecord) -> Result<Target, Diagnostic> {
    let options = options(record).filter(|options| !options.target_host.is_empty());
    options
        .map(|options| Target::plain(name, &options))
        .ok_or_else(|| {
            let hint = "deploy it once: that records it";
            Diagnostic::new("how it is reached is not recorded", Some(hint.to_owned()))
        })
}

/// How a machine is reached that a backend made and told this of.
pub fn made_target(
    name: &str,
    record: &MachineRecord,
    key: &Key,
    outputs: Attributes,
) -> Result<Target, Diagnostic> {
    let outputs = deploy::reached(key, outputs).map_err(deploy::Trouble::into_diagnostic)?;
    let target = match options(record) {
        Some(options) => Target::provided(name, &options, &outputs),
        // It was made and never deployed.
        None => Target::made(name, &outputs),
    };
    target.map_err(|error| own(name, &error))
}

/// What `deployment.*` said of a machine when it was last deployed.
pub(super) fn options(record: &MachineRecord) -> Option<MachineOptions> {
    serde_json::from_value(record.options.clone()?).ok()
}

/// The health checks of a machine, each to be tried once: services had their time to begin.
pub fn checks(record: &MachineRecord) -> BTreeMap<String, HealthCheck> {
    let mut checks = options(record).map_or_else(BTreeMap::new, |options| options.health_checks);
    for check in checks.values_mut() {
        check.retries = 0;
    }
    checks
}

/// An error of a host without the machine's name, which stands before every message anyway.
pub(super) fn own(name: &str, error: &host::Error) -> Diagnostic {
    let message = error.to_string();
    let message = message.strip_prefix(&format!("{name}: "));
    let message = message.map_or_else(|| error.to_string(), str::to_owned);
    Diagnostic::new(message, error.hint())
}

#[cfg(test)]
mod tests {
    use nixops_plugin::protocol::Attributes;
    use serde_json::json;

    use super::*;
    use crate::host::Transport;

    #[test]
    fn a_host_whose_way_is_not_recorded_is_not_asked() {
        let record = MachineRecord::default();
        let problem = plain_target("web", &record).unwrap_err();
        assert_eq!(problem.message, "how it is reached is not recorded");
    }

    #[test]
    fn one_that_was_never_deployed_is_reached_as_its_backend_says() {
        let outputs = json!({ "ssh": { "host": "10.0.0.1", "port": 2222 } });
        let outputs: Attributes = serde_json::from_value(outputs).unwrap();
        let (record, key) = (MachineRecord::default(), Key::new("box", "web"));
        let target = made_target("web", &record, &key, outputs).unwrap();
        let Transport::Ssh(ssh) = target.transport else {
            panic!("{target:?}");
        };
        assert_eq!((ssh.host.as_str(), ssh.port), ("10.0.0.1", Some(2222)));
        assert_eq!(ssh.user, "root");
        let nothing = made_target("web", &record, &key, Attributes::new()).unwrap_err();
        assert!(nothing.message.contains("neither `ssh` nor `command`"));
    }
}
