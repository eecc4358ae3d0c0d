//! The ssh configuration that is generated for each machine.
//!
//! One file per machine, since two machines may share a `targetHost` and differ in all else. What must hold stands in a
//! section for that host alone, so that a jump host on the way does not get the machine's port and user; then come the
//! user's and the system's configuration, whose `Host` sections see the real `targetHost`; last what they may override.

use std::time::Duration;

use camino::Utf8Path;

use super::{
    Error, Result, Ssh, check,
    options::{quote, translate},
    ssh::{Files, alias},
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
    /// A person sits there, who may be asked and may want a terminal; the way is theirs alone.
    pub interactive: bool,
}

/// Renders the configuration of one machine.
pub(super) fn render(
    machine: &str,
    ssh: &Ssh,
    files: &Files,
    settings: &Settings,
) -> Result<String> {
    let refuse = |what, value: &str| {
        let (machine, value) = (machine.to_owned(), value.to_owned());
        move |reason| Error::Value {
            machine,
            what,
            value,
            reason,
        }
    };
    let host = check::host(&ssh.host).map_err(refuse("deployment.targetHost", &ssh.host))?;
    check::user(&ssh.user).map_err(refuse("deployment.targetUser", &ssh.user))?;
    let mut lines = vec![
        format!("# How nixops reaches {host}, for the time of one run."),
        format!("Host {host}"),
    ];
    lines.extend(ssh.port.map(|port| format!("Port {port}")));
    lines.extend((!ssh.user.is_empty()).then(|| format!("User {}", quote(&ssh.user))));
    lines.extend(if settings.interactive {
        // Another connection of the same machine may not know it by the same key.
        vec!["ControlMaster no".to_owned(), "ControlPath none".to_owned()]
    } else {
        vec![
            // The master is started on purpose, by us; everybody else uses it.
            "ControlMaster no".to_owned(),
            format!("ControlPath {}", file(&files.control)),
            "ControlPersist no".to_owned(),
            "BatchMode yes".to_owned(),
            "RequestTTY no".to_owned(),
            "RemoteCommand none".to_owned(),
        ]
    });
    // Before the options of the machine: no option may let another key in.
    lines.extend(key_lines(machine, files));
    lines.extend(
        translate(&ssh.options).map_err(|(option, reason)| Error::SshOption {
            machine: machine.to_owned(),
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
    if ssh.fast_connection != Some(true) {
        lines.push("Compression yes".to_owned());
    }
    Ok(lines.join("\n") + "\n")
}

/// What makes ssh use the keys that a provider gave.
fn key_lines(machine: &str, files: &Files) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(path) = &files.key {
        lines.push(format!("IdentityFile {}", file(path)));
        lines.push("IdentitiesOnly yes".to_owned());
        // It stays in its file.
        lines.push("AddKeysToAgent no".to_owned());
    }
    if let Some(path) = &files.known_hosts {
        lines.push(format!("HostKeyAlias {}", alias(machine)));
        lines.push(format!("UserKnownHostsFile {}", file(path)));
        lines.extend(ONLY_THESE.map(str::to_owned));
    }
    lines
}

/// Closes all other ways by which ssh would come to trust a key of a host.
const ONLY_THESE: [&str; 7] = [
    "GlobalKnownHostsFile /dev/null",
    "KnownHostsCommand none",
    "StrictHostKeyChecking yes",
    "NoHostAuthenticationForLocalhost no",
    "VerifyHostKeyDNS no",
    "CheckHostIP no",
    "UpdateHostKeys no",
];

/// A path as a value in which ssh replaces what follows a `%`.
fn file(path: &Utf8Path) -> String {
    quote(&path.as_str().replace('%', "%%"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Keys;
    use insta::assert_snapshot;

    fn ssh() -> Ssh {
        Ssh {
            host: "web.example.org".into(),
            port: Some(2222),
            user: "root".into(),
            options: vec!["-i".into(), "/my keys/id".into()],
            ..Ssh::default()
        }
    }

    fn rendered(ssh: &Ssh) -> Result<String> {
        let settings = Settings {
            user_config: Some(Utf8Path::new("/home/ada/.ssh/config")),
            accept_new_host_keys: true,
            connect_timeout: Duration::from_secs(10),
            interactive: false,
        };
        let path = |name: &str| Some(Utf8Path::new("/run/nixops").join(name));
        let files = Files {
            config: "/run/nixops/1.config".into(),
            control: "/run/nixops/1".into(),
            key: path("1.key").filter(|_| ssh.keys.private.is_some()),
            known_hosts: path("1.known_hosts").filter(|_| !ssh.keys.host.is_empty()),
        };
        render("web", ssh, &files, &settings)
    }

    #[test]
    fn our_settings_come_first_then_the_users_then_what_they_may_override() {
        assert_snapshot!(rendered(&ssh()).unwrap(), @r#"
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
    fn keys_of_a_provider_come_before_what_the_machine_may_say() {
        let keys = Keys {
            private: Some("secret".to_owned().into()),
            host: vec!["ssh-ed25519 AAAA".into()],
        };
        let text = rendered(&Ssh { keys, ..ssh() }).unwrap();
        let (_, text) = text.split_once("RemoteCommand none\n").unwrap();
        let (text, _) = text.split_once("LogLevel").unwrap();
        assert_snapshot!(text, @r#"
        IdentityFile /run/nixops/1.key
        IdentitiesOnly yes
        AddKeysToAgent no
        HostKeyAlias web
        UserKnownHostsFile /run/nixops/1.known_hosts
        GlobalKnownHostsFile /dev/null
        KnownHostsCommand none
        StrictHostKeyChecking yes
        NoHostAuthenticationForLocalhost no
        VerifyHostKeyDNS no
        CheckHostIP no
        UpdateHostKeys no
        IdentityFile "/my keys/id"
        "#);
    }

    #[test]
    fn a_bad_option_names_machine_and_option() {
        let ssh = Ssh {
            options: vec!["-N".into()],
            ..ssh()
        };
        assert_eq!(
            rendered(&ssh).unwrap_err().to_string(),
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
                rendered(&Ssh {
                    host: host.into(),
                    ..ssh()
                })
                .is_err(),
                "{host}"
            );
        }
        let named = rendered(&Ssh {
            host: "ada@web".into(),
            ..ssh()
        })
        .unwrap();
        assert!(named.contains("\nHost web\n"));
    }
}
