//! How far a deploy goes, and how activations end.

use crate::lab::Lab;

fn one_machine(lab: &Lab, motto: &str, more: &str) {
    lab.network(&format!(
        "web = {{ {} environment.etc.motto.text = \"{motto}\"; {more} }};",
        lab.reach("web")
    ));
}

#[test]
fn what_only_looks_builds_or_copies_leaves_the_running_system_alone() {
    let lab = Lab::with_hosts(["web"]);
    one_machine(&lab, "first", "");
    let untouched = lab.state("web");
    let bare = lab.host("web").nix_paths().unwrap();

    let look = lab.nixops(["deploy", "--dry-run", "--json"]);
    look.exits(0);
    let machine = &look.summary()["machines"]["web"];
    let system = machine["system"].as_str().unwrap().to_owned();
    let would = |build: bool| serde_json::json!({"result": "would-change", "build": build, "copy": true, "activate": true});
    assert_eq!(machine["outcome"], would(true));
    assert!(!lab.has(&system), "a dry run built {system}");
    lab.nixops(["deploy", "--dry-run"])
        .exits(0)
        .says("would build, copy, activate")
        .says("leave out --dry-run");

    let before = lab.connections("web");
    let build = lab.nixops(["deploy", "--build-only", "--json"]);
    build.exits(0);
    assert_eq!(build.result("web"), "built");
    assert!(lab.has(&system));
    assert_eq!(lab.connections("web"), before, "--build-only connected");
    let look = lab.nixops(["deploy", "--dry-run", "--json"]);
    assert_eq!(look.summary()["machines"]["web"]["outcome"], would(false));
    assert_eq!(lab.host("web").nix_paths().unwrap(), bare);

    let copy = lab.nixops(["deploy", "--copy-only", "--json"]);
    copy.exits(0);
    assert_eq!(copy.result("web"), "copied");
    let paths = lab.host("web").nix_paths().unwrap();
    assert!(paths.iter().any(|path| path.to_str() == Some(&system)));

    lab.nixops(["deploy", "--dry-activate"])
        .exits(0)
        .says("web> would activate the configuration")
        .says("1 dry-activated");
    assert_eq!(lab.state("web"), untouched);
}

#[test]
fn a_dry_run_asks_whoever_would_change_and_nobody_else() {
    let lab = Lab::with_hosts(["web"]);
    one_machine(&lab, "first", "");
    let look = |asks: bool, result: &str| {
        let before = lab.connections("web");
        let run = lab.nixops(["deploy", "--dry-run", "--json"]);
        run.exits(0);
        assert_eq!(run.result("web"), result, "{run:?}");
        assert_eq!(lab.connections("web") > before, asks, "{run:?}");
    };
    look(true, "would-change");
    lab.nixops(["deploy"]).exits(0);
    look(false, "unchanged");
    lab.nixops(["deploy", "--dry-run"])
        .exits(0)
        .says("1 machine told by what the last run noted: 'nixops plan' asks it");
    one_machine(&lab, "second", "");
    look(true, "would-change");
    // Neither what is on trial nor what waits for a boot is what was noted.
    lab.nixops(["deploy", "--test"]).exits(0);
    one_machine(&lab, "first", "");
    look(true, "would-change");
    lab.nixops(["deploy"]).exits(0);
    look(false, "unchanged");
    one_machine(&lab, "second", "");
    lab.nixops(["deploy", "--boot"]).exits(0);
    look(true, "would-change");
    lab.nixops(["deploy"]).exits(0);
    look(false, "unchanged");
    lab.nixops(["rollback"]).exits(0);
    look(true, "would-change");
    one_machine(&lab, "first", "");
    look(false, "unchanged");
    // Where it is reached by another way, it may be another machine.
    one_machine(&lab, "first", "deployment.sshOptions = [ \"-v\" ];");
    look(true, "unchanged");
}

#[test]
fn each_goal_takes_effect_when_it_should() {
    let lab = Lab::with_hosts(["web"]);
    one_machine(&lab, "first", "");
    let deploy = |arguments: [&str; 2], result: &str| {
        let run = lab.nixops(["deploy", "--json", arguments[0], arguments[1]]);
        run.exits(0);
        assert_eq!(run.result("web"), result);
        let system = run.summary()["machines"]["web"]["system"].clone();
        (system.as_str().unwrap().to_owned(), lab.state("web"))
    };
    let path =
        |path: Option<&std::path::Path>| path.and_then(|path| path.to_str()).map(str::to_owned);

    let (first, state) = deploy(["--test", "-v"], "activated");
    assert_eq!(path(state.running.as_deref()), Some(first.clone()));
    assert_eq!((state.generations.len(), &state.boots), (0, &None));
    assert_eq!(state.goals(), ["test"]);

    let (_, state) = deploy(["--color", "never"], "activated");
    assert_eq!(path(state.profile()), Some(first.clone()));
    assert_eq!(path(state.boots.as_deref()), Some(first.clone()));
    assert_eq!(state.goals(), ["test", "test", "boot"]);

    one_machine(&lab, "second", "");
    let (second, state) = deploy(["--boot", "-v"], "activated");
    assert_ne!(first, second);
    assert_eq!(path(state.running.as_deref()), Some(first));
    assert_eq!(path(state.profile()), Some(second.clone()));
    assert_eq!(state.goals(), ["test", "test", "boot", "boot"]);
    assert_eq!(lab.read("web", "/etc/motto"), "first");

    lab.host("web").reboot().unwrap();
    assert_eq!(lab.read("web", "/etc/motto"), "second");
    let (_, state) = deploy(["--color", "never"], "unchanged");
    assert_eq!(path(state.running.as_deref()), Some(second.clone()));

    // What runs already is activated again only on demand, for one deploy or for the machine.
    let count = state.activations.len();
    let (_, state) = deploy(["--always-activate", "-v"], "activated");
    assert_eq!(
        (state.activations.len(), state.generations.len()),
        (count + 2, 2)
    );
    one_machine(&lab, "second", "deployment.alwaysActivate = true;");
    let (system, state) = deploy(["--color", "never"], "activated");
    assert_eq!((system, state.activations.len()), (second, count + 4));
    one_machine(&lab, "second", "deployment.alwaysActivate = false;");
    let (_, state) = deploy(["--color", "never"], "unchanged");
    assert_eq!(state.activations.len(), count + 4);
}

/// Machines whose activations end in each way, and `old`, whose init becomes another one with `interface`.
fn mixed(lab: &Lab, interface: u32) {
    lab.network(&format!(
        "good = {{ {} }};
         half = {{ {} systemd.services.shop = {{
           wantedBy = [ \"multi-user.target\" ]; serviceConfig.Type = \"oneshot\";
           script = \"echo no stock; exit 1\"; }}; }};
         bad = {{ {} system.activationScripts.stop = \"echo this cannot work; false\"; }};
         old = {{ pkgs, ... }}: {{ {} systemd.package = pkgs.systemd // {{ interfaceVersion = {interface}; }}; }};",
        lab.reach("good"),
        lab.reach("half"),
        lab.reach("bad"),
        lab.reach("old"),
    ));
}

#[test]
fn each_end_of_an_activation_is_told_for_what_it_is() {
    let lab = Lab::with_hosts(["good", "half", "bad", "old"]);
    mixed(&lab, 2);
    lab.nixops(["deploy", "--on", "old"]).exits(0);
    let old = lab.state("old");
    mixed(&lab, 3);

    let all = lab.nixops(["deploy"]);
    all.exits(1)
        .says("half> activated, units failed: shop.service")
        .says("half> warning: the following units failed: shop.service")
        .says("no stock")
        .says("bad> this cannot work")
        .says("error: bad: failed to activate: switch-to-configuration ended with exit status 2")
        .says("hint: what it said stands above; the host did not go back: nothing ran there before")
        .says("1 activated, 1 with failed units, 1 to be rebooted, 1 failed")
        .says("next: see what failed with 'systemctl --failed' on half")
        .says("next: reboot old to take up the new system")
        .says("next: run it again for the rest with --on bad");
    let table: Vec<Vec<&str>> = table(&all.stderr);
    assert_eq!(
        table[0],
        [
            "machine",
            "evaluated",
            "built",
            "copied",
            "activated",
            "result"
        ]
    );
    let results: Vec<_> = table[1..]
        .iter()
        .map(|row| (row[0], row[5..].join(" ")))
        .collect();
    let expected = [
        ("bad", "failed to activate"),
        ("good", "activated"),
        ("half", "activated, units failed: shop.service"),
        ("old", "activated, reboot required"),
    ];
    assert_eq!(
        results,
        expected.map(|(name, result)| (name, result.to_owned()))
    );

    let state = lab.state("old");
    assert_eq!(state.running, old.running);
    assert_ne!(state.profile(), old.profile());

    let again = lab.nixops(["deploy", "--json", "--always-activate"]);
    again.exits(1);
    let summary = again.summary();
    assert_eq!(summary["exitCode"], 1);
    let totals = |kind: &str| summary["totals"][kind].as_u64();
    let kinds = [
        "machines",
        "changed",
        "unitsFailed",
        "rebootRequired",
        "failed",
        "unchanged",
    ];
    assert_eq!(kinds.map(totals), [4, 1, 1, 1, 1, 0].map(Some));
    let outcome = |name: &str| summary["machines"][name]["outcome"].clone();
    assert_eq!(
        outcome("half"),
        serde_json::json!({"result": "units-failed", "units": ["shop.service"]})
    );
    assert_eq!(
        (&outcome("bad")["result"], &outcome("bad")["step"]),
        (&"failed".into(), &"activate".into())
    );

    lab.nixops(["deploy", "--always-activate", "--on", "half", "good"])
        .exits(4);
    lab.nixops(["deploy", "--on", "old", "half", "--always-activate"])
        .exits(4);
    let reboot = lab.nixops(["deploy", "--on", "old", "good", "--json"]);
    reboot.exits(100);
    assert_eq!(reboot.result("old"), "reboot-required");
    lab.host("old").reboot().unwrap();
    lab.nixops(["deploy", "--on", "old"])
        .exits(0)
        .says("old> unchanged");
}

#[test]
fn an_activation_that_failed_is_done_again_until_it_succeeds() {
    let lab = Lab::with_hosts(["web"]);
    let script = "system.activationScripts.mended = \"test -e /mended\";";
    one_machine(&lab, "first", script);
    lab.nixops(["deploy"])
        .exits(1)
        .says("web: failed to activate");
    let state = lab.state("web");
    assert!(state.running.is_some() && state.profile().is_none());

    let again = lab.nixops(["deploy", "--json"]);
    again.exits(1);
    assert_eq!(again.result("web"), "failed");
    lab.host("web").run(["touch", "/mended"]).unwrap();
    let mended = lab.nixops(["deploy", "--json"]);
    mended.exits(0);
    assert_eq!(mended.result("web"), "activated");
    let last = lab.nixops(["deploy", "--json"]);
    last.exits(0);
    assert_eq!(last.result("web"), "unchanged");
}

/// The rows of the table at the end, as words; a time is one word, and the result is what is behind five.
fn table(text: &str) -> Vec<Vec<&str>> {
    let lines = text
        .lines()
        .skip_while(|line| !line.starts_with("machine "));
    let rows = lines.take_while(|line| !line.is_empty());
    rows.map(|row| {
        row.split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .collect()
    })
    .collect()
}
