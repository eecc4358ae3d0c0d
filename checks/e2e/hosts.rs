//! Hosts with faults, and the ways to reach a host.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use crate::lab::{Lab, Run};

/// The same small system for all machines, so that only one has to be built.
fn same(lab: &Lab, names: &[&str], motto: &str, more: &str) {
    let machine = |name: &&str| format!("{name} = {{ {} }};\n", lab.reach(name));
    let machines: String = names.iter().map(machine).collect();
    lab.network(&format!(
        "defaults = {{ networking.hostName = \"host\"; environment.etc.motto.text = \"{motto}\"; }};\n{machines}{more}"
    ));
}

const FAULTY: [&str; 8] = [
    "good", "down", "hangs", "unknown", "changed", "locked", "bare", "lost",
];

#[test]
fn hosts_that_cannot_be_reached_fail_alone_and_keep_what_they_run() {
    let lab = Lab::with_hosts(FAULTY);
    same(&lab, &FAULTY, "first", "");
    // A machine that has never been one of ours, and has no Nix: what NixOS brings would be in its PATH.
    lab.nixops(["deploy", "--exclude", "bare"]).exits(0);
    let before = FAULTY.map(|name| (name, lab.state(name)));

    let nameless = "lost.deployment.targetHost = \"no-such-host.invalid\";";
    let names: Vec<&str> = FAULTY.into_iter().filter(|name| *name != "lost").collect();
    same(&lab, &names, "second", nameless);
    lab.host("down").stop().unwrap();
    lab.host("hangs").hang().unwrap();
    lab.rig.forget_host_key(lab.host("unknown")).unwrap();
    lab.rig.wrong_host_key(lab.host("changed")).unwrap();
    lab.host("locked").reject_client_key().unwrap();
    lab.host("bare").without_nix().unwrap();

    let run = lab.nixops(["deploy", "--connect-timeout", "2"]);
    run.exits(1)
        .does_not_say("panicked")
        .does_not_say("--show-trace");
    let says = |machine: &str, message: &str, hint: &str| {
        let error = format!("error: {machine}: failed to connect: {message}");
        let after = run.stderr.split(&error).nth(1);
        let after = after.unwrap_or_else(|| panic!("does not say {error:?}: {run:#?}"));
        let block = after.split("\n\n").next().unwrap();
        assert!(block.contains(&format!("\nhint: {hint}")), "{error}{block}");
    };
    says(
        "down",
        "the connection was refused",
        "check that sshd runs there, and deployment.targetPort",
    );
    says(
        "hangs",
        "the host does not answer",
        "check that the machine is up",
    );
    says(
        "unknown",
        "the host's key is not known",
        "connect once with ssh to check the key, or pass --accept-new-host-keys",
    );
    let forget = lab.host("changed").address;
    let forget = format!(
        "if the machine was reinstalled, forget the old key with `ssh-keygen -R '[{forget}]:{}'`",
        lab.host("changed").port
    );
    says("changed", "the host's key has changed", &forget);
    says(
        "locked",
        "permission denied",
        "check deployment.targetUser and that your key is loaded",
    );
    says("bare", "there is no Nix on ", "the host must run NixOS");
    says(
        "lost",
        "the host's name is unknown (no-such-host.invalid)",
        "check deployment.targetHost",
    );
    run.says("good> activated").says("1 activated, 7 failed");

    lab.host("down").start().unwrap();
    lab.host("hangs").start().unwrap();
    lab.host("bare").with_nix().unwrap();
    for (name, state) in &before {
        assert_eq!(lab.state(name) == *state, *name != "good", "{name}");
    }

    // A key that was never seen may be trusted, a wrong one never.
    let run = lab.nixops([
        "deploy",
        "--json",
        "--accept-new-host-keys",
        "--on",
        "unknown",
        "changed",
    ]);
    run.exits(1);
    assert_eq!(
        (run.result("unknown"), run.result("changed")),
        ("activated".into(), "failed".into())
    );
    lab.nixops(["deploy", "--on", "unknown"]).exits(0);

    lab.host("locked").accept_client_key().unwrap();
    lab.rig.learn_host_key(lab.host("changed")).unwrap();
    same(&lab, &FAULTY, "second", "");
    let repaired = lab.nixops(["deploy", "--json"]);
    repaired.exits(0);
    for (name, _) in before {
        let expected = if ["good", "unknown"].contains(&name) {
            "unchanged"
        } else {
            "activated"
        };
        assert_eq!(repaired.result(name), expected, "{name}");
        assert_eq!(lab.read(name, "/etc/motto"), "second");
    }
}

#[test]
fn a_host_that_fails_halfway_keeps_what_it_has_and_can_be_deployed_again() {
    let names = ["full", "cut", "gone", "good"];
    let lab = Lab::with_hosts(names);
    let held = |more: &str| format!("gone = {{ {} }};\n{more}", crate::state::HELD_ACTIVATION);
    same(&lab, &names, "first", "");
    lab.nixops(["deploy"]).exits(0);
    let before = names.map(|name| (name, lab.state(name)));

    let held = held("");
    let large = "full = { pkgs, ... }: { environment.etc.large.source = pkgs.runCommand \"large\" { } \
                 \"head -c 6000000 /dev/urandom > $out\"; };\n";
    let require = |file: &str, text: &str| {
        lab.write(file, &format!("{{ {text} }}"));
    };
    require("held.nix", &held);
    require("large.nix", large);
    same(
        &lab,
        &names,
        "second",
        "require = [ ./held.nix ./large.nix ];",
    );
    lab.host("full").disk_limit(4_000_000).unwrap();
    lab.hold_copies("cut");
    lab.hold_activations("gone");

    let mut run = lab.watch(["deploy", "--json"]);
    run.until_step("cut", "copy");
    run.until_step("gone", "activate");
    lab.until_there("cut", "/var/lib/copying");
    lab.until_activating("gone");
    lab.host("cut").cut_connections().unwrap();
    // What its connection does is no matter of an activation.
    lab.host("gone").cut_connections().unwrap();
    lab.let_activations_go("gone");
    let run = run.end();
    run.exits(1);
    assert_eq!(run.result("good"), "activated");
    assert_eq!(run.result("gone"), "activated");
    let summary = run.summary();
    let failed = |machine: &str, step: &str, message: &str, hint: &str| {
        let outcome = &summary["machines"][machine]["outcome"];
        let text = |key: &str| outcome[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (text("result"), text("step")),
            ("failed".to_owned(), step.to_owned()),
            "{outcome}"
        );
        assert!(text("message").contains(message), "{outcome}");
        assert!(text("hint").contains(hint), "{outcome}");
    };
    failed(
        "full",
        "copy",
        "no space is left on the target",
        "make room on the target",
    );
    failed(
        "cut",
        "copy",
        "the connection was lost",
        "what has arrived is not copied twice",
    );
    for (name, state) in &before[..2] {
        assert_eq!(lab.state(name), *state);
        assert_eq!(lab.read(name, "/etc/motto"), "first");
    }

    lab.host("full").disk_limit(u64::MAX).unwrap();
    lab.let_copies_in("cut");
    let again = lab.nixops(["deploy", "--json"]);
    again.exits(0);
    for name in names {
        assert_eq!(lab.read(name, "/etc/motto"), "second");
        assert_eq!(
            lab.state(name).running.as_deref(),
            lab.state(name).profile()
        );
    }
}

/// Carries connections from a port of an address of ours to a host, as a router that forwards ports does.
fn forward(address: &str, host: &rig::Host) -> u16 {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let target = SocketAddr::new(host.address, host.port);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(target) else {
                continue;
            };
            let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || carry(client, server));
            thread::spawn(move || carry(back.0, back.1));
        }
    });
    port
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Write);
}

#[test]
fn machines_are_reached_in_every_way_that_ssh_knows() {
    let names = [
        "user", "proxied", "alias", "daemon", "first", "second", "six",
    ];
    let lab = Lab::with_hosts(names);
    let alias = lab.host("alias");
    let section = format!(
        "Host shop\n  HostName {}\n  Port {}\n  HostKeyAlias shop\n\n",
        alias.address, alias.port
    );
    let config = lab.rig.ssh_config();
    let users = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, section + &users).unwrap();
    // Who is not root adds paths by the daemon, as on NixOS.
    lab.on("user", "nix-daemon < /dev/null > /dev/null 2>&1 &");
    let proxied = lab.host("proxied");
    // Some containers have no IPv6 at all.
    let has_six = std::fs::read_to_string("/proc/net/if_inet6").is_ok_and(|text| !text.is_empty());
    let six = if has_six { "::1" } else { "127.0.0.1" };
    let ports = [
        forward("127.0.0.1", lab.host("first")),
        forward("127.0.0.1", lab.host("second")),
        forward(six, lab.host("six")),
    ];
    lab.network(&format!(
        "defaults = {{ networking.hostName = \"host\"; }};
         user = {{ {} deployment.targetUser = \"{}\"; deployment.privilegeEscalationCommand = [ \"sudo\" \"-H\" \"--\" ]; }};
         proxied = {{ deployment.targetHost = \"behind\"; deployment.targetPort = 1; deployment.sshOptions = [
           \"-o\" \"ProxyCommand=bash -c 'exec 3<>/dev/tcp/{}/{}; cat <&3 & cat >&3; kill $!'\" ]; }};
         alias = {{ deployment.targetHost = \"shop\"; }};
         daemon = {{ {} deployment.copyProtocol = \"ssh-ng\"; }};
         first = {{ deployment.targetHost = \"127.0.0.1\"; deployment.targetPort = {}; }};
         second = {{ deployment.targetHost = \"127.0.0.1\"; deployment.targetPort = {}; }};
         six = {{ deployment.targetHost = \"{six}\"; deployment.targetPort = {}; }};",
        lab.reach("user"),
        lab.host("user").normal_user(),
        proxied.address,
        proxied.port,
        lab.reach("daemon"),
        ports[0],
        ports[1],
        ports[2],
    ));

    let refused = lab.nixops(["deploy", "--on", "first", "alias"]);
    refused
        .exits(1)
        .says("first: failed to connect: the host's key is not known");
    let run = lab.nixops(["deploy", "--json", "--accept-new-host-keys"]);
    run.exits(0);
    for name in names {
        assert_eq!(run.result(name), "activated", "{name}");
        assert_eq!(lab.state(name).goals(), ["test", "boot"], "{name}");
    }
    // The keys are where ssh itself would remember them, under the names that it would use.
    let known = lab.rig.known_hosts();
    for (name, host) in [
        ("shop", "alias"),
        ("[behind]:1", "proxied"),
        (&format!("[127.0.0.1]:{}", ports[1]), "second"),
    ] {
        let found = lab.run("ssh-keygen", &["-F", name, "-f", known.to_str().unwrap()]);
        assert!(
            found.contains(&lab.host(host).host_key().unwrap()),
            "{name}: {found}"
        );
    }
    // The configuration of ssh is the user's own even if nobody names it.
    let mut command = lab.command(["deploy"]);
    let run = Run::of(command.env_remove("NIXOPS_SSH_CONFIG"));
    run.exits(0).says("7 unchanged");

    let reach = lab.reach("user");
    let user = lab.host("user").normal_user();
    let network = |more: &str| {
        lab.network(&format!(
            "user = {{ {reach} deployment.targetUser = \"{user}\"; environment.etc.motto.text = \"second\"; {more} }};"
        ));
    };
    let before = lab.state("user");
    network("deployment.privilegeEscalationCommand = [ \"false\" ];");
    lab.nixops(["deploy"])
        .exits(1)
        .says("error: user: failed to copy: ")
        .says("hint: it became root by `false`, as deployment.elevation says");
    network("deployment.sshOptions = [ \"-N\" ];");
    lab.nixops(["deploy"])
        .exits(1)
        .says("error: user: failed to connect: `-N` in deployment.sshOptions cannot be used");
    assert_eq!(lab.state("user"), before);
}
