//! Keys that cannot be sent: who is to blame, and that nothing is half done.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::lab::Lab;

#[test]
fn a_source_that_gives_nothing_is_named_and_its_machine_is_left_alone() {
    let lab = Lab::with_hosts(["web", "db"]);
    let good = lab.secret("token.key", "t");
    let far = lab.secret("far", "f");
    let network = |key: &str| {
        lab.network(&format!(
            "web = {{ {} deployment.keys.good.keyFile = \"{good}\"; deployment.keys.\"bad.key\" = {{ {key} }}; }};
             db = {{ {} deployment.keys.own.text = \"o\"; }};",
            lab.reach("web"),
            lab.reach("db"),
        ));
    };
    network("text = \"b\";");
    lab.nixops(["send-keys"]).exits(0);
    fs::write(&good, "another one").unwrap();
    let before = lab.all_keys();

    let slip = good.replace("token", "tokne");
    for (key, message, hint) in [
        (
            format!("keyFile = \"{slip}\";"),
            format!("cannot read {slip}, which is deployment.keys.\"bad.key\".keyFile: No such file"),
            format!("there is {good}"),
        ),
        (
            format!("keyFile = \"{far}.nowhere.to.be.seen\";"),
            "No such file".to_owned(),
            "it is read here, on the deployer, and not on the machine".to_owned(),
        ),
        (
            "keyFile = \"/dev/zero\";".to_owned(),
            "deployment.keys.\"bad.key\".keyFile gives more than 256 MB".to_owned(),
            String::new(),
        ),
        (
            "keyCommand = [ \"sh\" \"-c\" \"echo locked >&2; exit 2\" ];".to_owned(),
            "which is deployment.keys.\"bad.key\".keyCommand, failed: locked".to_owned(),
            "it is run here, on the deployer: try `sh -c 'echo locked >&2; exit 2'`".to_owned(),
        ),
        (
            "keyCommand = [ \"pass-is-not-there\" ];".to_owned(),
            "`pass-is-not-there`, which is deployment.keys.\"bad.key\".keyCommand, cannot be started: No such".to_owned(),
            "it is run here".to_owned(),
        ),
        (
            "text = \"b\"; permissions = \"u=rw\";".to_owned(),
            "deployment.keys.\"bad.key\".permissions cannot be `u=rw`: a mode is an octal number".to_owned(),
            String::new(),
        ),
        (
            "text = \"b\"; name = \"../../etc/shadow\";".to_owned(),
            "deployment.keys.\"bad.key\".name cannot be `../../etc/shadow`: a name has no `/`".to_owned(),
            String::new(),
        ),
        (
            "text = \"b\"; destDir = \"/run/../etc\";".to_owned(),
            "deployment.keys.\"bad.key\".destDir cannot be `/run/../etc`".to_owned(),
            String::new(),
        ),
    ] {
        network(&key);
        let run = lab.nixops(["send-keys"]);
        run.exits(1)
            .says("error: web: failed to send keys: ")
            .says(&message)
            .says("db> unchanged");
        if !hint.is_empty() {
            run.says(&format!("hint: {hint}"));
        }
        assert_eq!(lab.all_keys(), before, "{key}");
    }
    fs::set_permissions(&good, fs::Permissions::from_mode(0o600)).unwrap();
    network("text = \"b\";");
    lab.nixops(["send-keys"])
        .exits(0)
        .says("web> keys sent: changed good");
}

#[test]
fn a_key_of_two_sources_or_of_none_is_refused_and_names_are_helped_with() {
    let lab = Lab::with_hosts(["web"]);
    lab.keyed("both = { text = \"b\"; keyFile = \"/x\"; };");
    lab.nixops(["send-keys"])
        .exits(1)
        .says("deployment.keys.both")
        .says("must have exactly one of");
    lab.keyed("none = { };");
    lab.nixops(["send-keys"]).exits(1).says("but has none");
    lab.keyed("good.text = \"g\";");
    lab.nixops(["send-keys", "--on", "wbe"])
        .exits(1)
        .says("web");
    lab.nixops(["send-keys", "--on"]).exits(2);
    lab.nixops(["send-key"]).exits(2).says("send-keys");
    assert_eq!(lab.all_keys(), "");
}

#[test]
fn on_a_full_disk_nothing_is_half_written_and_old_keys_stay() {
    let lab = Lab::with_hosts(["web"]);
    lab.on(
        "web",
        "mkdir -p /run/keys; mount -n -t tmpfs -o size=64k,mode=750 tmpfs /run/keys",
    );
    lab.keyed("old.text = \"o\"; rotated.text = \"first\";");
    lab.nixops(["send-keys"]).exits(0);
    let before = (lab.all_keys(), lab.stamps("/run/keys /var/lib/nixops"));
    let large = lab.secret("large", vec![b'x'; 100_000]);
    lab.keyed(&format!(
        "rotated.text = \"second\"; large.keyFile = \"{large}\"; small.text = \"s\";"
    ));
    lab.nixops(["send-keys"])
        .exits(1)
        .says("error: web: failed to send keys: there is no room left for its keys: ")
        .says("hint: nothing was written: the keys that were there are as they were");
    assert_eq!(
        (lab.all_keys(), lab.stamps("/run/keys /var/lib/nixops")),
        before
    );
    assert_eq!(lab.on("web", "ls -A /run/keys"), "done\nold\nrotated\n");
    lab.on("web", "mount -n -o remount,size=1m /run/keys");
    lab.nixops(["send-keys"]).exits(0);
    assert_eq!(
        lab.on("web", "ls -A /run/keys"),
        "done\nlarge\nrotated\nsmall\n"
    );
}

#[test]
fn a_place_that_is_taken_and_a_host_that_is_away_are_told() {
    let lab = Lab::with_hosts(["web", "db"]);
    lab.on("web", "mkdir -p /run/keys/taken");
    let keys = |name: &str| {
        format!(
            "{name} = {{ {} deployment.keys.taken.text = \"t\"; }};",
            lab.reach(name)
        )
    };
    lab.network(&(keys("web") + &keys("db")));
    lab.host("db").stop().unwrap();
    lab.nixops(["send-keys", "--connect-timeout", "2"])
        .exits(1)
        .says("web: failed to send keys: deployment.keys.taken.path cannot be `/run/keys/taken`: there is a directory")
        .says("db: failed to connect: the connection was refused")
        .says("2 failed");
    lab.host("db").start().unwrap();
    lab.on("web", "rmdir /run/keys/taken");
    lab.nixops(["send-keys"])
        .exits(0)
        .says("web> keys sent: new taken");
}
