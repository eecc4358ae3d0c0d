//! Keys that are sent by themselves: what a host has afterwards, and what it costs.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::Value;

use crate::lab::{Lab, Run};

impl Lab {
    /// A file of the deployer, outside of the network.
    pub fn secret(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.rig.home().join("secrets").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.to_string_lossy().into_owned()
    }

    /// A network of one machine `web` with these attributes in `deployment.keys`.
    pub fn keyed(&self, keys: &str) -> &Self {
        let reach = self.reach("web");
        self.network(&format!(
            "web = {{ {reach} deployment.keys = {{ {keys} }}; }};"
        ))
    }

    /// Mode, owner, group and content of a file of the host `web`.
    pub fn key(&self, path: &str) -> String {
        let script = format!("stat -c '%a %U %G' '{path}' | tr '\n' ' '; cat '{path}'");
        self.on("web", &script)
    }

    /// Inode and time of change of each file below a directory of `web`.
    pub fn stamps(&self, directory: &str) -> String {
        self.on(
            "web",
            &format!("find {directory} -type f -exec stat -c '%n %i %y %z' {{}} + | sort"),
        )
    }

    /// Everything on `web` that has to do with keys, by name and content.
    pub fn all_keys(&self) -> String {
        let script = "for d in /run/keys /var/lib/nixops/keys; do \
                      [ ! -d $d ] || find $d -type f -exec sha256sum {} + ; done | sort";
        self.on("web", script)
    }
}

/// The outcome of `web` in a run of `send-keys --json`.
fn outcome(run: &Run) -> Value {
    run.summary()["machines"]["web"]["outcome"].clone()
}

#[test]
fn keys_come_from_texts_files_and_programs_with_their_owners_and_modes() {
    let lab = Lab::with_hosts(["web"]);
    let bytes = [0, 255, b'\n', b'\r', 0x80, b'\'', b'$', b'`'];
    let file = lab.secret("binary", bytes);
    lab.keyed(&format!(
        "plain.text = \"it's $HOME \\\"quoted\\\"\\n\";
         binary = {{ keyFile = \"{file}\"; user = \"alice\"; group = \"keys\"; permissions = \"0440\"; }};
         printed = {{ keyCommand = [ \"printf\" \"%s\" \"from a program\" ]; destDir = \"/var/keys/deep\"; name = \"other name\"; }};
         numbered = {{ text = \"n\"; user = \"1234\"; group = \"4321\"; permissions = \"640\"; }};
         later = {{ text = \"l\"; user = \"not-there-yet\"; }};"
    ));
    let run = lab.nixops(["send-keys", "--json"]);
    run.exits(0);
    let names = ["binary", "later", "numbered", "plain", "printed"];
    assert_eq!(outcome(&run)["new"], serde_json::json!(names));

    assert_eq!(
        lab.key("/run/keys/plain"),
        "600 root root it's $HOME \"quoted\"\n"
    );
    let read = lab.host("web").run(["cat", "/run/keys/binary"]).unwrap();
    assert_eq!(read.stdout, bytes);
    assert!(lab.key("/run/keys/binary").starts_with("440 alice keys "));
    assert_eq!(
        lab.key("/var/keys/deep/other name"),
        "600 root root from a program"
    );
    assert_eq!(lab.key("/run/keys/numbered"), "640 UNKNOWN UNKNOWN n");
    assert_eq!(
        lab.on("web", "stat -c %u:%g /run/keys/numbered"),
        "1234:4321\n"
    );
    // Its unit, or the activation that makes the user, gives it away.
    assert_eq!(lab.key("/run/keys/later"), "600 root root l");
    for (directory, is) in [
        ("/run/keys", "750 root keys"),
        ("/var/keys/deep", "750 root keys"),
        ("/var/keys", "755 root root"),
        ("/var/lib/nixops/keys", "700 root root"),
    ] {
        let said = lab.on("web", &format!("stat -c '%a %U %G' {directory}"));
        assert_eq!(said.trim_end(), is, "{directory}");
    }
    let listed = lab.on(
        "web",
        "stat -c %a /var/lib/nixops/keys/manifest; ls -A /run/keys",
    );
    assert_eq!(listed, "600\nbinary\ndone\nlater\nnumbered\nplain\n");
}

#[test]
fn what_is_there_is_not_sent_again_and_what_is_not_wanted_goes() {
    let lab = Lab::with_hosts(["web"]);
    let file = lab.secret("rotated", "first");
    let keys = |more: &str| format!("same.text = \"s\"; rotated.keyFile = \"{file}\"; {more}");
    lab.keyed(&keys("old.text = \"o\"; owned.text = \"w\";"));
    lab.nixops(["send-keys"]).exits(0).says("web> keys sent");
    lab.on("web", "echo mine > /run/keys/not-of-nixops");
    let before = lab.stamps("/run/keys /var/lib/nixops");
    let connections = lab.connections("web");

    let again = lab.nixops(["send-keys", "--json"]);
    again.exits(0);
    assert_eq!(outcome(&again)["result"], "unchanged");
    assert_eq!(lab.stamps("/run/keys /var/lib/nixops"), before);
    assert_eq!(lab.connections("web"), connections + 1);

    lab.secret("rotated", "second");
    lab.keyed(&keys(
        "owned = { text = \"w\"; user = \"alice\"; }; new.text = \"n\";",
    ));
    let changed = lab.nixops(["send-keys", "--json"]);
    changed.exits(0);
    let expected = serde_json::json!({
        "result": "keys-sent", "new": ["new"], "changed": ["owned", "rotated"], "removed": ["/run/keys/old"],
    });
    assert_eq!(outcome(&changed), expected);
    assert_eq!(lab.key("/run/keys/rotated"), "600 root root second");
    assert_eq!(lab.key("/run/keys/owned"), "600 alice root w");
    let there = lab.on("web", "ls -A /run/keys");
    assert_eq!(there, "done\nnew\nnot-of-nixops\nowned\nrotated\nsame\n");
    let same = |text: &str| {
        text.lines()
            .find(|line| line.starts_with("/run/keys/same "))
            .map(str::to_owned)
    };
    assert_eq!(same(&lab.stamps("/run/keys")), same(&before));

    // Whoever meddled with a key loses, and force sends what is there as it is to be.
    lab.on(
        "web",
        "chmod 644 /run/keys/same; echo x >> /run/keys/new; ln -sf /etc/passwd /run/keys/owned",
    );
    lab.nixops(["send-keys"])
        .exits(0)
        .says("keys sent: changed new, owned, same");
    assert_eq!(lab.key("/run/keys/new"), "600 root root n");
    assert_eq!(lab.key("/run/keys/owned"), "600 alice root w");
    let before = lab.stamps("/run/keys");
    lab.nixops(["send-keys", "--force"])
        .exits(0)
        .says("keys sent: changed new, owned, rotated, same");
    assert_ne!(same(&lab.stamps("/run/keys")), same(&before));

    // Without keys nothing of ours is left.
    lab.keyed("");
    lab.nixops(["send-keys"]).exits(0);
    assert_eq!(lab.on("web", "ls -A /run/keys"), "not-of-nixops\n");
    assert_eq!(lab.on("web", "ls -A /var/lib/nixops"), "");
    lab.nixops(["send-keys"]).exits(0).says("web> unchanged");
}

#[test]
fn a_thousand_keys_and_a_long_one_arrive_whole() {
    let lab = Lab::with_hosts(["web"]);
    let long: Vec<u8> = (0..10 << 20)
        .map(|at: u32| (at ^ (at >> 8)).to_le_bytes()[0])
        .collect();
    let file = lab.secret("long", &long);
    lab.keyed(&format!(
        "long.keyFile = \"{file}\"; }} // builtins.listToAttrs (map (number: {{
           name = \"key-${{toString number}}\"; value.text = \"content ${{toString number}}\";
         }}) (nixpkgs.lib.range 1 1000)) // {{"
    ));
    lab.nixops(["send-keys"]).exits(0).says("1001 new");
    let copy = lab.host("web").run(["cat", "/run/keys/long"]).unwrap();
    assert!(copy.stdout == long, "the long key is another one");
    assert_eq!(lab.on("web", "ls /run/keys | wc -l"), "1002\n");
    assert_eq!(lab.key("/run/keys/key-777"), "600 root root content 777");
    let before = lab.stamps("/run/keys");
    lab.nixops(["send-keys"]).exits(0).says("web> unchanged");
    assert_eq!(lab.stamps("/run/keys"), before);
    lab.keyed("");
    lab.nixops(["send-keys"]).exits(0).says("1001 removed");
    assert_eq!(lab.on("web", "ls -A /run/keys"), "");
}

#[test]
fn a_user_who_is_not_root_sends_keys_too() {
    let lab = Lab::with_hosts(["web"]);
    let user = lab.host("web").normal_user();
    let reach = lab.reach("web");
    let network = |escalation: &str, text: &str| {
        lab.network(&format!(
            "web = {{ {reach} deployment.targetUser = \"{user}\"; deployment.privilegeEscalationCommand = {escalation};
               deployment.keys.token = {{ text = \"{text}\"; user = \"{user}\"; }}; }};"
        ));
    };
    network("[ \"sudo\" \"-H\" \"--\" ]", "first");
    lab.nixops(["send-keys"])
        .exits(0)
        .says("web> keys sent: new token");
    assert_eq!(
        lab.key("/run/keys/token"),
        format!("600 {user} {} first", "root")
    );
    lab.nixops(["send-keys"]).exits(0).says("web> unchanged");

    network("[ \"false\" ]", "second");
    lab.nixops(["send-keys"])
        .exits(1)
        .says("error: web: failed to send keys: asking which keys are there failed")
        .says("hint: it became root by `false`");
    assert!(lab.key("/run/keys/token").ends_with("first"));
}

#[test]
fn a_second_deployer_finds_the_keys_of_the_first() {
    let lab = Lab::with_hosts(["web"]);
    lab.keyed("token.text = \"t\"; old.text = \"o\";");
    lab.nixops(["send-keys"]).exits(0);
    let before = lab.stamps("/run/keys");
    let colleague = |lab: &Lab| {
        let mut command = lab.command(["send-keys", "--state"]);
        Run::of(command.arg(lab.rig.home().join("colleague.nixops")))
    };
    colleague(&lab).exits(0).says("web> unchanged");
    assert_eq!(lab.stamps("/run/keys"), before);
    lab.keyed("token.text = \"t\";");
    colleague(&lab)
        .exits(0)
        .says("keys sent: removed /run/keys/old");
    lab.nixops(["send-keys"]).exits(0).says("web> unchanged");
}

#[test]
fn after_a_reboot_keys_are_gone_until_they_are_sent_but_for_those_that_persist() {
    let lab = Lab::with_hosts(["web"]);
    lab.keyed(
        "memory.text = \"m\";
         disk = { text = \"first\"; persist = true; user = \"alice\"; permissions = \"0440\"; };",
    );
    lab.nixops(["deploy"]).exits(0);
    lab.nixops(["send-keys"]).exits(0);
    assert_eq!(
        lab.key("/var/lib/nixops/keys/kept/disk"),
        "600 root root first"
    );

    lab.host("web").reboot().unwrap();
    assert_eq!(lab.on("web", "ls -A /run/keys"), "disk\n");
    assert_eq!(lab.key("/run/keys/disk"), "440 alice root first");
    lab.nixops(["send-keys"])
        .exits(0)
        .says("web> keys sent: new memory");
    assert_eq!(lab.on("web", "ls -A /run/keys"), "disk\ndone\nmemory\n");

    // What persists follows what is sent, and ends with it.
    lab.keyed("disk = { text = \"second\"; persist = true; };");
    lab.nixops(["deploy"]).exits(0);
    lab.nixops(["send-keys"]).exits(0);
    lab.host("web").reboot().unwrap();
    assert_eq!(lab.key("/run/keys/disk"), "600 root root second");
    assert_eq!(lab.on("web", "ls -A /run/keys"), "disk\ndone\n");
    lab.keyed("disk.text = \"second\";");
    lab.nixops(["deploy"]).exits(0);
    lab.nixops(["send-keys"]).exits(0);
    assert_eq!(lab.on("web", "ls -A /var/lib/nixops/keys"), "manifest\n");
    lab.host("web").reboot().unwrap();
    assert_eq!(lab.on("web", "ls -A /run/keys"), "");
}
