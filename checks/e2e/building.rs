//! `nixops build`: systems without hosts.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
};

use crate::lab::Lab;

fn network(lab: &Lab) {
    lab.network(
        "web = { deployment.tags = [ \"eu\" ]; }; db = { };
         bad.networking.hostName = throw \"no name\";",
    );
}

#[test]
fn the_systems_that_are_built_are_printed() {
    let lab = Lab::without_hosts();
    network(&lab);
    let run = lab.nixops(["build", "--on", "web", "db"]);
    let paths: Vec<&str> = run.exits(0).stdout.lines().collect();
    assert_eq!(paths.len(), 2, "{run:?}");
    assert!(paths[0].contains("-nixos-system-db-"), "{run:?}");
    for path in paths {
        lab.run("nix-store", &["--check-validity", path]);
    }
    assert!(!lab.directory.join("nixops.json").exists());

    let run = lab.nixops(["build", "--on", "@eu", "--json"]);
    let built = run.exits(0).json();
    assert_eq!(built["machines"]["web"]["outcome"]["result"], "built");
    let system = built["machines"]["web"]["system"].as_str().unwrap();
    lab.run("nix-store", &["--check-validity", system]);
    assert!(built["machines"].get("db").is_none(), "{built}");
}

#[test]
fn one_that_fails_keeps_no_other_from_being_built() {
    let lab = Lab::without_hosts();
    network(&lab);
    let run = lab.nixops(["build"]);
    run.exits(1).says("no name");
    assert_eq!(run.stdout.lines().count(), 2, "{run:?}");
    let run = lab.nixops(["build", "--json"]);
    let machines = &run.exits(1).json()["machines"];
    assert_eq!(machines["bad"]["outcome"]["result"], "failed");
    assert_eq!(machines["bad"]["outcome"]["message"], "no name");
    lab.nixops(["build", "--on", "wbe"])
        .exits(1)
        .says("did you mean 'web'?");
}

#[test]
fn links_are_put_where_they_are_wanted() {
    let lab = Lab::without_hosts();
    network(&lab);
    let run = lab.nixops(["build", "--on", "web", "--out-link", "systems"]);
    let link = lab.directory.join("systems/web");
    let target = fs::read_link(&link).unwrap();
    assert_eq!(run.exits(0).stdout.trim(), target.to_str().unwrap());
    let roots = lab.run("nix-store", &["--gc", "--print-roots"]);
    assert!(roots.contains(link.to_str().unwrap()), "{roots}");

    // It goes on where the link is there already, and tells where there can be none.
    lab.nixops(["build", "--on", "web", "-o", "systems"])
        .exits(0);
    lab.write("taken/web", "a file");
    lab.nixops(["build", "--on", "web", "-o", "taken"])
        .says("the system may be collected");
    lab.write("elsewhere/file", "another");
    symlink("file", lab.directory.join("elsewhere/web")).unwrap();
    lab.nixops(["build", "--on", "web", "-o", "elsewhere"])
        .says("elsewhere/web");
    let read = |name: &str| fs::read_to_string(lab.directory.join(name)).unwrap();
    assert_eq!(
        [read("taken/web"), read("elsewhere/web")],
        ["a file", "another"]
    );
}

#[test]
fn a_build_waits_for_no_run_that_holds_the_deployment() {
    let lab = Lab::with_hosts(["web"]);
    lab.network(&format!("web = {{ {} }};", lab.reach("web")));
    lab.nixops(["deploy"]).exits(0);
    let mut locks = fs::read_dir(lab.rig.home().join("state/nixops/locks")).unwrap();
    let held = File::open(locks.next().unwrap().unwrap().path()).unwrap();
    held.lock().unwrap();
    let before = fs::read(lab.directory.join("nixops.json")).unwrap();
    lab.nixops(["deploy"])
        .exits(1)
        .says("another run works on this deployment");
    lab.nixops(["build"]).exits(0);
    assert_eq!(fs::read(lab.directory.join("nixops.json")).unwrap(), before);
}

#[test]
fn what_reads_what_is_not_made_yet_cannot_be_built() {
    let lab = Lab::without_hosts();
    lab.network(
        "resources.commandOutput.count.script = \"echo 3\"; db = { };
         web = { resources, ... }: { networking.extraHosts = resources.commandOutput.count.value; };",
    );
    let run = lab.nixops(["build"]);
    run.exits(1).says("commandOutput.count.value");
    assert_eq!(run.stdout.lines().count(), 1, "{run:?}");
}
