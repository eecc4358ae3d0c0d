//! `nixops copy-closure` and `nixops diff`: what hosts have in their stores.

use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::lab::Lab;

fn network(lab: &Lab, motto: &str, packages: &str) {
    let (web, db) = (lab.reach("web"), lab.reach("db"));
    lab.network(&format!(
        "web = {{ pkgs, ... }}: {{ {web} environment.etc.motto.text = \"{motto}\"; {packages} }};
         db = {{ {db} }};"
    ));
}

#[test]
fn what_runs_is_compared_with_what_the_network_wants_package_by_package() {
    let lab = Lab::with_hosts(["web", "db"]);
    network(&lab, "first", "");
    lab.nixops(["deploy", "--on", "web"]).exits(0);
    let same = lab.nixops(["diff", "--on", "web"]);
    same.exits(0);
    assert_eq!(same.stdout, "= web  runs what the network wants\n");

    network(
        &lab,
        "second",
        "environment.systemPackages = [ (pkgs.writeTextDir \"share/greeting-2.1\" \"hello\") ];",
    );
    let unbuilt = lab.nixops(["diff"]);
    unbuilt.exits(0);
    assert!(
        unbuilt
            .stdout
            .contains("the wanted one is not built, and --build tells more"),
        "{unbuilt:?}"
    );
    let run = lab.nixops(["diff", "--build", "--json"]);
    run.exits(0);
    let told = run.json();
    let packages = &told["web"]["closure"]["packages"];
    assert_eq!(packages["greeting"]["kind"], "added", "{told}");
    assert_eq!(packages["greeting"]["after"][0], "2.1");
    assert_eq!(packages["nixos-system-web"]["kind"], "rebuilt");
    // A host that nothing was deployed to has all of it to come.
    assert_eq!(told["db"]["running"], Value::Null);
    assert!(told["db"]["closure"]["newPaths"].as_u64().unwrap() > 3);
    let people = lab.nixops(["diff", "--on", "web", "-v"]);
    people.exits(0);
    assert!(people.stdout.contains("+ greeting 2.1"), "{people:?}");
    // Nothing was changed.
    assert_eq!(lab.read("web", "/etc/motto"), "first");

    lab.host("db").stop().unwrap();
    let away = lab.nixops(["diff", "--build"]);
    away.exits(1);
    assert!(
        away.stdout.contains("! db: the connection was refused"),
        "{away:?}"
    );
    assert!(
        away.stdout.contains("~ web  runs another system"),
        "{away:?}"
    );
    lab.network("web = throw \"no such web\";");
    let broken = lab.nixops(["diff"]);
    broken.exits(1);
    assert!(broken.stdout.contains("! web: no such web"), "{broken:?}");
}

#[test]
fn a_closure_is_copied_by_its_path_or_by_a_link_and_what_is_there_is_not_sent() {
    let lab = Lab::with_hosts(["web", "db"]);
    network(&lab, "first", "");
    let built = lab.nixops(["deploy", "--build-only", "--json", "--on", "web"]);
    built.exits(0);
    let system = built.summary()["machines"]["web"]["system"].clone();
    let system = system.as_str().unwrap();
    symlink(system, lab.directory.join("result")).unwrap();
    let run = lab.nixops(["copy-closure", "--json", "db", "./result"]);
    run.exits(0);
    assert!(run.json()["copied"].as_u64().unwrap() > 3, "{run:?}");
    assert_eq!(run.json()["paths"][0], system);
    let paths = lab.host("db").nix_paths().unwrap();
    assert!(paths.iter().any(|path| path.to_str() == Some(system)));
    let again = lab.nixops(["copy-closure", "db", system]);
    again.exits(0);
    assert_eq!(again.stdout, "db had everything already\n");

    // What is in the store is copied as it is, also a link.
    symlink("of-the-store", lab.directory.join("link")).unwrap();
    let link = lab.run("nix-store", &["--add", "link"]);
    lab.nixops(["copy-closure", "db", link.trim()]).exits(0);
    let paths = lab.host("db").nix_paths().unwrap();
    assert!(paths.iter().any(|path| path.to_str() == Some(link.trim())));

    lab.nixops(["copy-closure", "db", "flake.nix"])
        .exits(1)
        .says("`flake.nix` is not in the store")
        .says("hint: a path begins with /nix/store");
    lab.nixops(["copy-closure", "dv", system])
        .exits(1)
        .says("did you mean 'db'?");
    lab.host("db").stop().unwrap();
    lab.nixops(["copy-closure", "db", system])
        .exits(1)
        .says("db: the connection was refused");
}
