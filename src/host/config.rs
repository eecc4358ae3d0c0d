//! The ssh configuration that is generated for each machine.
//!
//! One file per machine, since two machines may share a `targetHost` and differ in all else. What must hold stands in a
//! section for that host alone, so that a jump host on the way does not get the machine's port and user; then come the
//! user's and the system's configuration, whose `Host` sections see the real `targetHost`; last what they may override.

use std::time::Duration;

use camino::Utf8Path;

use super::{
    Error, Result, Target,
    options::{quote, translate},
};

/// The configuration of the system, which ssh leaves out when it is given a file.
const SYSTEM_CONFIG: &str = "/etc/ssh/ssh_config";

/// The port of ssh, and what `deployment.targetPort` is unless somebody sets it.
pub(super) const USUAL_PORT: u16 = 22;

/// What the configurations of a run have in common.
#[derive(Clone, Debug)]
pub(super) struct Settings<'a> {
    pub user_config: Option<&'a Utf8Path>,
    pub accept_new_host_keys: bool,
    pub connect_timeout: Duration,
}

/// Renders the configuration of one machine.
pub(super) fn render(
    target: &Target,
    control_path: &Utf8Path,
    settings: &Settings,
) -> Result<String> {
    let host = host_name(target)?;
    let mut lines = vec![
        format!("# How nixops reaches {host}, for the time of one run."),
        format!("Host {host}"),
    ];
    // The usual port is nobody's choice: an alias of the user's may have another.
    let port = target.port.filter(|port| *port != USUAL_PORT);
    lines.extend(port.map(|port| format!("Port {port}")));
    lines.extend(user(target)?.map(|user| format!("User {}", quote(user))));
    let control_path = control_path.as_str().replace('%', "%%");
    lines.extend([
        // The master is started on purpose, by us; everybody else uses it.
        "ControlMaster no".to_owned(),
        format!("ControlPath {}", quote(&control_path)),
        "ControlPersist no".to_owned(),
        "BatchMode yes".to_owned(),
        "RequestTTY no".to_owned(),
        "RemoteCommand none".to_owned(),
    ]);
    lines.extend(
        translate(&target.ssh_options).map_err(|(option, reason)| Error::SshOption {
            machine: target.machine.clone(),
            option,
            reason,
        })?,
    );
    // What ssh says is all that there is to tell failures by.
    lines.push("LogLevel INFO".to_owned());
    if settings.accept_new_host_keys {
        lines.push("StrictHostKeyChecking accept-new".to_owned());
    }
    lines.push(format!(
        "ConnectTimeout {}",
        settings.connect_timeout.as_secs().max(1)
    ));
    lines.push("Match all".to_owned());
    lines.extend(
        settings
            .user_config
            .map(|path| format!("Include {}", quote(path.as_str()))),
    );
    lines.push(format!("Include {SYSTEM_CONFIG}"));
    lines.push(format!("Host {host}"));
    lines.extend([
        "ServerAliveInterval 15".to_owned(),
        "ServerAliveCountMax 4".to_owned(),
    ]);
    if !target.fast_connection {
        lines.push("Compression yes".to_owned());
    }
    Ok(lines.join("\n") + "\n")
}

/// The host as ssh matches it: without the user that may stand before it.
fn host_name(target: &Target) -> Result<&str> {
    let name = target
        .host
        .rsplit_once('@')
        .map_or(target.host.as_str(), |(_, name)| name);
    let reason = match name {
        "" => "it is empty",
        _ if target.host.starts_with('-') || name.starts_with('-') => {
            "it begins with `-`, as an option does"
        }
        _ if target
            .host
            .contains(|character: char| character.is_whitespace() || character.is_control()) =>
        {
            "it has blanks"
        }
        _ if name.starts_with('[') => "an address stands without brackets here",
        _ if name.contains(['*', '?', '!', ',', '"', '\'', '\\', '#']) => {
            "it has characters that no host name has"
        }
        _ => return Ok(name),
    };
    Err(Error::Value {
        machine: target.machine.clone(),
        what: "deployment.targetHost",
        value: target.host.clone(),
        reason,
    })
}

fn user(target: &Target) -> Result<Option<&str>> {
    if target
        .user
        .contains(|character: char| character.is_control())
        || target.user.starts_with('-')
    {
        return Err(Error::Value {
            machine: target.machine.clone(),
            what: "deployment.targetUser",
            value: target.user.clone(),
            reason: "no user is called so",
        });
    }
    Ok((!target.user.is_empty()).then_some(target.user.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn target() -> Target {
        Target {
            machine: "web".into(),
            host: "web.example.org".into(),
            port: Some(2222),
            user: "root".into(),
            ssh_options: vec!["-i".into(), "/my keys/id".into()],
            privilege_escalation_command: Vec::new(),
            fast_connection: false,
        }
    }

    fn rendered(target: &Target) -> Result<String> {
        let settings = Settings {
            user_config: Some(Utf8Path::new("/home/ada/.ssh/config")),
            accept_new_host_keys: true,
            connect_timeout: Duration::from_secs(10),
        };
        render(target, Utf8Path::new("/run/nixops/1"), &settings)
    }

    #[test]
    fn our_settings_come_first_then_the_users_then_what_they_may_override() {
        assert_snapshot!(rendered(&target()).unwrap(), @r#"
        # How nixops reaches web.example.org, for the time of one run.
        Host web.example.org
        Port 2222
        User root
        ControlMaster no
        ControlPath /run/nixops/1
        ControlPersist no
        BatchMode yes
        RequestTTY no
        RemoteCommand none
        IdentityFile "/my keys/id"
        LogLevel INFO
        StrictHostKeyChecking accept-new
        ConnectTimeout 10
        Match all
        Include /home/ada/.ssh/config
        Include /etc/ssh/ssh_config
        Host web.example.org
        ServerAliveInterval 15
        ServerAliveCountMax 4
        Compression yes
        "#);
    }

    #[test]
    fn the_usual_port_is_left_to_the_users_configuration() {
        let target = Target {
            port: Some(22),
            ..target()
        };
        assert!(!rendered(&target).unwrap().contains("Port"));
    }

    #[test]
    fn a_bad_option_names_machine_and_option() {
        let target = Target {
            ssh_options: vec!["-N".into()],
            ..target()
        };
        assert_eq!(
            rendered(&target).unwrap_err().to_string(),
            "web: `-N` in deployment.sshOptions cannot be used: nothing in an ssh configuration says the same"
        );
    }

    #[test]
    fn hosts_that_ssh_would_misread_are_refused() {
        for host in [
            "",
            "-oProxyCommand=x",
            "ada@-oProxyCommand=x",
            "a b",
            "a b@web",
            "a*",
            "root@",
            "a\nHost *",
            "[::1]",
            "root@[::1]:22",
        ] {
            assert!(
                rendered(&Target {
                    host: host.into(),
                    ..target()
                })
                .is_err(),
                "{host}"
            );
        }
        let named = rendered(&Target {
            host: "ada@web".into(),
            ..target()
        })
        .unwrap();
        assert!(named.contains("\nHost web\n"));
    }
}
