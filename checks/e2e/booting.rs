//! Hosts that a deploy boots.

use crate::lab::Lab;

/// A machine whose init becomes another one with `interface`.
fn network(lab: &Lab, interface: u32) {
    lab.network(&format!(
        "web = {{ pkgs, ... }}: {{ {} environment.etc.motto.text = \"{interface}\";
           systemd.package = pkgs.systemd // {{ interfaceVersion = {interface}; }}; }};",
        lab.reach("web")
    ));
}

#[test]
fn a_host_is_booted_where_its_system_takes_effect_only_then() {
    let lab = Lab::with_hosts(["web"]);
    network(&lab, 2);
    lab.nixops(["deploy", "--allow-reboot"]).exits(0);
    let first = lab.host("web").boot_id().unwrap();
    network(&lab, 3);
    lab.nixops(["deploy"]).exits(100);
    assert_eq!(lab.host("web").boot_id().unwrap(), first);
    assert_eq!(lab.read("web", "/etc/motto"), "2");

    let booted = lab.nixops(["deploy", "--allow-reboot", "--always-activate", "--json"]);
    booted.exits(0);
    assert_eq!(booted.result("web"), "activated");
    assert!(booted.summary()["machines"]["web"]["seconds"]["reboot"].is_number());
    assert_ne!(lab.host("web").boot_id().unwrap(), first);
    assert_eq!(lab.read("web", "/etc/motto"), "3");
    let second = lab.host("web").boot_id().unwrap();
    lab.nixops(["deploy", "--allow-reboot"])
        .exits(0)
        .says("web> unchanged");
    assert_eq!(lab.host("web").boot_id().unwrap(), second);

    lab.nixops(["deploy", "--force-reboot", "-v"])
        .exits(0)
        .says("web> rebooting");
    assert_ne!(lab.host("web").boot_id().unwrap(), second);
    assert_eq!(lab.state("web").goals().last(), Some(&"boot"));
    lab.nixops(["deploy", "--force-reboot", "--test"]).exits(2);
}

#[test]
fn a_boot_that_does_not_come_or_goes_elsewhere_is_a_failure() {
    let lab = Lab::with_hosts(["web"]);
    network(&lab, 2);
    lab.nixops(["deploy"]).exits(0);
    let first = lab.state("web").running.unwrap();
    network(&lab, 3);
    let reboot = |script: &str| {
        let text = format!("printf '#!/bin/sh\\n{script}\\n' > /run/wrappers/bin/reboot");
        lab.on("web", &text);
    };
    reboot("exit 0");
    lab.nixops(["deploy", "--force-reboot", "--reboot-timeout", "2"])
        .exits(1)
        .says("web: failed to reboot: the host was not booted within 2 s, though it was told to");
    reboot("rm -f /run/sshd.pid; pkill sshd");
    lab.nixops([
        "deploy",
        "--force-reboot",
        "--reboot-timeout",
        "2",
        "--connect-timeout",
        "1",
    ])
    .exits(1)
    .says("web: failed to reboot: the host did not come back within 2 s");
    lab.host("web").start().unwrap();
    // As from the menu of the boot loader.
    let back = "nix-env -p /nix/var/nix/profiles/system --rollback";
    reboot(&format!(
        "{back}; kill -KILL -1; exec bash /etc/rig/boot.sh"
    ));
    lab.nixops(["deploy", "--force-reboot"])
        .exits(1)
        .says(&format!(
            "web: failed to reboot: the host booted {}, and not /nix/store/",
            first.display()
        ));
}
