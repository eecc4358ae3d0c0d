//! Keys in a deploy: what the new system finds, what is replaced when, and the way back.

use std::fs;

use crate::lab::Lab;

/// An activation script that keeps what it sees of keys, and then says whether all is well.
fn watching(ends: &str) -> String {
    format!(
        "system.activationScripts.watching = ''
           for key in new rotated gone; do
             echo \"$key=$(cat /run/keys/$key 2>/dev/null)\"
           done > /var/lib/seen
           {ends}
         '';"
    )
}

/// A network of `web` with these keys, and a script in its activation.
fn network(lab: &Lab, keys: &str, more: &str) {
    let reach = lab.reach("web");
    lab.network(&format!(
        "web = {{ {reach} deployment.keys = {{ {keys} }}; {more} }};"
    ));
}

fn there(lab: &Lab) -> String {
    lab.on(
        "web",
        "cd /run/keys; for key in *; do echo \"$key=$(cat $key)\"; done",
    )
}

#[test]
fn new_keys_are_there_before_an_activation_and_others_are_replaced_once_it_is_confirmed() {
    let lab = Lab::with_hosts(["web"]);
    network(
        &lab,
        "rotated.text = \"1\"; gone.text = \"g\";",
        &watching(""),
    );
    let run = lab.nixops(["deploy", "--json"]);
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    assert_eq!(
        lab.read("web", "/var/lib/seen"),
        "new=\nrotated=1\ngone=g\n"
    );
    assert_eq!(there(&lab), "done=\ngone=g\nrotated=1\n");
    let before = lab.stamps("/run/keys");

    let again = lab.nixops(["deploy", "--json"]);
    assert_eq!(again.result("web"), "unchanged");
    assert_eq!(lab.stamps("/run/keys"), before);

    network(
        &lab,
        "rotated.text = \"2\"; new.text = \"n\";",
        &watching("# changed"),
    );
    lab.nixops(["deploy"]).exits(0);
    assert_eq!(
        lab.read("web", "/var/lib/seen"),
        "new=n\nrotated=1\ngone=g\n"
    );
    assert_eq!(there(&lab), "done=\nnew=n\nrotated=2\n");
    assert_eq!(lab.on("web", "ls -A /run/keys"), "done\nnew\nrotated\n");
}

#[test]
fn a_host_that_goes_back_has_its_old_keys() {
    let lab = Lab::with_hosts(["web"]);
    network(
        &lab,
        "rotated.text = \"1\"; gone.text = \"g\";",
        &watching(""),
    );
    lab.nixops(["deploy"]).exits(0);
    network(
        &lab,
        "rotated.text = \"2\"; new.text = \"n\";",
        &watching("false"),
    );
    lab.nixops(["deploy"]).exits(1);
    let seen = lab.read("web", "/var/lib/seen");
    assert!(seen.contains("rotated=1"), "{seen}");
    assert_eq!(
        lab.on("web", "ls -A /run/keys"),
        "done\ngone\nnew\nrotated\n"
    );
    assert!(there(&lab).contains("gone=g\nnew=n\nrotated=1\n"));

    // A run after it knows what it has put there, and settles it.
    network(&lab, "rotated.text = \"3\";", &watching("true"));
    lab.nixops(["deploy"]).exits(0);
    assert_eq!(there(&lab), "done=\nrotated=3\n");
}

#[test]
fn a_key_that_was_turned_is_sent_to_an_unchanged_system_over_its_one_connection() {
    let lab = Lab::with_hosts(["web"]);
    let file = lab.secret("rotated", "1");
    network(&lab, &format!("rotated.keyFile = \"{file}\";"), "");
    lab.nixops(["deploy"]).exits(0);
    let (state, connections) = (lab.state("web"), lab.connections("web"));
    fs::write(&file, "2").unwrap();
    let run = lab.nixops(["deploy", "--json"]);
    run.exits(0);
    assert_eq!(run.result("web"), "keys-sent");
    assert_eq!(there(&lab), "done=\nrotated=2\n");
    assert_eq!(lab.state("web"), state);
    assert_eq!(lab.connections("web"), connections + 1);

    // Who only looks, or leaves the hosts alone, sends nothing.
    fs::write(&file, "3").unwrap();
    for only in ["--dry-run", "--build-only", "--copy-only", "--dry-activate"] {
        lab.nixops(["deploy", only]).exits(0);
        assert_eq!(there(&lab), "done=\nrotated=2\n", "{only}");
    }

    // A source that is gone stops the machine before anything is done with it.
    fs::remove_file(&file).unwrap();
    network(
        &lab,
        &format!("rotated.keyFile = \"{file}\"; new.text = \"n\";"),
        "environment.etc.motto.text = \"new\";",
    );
    lab.nixops(["deploy"])
        .exits(1)
        .says("error: web: failed to send keys: cannot read")
        .says("deployment.keys.rotated.keyFile");
    assert_eq!(there(&lab), "done=\nrotated=2\n");
    assert_eq!(lab.state("web"), state);
}

#[test]
fn a_host_that_is_booted_gets_its_keys_again_and_one_that_is_to_boot_later_keeps_the_old_ones() {
    let lab = Lab::with_hosts(["web"]);
    network(&lab, "rotated.text = \"1\";", "");
    lab.nixops(["deploy"]).exits(0);
    network(
        &lab,
        "rotated.text = \"2\"; new.text = \"n\";",
        "environment.etc.motto.text = \"2\";",
    );
    lab.nixops(["deploy", "--boot"]).exits(0);
    assert_eq!(there(&lab), "done=\nnew=n\nrotated=1\n");
    assert_eq!(lab.on("web", "ls -A /run/keys"), "done\nnew\nrotated\n");
    network(
        &lab,
        "rotated.text = \"3\"; new.text = \"n\";",
        "environment.etc.motto.text = \"3\";",
    );
    lab.nixops(["deploy", "--force-reboot"]).exits(0);
    assert_eq!(there(&lab), "done=\nnew=n\nrotated=3\n");
}

#[test]
fn outputs_of_resources_are_in_keys_and_secret_ones_nowhere_else() {
    let lab = Lab::without_hosts();
    lab.network_in_the_cloud(
        "resources.sshKeyPairs.pair = { };
         resources.neatcloudTokens.turns.scope = \"read\";
         web = { resources, ... }: {
           deployment.keys.pair.text = resources.sshKeyPairs.pair.privateKey;
           deployment.keys.token.text = \"public=${resources.sshKeyPairs.pair.publicKey} token=${resources.neatcloudTokens.turns.secret};\";
         };",
    );
    lab.deploy(&["--yes"]).exits(0);
    let server = lab.cloud_has("servers").remove(0);
    let read = |path: &str| {
        let host = format!("root@{}", server["address"].as_str().unwrap());
        let port = server["port"].to_string();
        lab.run(
            "ssh",
            &[
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "UserKnownHostsFile=/dev/null",
                "-i",
                lab.rig.identity().to_str().unwrap(),
                "-p",
                &port,
                &host,
                "cat",
                path,
            ],
        )
    };
    let outputs = lab.nixops(["show-physical", "--include-secrets", "--json"]);
    let resources = outputs.json()["resources"].clone();
    let text = |kind: &str, name: &str, output: &str| {
        let value = &resources[kind][name][output];
        value
            .as_str()
            .unwrap_or_else(|| panic!("no {output}: {resources}"))
            .to_owned()
    };
    let private = text("sshKeyPairs", "pair", "privateKey");
    assert!(private.contains("PRIVATE KEY"));
    assert_eq!(read("/run/keys/pair"), private);
    let token = format!(
        "public={} token={};",
        text("sshKeyPairs", "pair", "publicKey"),
        text("neatcloudTokens", "turns", "secret")
    );
    assert_eq!(read("/run/keys/token"), token);
    // By itself too, from what is recorded, for a machine that the cloud made.
    lab.nixops(["send-keys"]).exits(0).says("web> unchanged");
    lab.nixops(["send-keys", "--force"])
        .exits(0)
        .says("web> keys sent: changed pair, token");
    assert_eq!(read("/run/keys/token"), token);
}

#[test]
fn keys_of_what_is_not_made_yet_say_so() {
    let lab = Lab::without_hosts();
    lab.network_in_the_cloud(
        "resources.sshKeyPairs.pair = { };
         web = { resources, ... }: {
           deployment.keys.pair.text = resources.sshKeyPairs.pair.privateKey;
         };
         db = { deployment.keys.k.text = \"k\"; };",
    );
    lab.nixops(["send-keys"])
        .exits(1)
        .says("web: failed to evaluate: needs `resources.sshKeyPairs.pair.privateKey`, which is known after apply")
        .says("db: failed to connect: its backend `neatcloud` has not made it")
        .says("hint: `nixops deploy` makes it");
}
