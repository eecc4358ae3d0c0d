//! `nixops delete-resources`: what is forgotten, and goes on to exist.

use crate::lab::Lab;

#[test]
fn what_is_forgotten_goes_on_to_exist() {
    let lab = Lab::with_hosts(["plain"]);
    let plain = lab.reach("plain");
    lab.network_in_the_cloud(&format!(
        "resources.neatcloudVolumes.data = {{ size = 10; }};
         web = {{ }};
         plain = {{ lib, ... }}: {{ deployment.targetEnv = lib.mkForce \"none\"; {plain} }};"
    ));
    lab.deploy(&[]).exits(0);
    lab.write("flake.nix", "{ outputs = throw \"broken\"; }");
    lab.nixops(["delete-resources", "--on", "neatcloudVolumes.*"])
        .exits(1)
        .says("this forgets neatcloudVolumes.data; nothing was done, since there is nobody to ask");
    assert!(lab.records().unwrap().contains("neatcloudVolumes"));
    let run = lab.nixops([
        "delete-resources",
        "--on",
        "neatcloudVolumes.*",
        "web",
        "--yes",
    ]);
    run.exits(0);
    assert_eq!(run.stdout, "forgot neatcloud.web, neatcloudVolumes.data\n");
    let left = lab.records().unwrap();
    assert!(
        !left.contains("neatcloudVolumes") && left.contains("neatcloudSshKeys"),
        "{left}"
    );
    assert_eq!(lab.cloud_has("volumes").len(), 1);
    assert_eq!(lab.cloud_has("servers").len(), 1);
    let journal = lab.nixops(["journal"]);
    assert!(journal.stdout.contains("forget"), "{journal:?}");

    lab.nixops(["delete-resources", "--on", "plian", "--yes"])
        .exits(1)
        .says("did you mean 'plain'?");
    let host = lab.nixops(["delete-resources", "--on", "plain", "--confirm", "--json"]);
    host.exits(0);
    assert_eq!(host.json()["forgotten"][0], "none.plain");
    lab.nixops(["exec", "--on", "plain", "--", "true"]).exits(1);
    lab.nixops(["delete-resources", "--yes"]).exits(0);
    let nothing = lab.nixops(["delete-resources", "--yes"]);
    assert_eq!(nothing.exits(0).stdout, "there was nothing to forget\n");
}
