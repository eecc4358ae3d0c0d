//! Health checks: what must hold of a machine before its new system is there to stay.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options of one entry of `deployment.healthChecks`.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheck {
    /// Who looks.
    pub from: Viewpoint,
    /// Seconds that each attempt may take.
    #[schemars(range(min = 1))]
    pub timeout: u64,
    /// How often it is tried again after it failed.
    pub retries: u32,
    /// Seconds between two attempts.
    #[schemars(range(min = 1))]
    pub interval: u64,
    /// What must hold.
    #[serde(flatten)]
    pub probe: Probe,
}

/// Who looks at a machine.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Viewpoint {
    /// The machine itself.
    #[default]
    Host,
    /// The computer that deploys.
    Deployer,
}

/// What must hold of a machine.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Probe {
    /// A program ends with 0.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// A URL is answered.
    Http {
        /// The URL.
        url: String,
        /// Status that the answer has.
        status: u16,
    },
    /// Somebody listens.
    Tcp {
        /// Who; none for the machine itself.
        host: Option<String>,
        /// Port on which somebody listens.
        port: u16,
    },
    /// A unit of systemd is active.
    Unit {
        /// Its name.
        unit: String,
    },
}

impl HealthCheck {
    /// How long an attempt may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    /// How long there is between two attempts.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(self.interval)
    }
}

impl fmt::Display for Probe {
    /// Says what is looked at.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { command } => write!(formatter, "`{}`", shell_words::join(command)),
            Self::Http { url, .. } => formatter.write_str(url),
            Self::Tcp { host: None, port } => write!(formatter, "port {port}"),
            Self::Tcp {
                host: Some(host),
                port,
            } => write!(formatter, "port {port} of {host}"),
            Self::Unit { unit } => formatter.write_str(unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_check_is_read_as_the_network_tells_it() {
        let check: HealthCheck = serde_json::from_value(json!({
            "from": "deployer", "timeout": 3, "retries": 2, "interval": 1,
            "kind": "http", "url": "http://web", "status": 204,
        }))
        .unwrap();
        let probe = Probe::Http {
            url: "http://web".to_owned(),
            status: 204,
        };
        assert_eq!((check.from, &check.probe), (Viewpoint::Deployer, &probe));
        let times = [check.timeout(), check.interval()];
        assert_eq!(times.map(|time| time.as_secs()), [3, 1]);
    }
}
