use super::*;
use insta::assert_snapshot;

const KEY: &str =
    "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n";

fn options() -> MachineOptions {
    serde_json::from_value(serde_json::json!({
        "targetEnv": "box", "targetHost": "web", "targetPort": 22, "targetUser": "ada",
        "sshOptions": ["-C"], "privilegeEscalationCommand": ["sudo"], "alwaysActivate": true,
        "owners": [], "keys": {}, "hasFastConnection": true, "provisionSSHKey": false,
        "nixosRelease": "26.05", "publicIPv4": null, "tags": [], "buildOnTarget": false,
        "substituteOnDestination": false, "copyProtocol": "ssh",
    }))
    .unwrap()
}

fn provided(outputs: serde_json::Value) -> Result<Target> {
    let outputs: MachineOutputs = serde_json::from_value(outputs).unwrap();
    Target::provided("web", &options(), &outputs)
}

fn ssh(target: Target) -> Ssh {
    match target.transport {
        Transport::Ssh(ssh) => ssh,
        transport => panic!("{transport:?}"),
    }
}

#[test]
fn the_usual_port_is_left_to_the_users_configuration_unless_a_provider_says_it() {
    assert_eq!(ssh(Target::plain("web", &options())).port, None);
    let said = provided(serde_json::json!({ "ssh": { "host": "::1" } })).unwrap();
    assert_eq!(ssh(said).port, Some(22));
}

#[test]
fn what_a_provider_does_not_say_the_options_say() {
    let said = provided(serde_json::json!({ "ssh": { "host": "10.0.0.1", "port": 2222 } }));
    let said = ssh(said.unwrap());
    assert_eq!((said.host.as_str(), said.port), ("10.0.0.1", Some(2222)));
    assert_eq!((said.user.as_str(), said.options.len()), ("ada", 1));
    let silent = provided(serde_json::json!({})).unwrap();
    assert_eq!(silent, Target::plain("web", &options()));
}

#[test]
fn ssh_comes_before_a_command() {
    let command = serde_json::json!(["docker", "exec", "web"]);
    let said = provided(serde_json::json!({ "command": command })).unwrap();
    assert_eq!(said.transport.to_string(), "`docker exec web`");
    let both = serde_json::json!({ "command": command, "ssh": { "host": "web" } });
    assert_eq!(provided(both).unwrap().transport.to_string(), "web");
}

#[test]
fn a_private_key_is_not_shown() {
    let said = serde_json::json!({ "ssh": { "host": "web", "privateKey": KEY } });
    let text = format!("{:?}", provided(said).unwrap());
    assert!(text.contains("…") && !text.contains("c2Vj"), "{text}");
    let broken = serde_json::json!({ "ssh": { "host": "web", "privateKey": "c2Vj" } });
    let error = provided(broken).unwrap_err();
    assert!(!format!("{error:?}").contains("c2Vj"));
    assert_snapshot!(error, @"web: what its provider says of `ssh.privateKey` cannot be used: a private key begins with a line `-----BEGIN …` and ends with its counterpart");
}

#[test]
fn what_would_be_more_than_a_value_is_refused() {
    for ssh in [
        serde_json::json!({ "host": "a\nProxyCommand x" }),
        serde_json::json!({ "host": "-oProxyCommand=x" }),
        serde_json::json!({ "host": "*" }),
        serde_json::json!({ "host": "a", "user": "root\nProxyCommand x" }),
        serde_json::json!({ "host": "a", "user": "-l" }),
        serde_json::json!({ "host": "a", "hostKeys": ["ssh-ed25519 AAAA\n* ssh-ed25519 BBBB"] }),
    ] {
        let error = provided(serde_json::json!({ "ssh": ssh })).unwrap_err();
        assert!(matches!(error, Error::Provided { .. }), "{error}");
    }
    assert!(provided(serde_json::json!({ "command": [] })).is_err());
}
