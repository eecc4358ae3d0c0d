//! The verbs that show and change the state.

use std::{fs, io::Write as _, path::PathBuf, process::Stdio};

use insta::assert_snapshot;
use nixops::state::{
    Change, Database, Deployment, DeploymentStore, Entry, Holder, Key, Lifecycle, MachineRecord,
    NoKey, Operation, Phase, Place, Record, RunLock, Secrets, Stage, Store as _,
};
use nixops_plugin::protocol::ResourceState;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::lab::{Lab, Run};

const UUID: &str = "0a1b2c3d-0000-11ee-8000-00005e005301";

/// A lab with a network that has not been deployed.
fn lab() -> Lab {
    let lab = Lab::without_hosts();
    lab.network("");
    lab
}

trait Verbs {
    fn done<const N: usize>(&self, arguments: [&str; N]) -> String;
    fn json<const N: usize>(&self, arguments: [&str; N]) -> Value;
    fn refused<const N: usize>(&self, arguments: [&str; N]) -> String;
    fn database(&self) -> camino::Utf8PathBuf;
    fn plain(&self) -> String;
    fn store(&self) -> DeploymentStore;
    fn fill(&self);
}

impl Verbs for Lab {
    #[track_caller]
    fn done<const N: usize>(&self, arguments: [&str; N]) -> String {
        let run = self.nixops(arguments);
        assert_eq!(run.code, Some(0), "{run:#?}");
        run.stdout.trim().to_owned()
    }

    #[track_caller]
    fn json<const N: usize>(&self, arguments: [&str; N]) -> Value {
        let mut command = self.command(arguments);
        let run = Run::of(command.arg("--json"));
        assert_eq!(run.code, Some(0), "{run:#?}");
        serde_json::from_str(&run.stdout).unwrap()
    }

    #[track_caller]
    fn refused<const N: usize>(&self, arguments: [&str; N]) -> String {
        let run = self.nixops(arguments);
        assert_eq!(run.code, Some(1), "{run:#?}");
        run.stderr
            .replace(self.database().as_str(), "STATE")
            .trim()
            .to_owned()
    }

    fn database(&self) -> camino::Utf8PathBuf {
        let path = self.rig.home().join("state/nixops/state.db");
        path.try_into().unwrap()
    }

    /// What there is, with bars between the values.
    #[track_caller]
    fn plain(&self) -> String {
        self.done(["info", "--plain"]).replace('\t', "|")
    }

    /// The only deployment.
    fn store(&self) -> DeploymentStore {
        let database = Database::open(&self.database()).unwrap();
        let uuid = database.deployments().unwrap().remove(0).uuid;
        database.store(&uuid, std::sync::Arc::new(NoKey))
    }

    /// Puts a machine and a resource into the only deployment, as a deploy would.
    fn fill(&self) {
        let store = self.store();
        let machine = MachineRecord {
            backend: "none".to_owned(),
            system: Some("/nix/store/abc-system".to_owned()),
            options: Some(json!({ "targetHost": "web.example" })),
            ..MachineRecord::default()
        };
        let volume = Record {
            plugin: "neatcloud".to_owned(),
            version: 1,
            token: "t".to_owned(),
            phase: Phase::Ready,
            state: ResourceState {
                id: "vol-1".to_owned(),
                outputs: json!({ "device": "/dev/neat" })
                    .as_object()
                    .unwrap()
                    .clone(),
                ..ResourceState::default()
            },
            secrets: Secrets::Nothing,
            needs: [].into(),
            lifecycle: Lifecycle::default(),
        };
        let key = Key::new("neatcloudVolumes", "disk");
        let entry = Entry::new(&key, Operation::Create, Stage::Done);
        let changes = [
            Change::Put(key, Box::new(volume)),
            Change::PutMachine("web".to_owned(), Box::new(machine)),
        ];
        store.write(&entry, &changes).unwrap();
    }
}

/// Everything below a directory, with its content.
fn files(directory: &std::path::Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    all.sort();
    all
}

#[test]
fn a_deployment_is_made_named_and_forgotten() {
    let lab = lab();
    let uuid = lab.done(["create", "--name", "shop", "--description", "A shop"]);
    let recorded: Value =
        serde_json::from_slice(&fs::read(lab.directory.join("nixops.json")).unwrap()).unwrap();
    assert_eq!(
        recorded,
        json!({ "version": 1, "deployments": { "default": { "name": "shop", "lineage": uuid } } })
    );
    lab.done(["modify", "--name", "store"]);
    let listed = lab.json(["list"]);
    assert_eq!(listed[0]["uuid"], uuid);
    assert_eq!(listed[0]["name"], "store");
    assert_eq!(listed[0]["own"], true);
    assert!(lab.done(["list"]).contains("A shop"));
    lab.done(["delete"]);
    assert_eq!(lab.json(["list"]), json!([]));
}

#[test]
fn a_clone_has_the_arguments_and_nothing_else() {
    let lab = lab();
    lab.done(["create", "--name", "shop"]);
    lab.done(["set-args", "--arg", "size", "3", "--argstr", "region", "eu"]);
    lab.fill();
    let uuid = lab.done(["clone", "--name", "staging"]);
    assert_snapshot!(lab.done(["show-arguments", "-d", "staging"]), @r#"
    argument  value
    region    "eu"
    size      3
    "#);
    let info = lab.json(["info", "-d", "staging"]);
    assert_eq!(info["deployment"]["uuid"], uuid);
    assert_eq!(info["things"], json!([]));
    // The one here is still the one that was made for it.
    assert_eq!(lab.json(["info"])["deployment"]["name"], "shop");
    lab.done(["set-args", "--unset", "region"]);
    assert_eq!(
        lab.json(["show-arguments"]),
        json!({ "size": { "kind": "expression", "value": "3" } })
    );
    assert_snapshot!(lab.refused(["set-args", "--unset", "szie"]), @"error: no argument `szie` is kept (did you mean `size`?)");
    assert_snapshot!(lab.refused(["set-args", "--arg", "size", "{ a = "]), @"error: `--arg size` is no Nix expression: unexpected end of file (a text is given with `--argstr`)");
}

#[test]
fn a_network_that_was_cloned_is_planned_as_its_own_deployment() {
    let lab = lab();
    lab.done(["create", "--name", "shop"]);
    lab.done(["clone", "--name", "staging"]);
    lab.done(["plan"]);
}

#[test]
fn what_is_there_is_shown() {
    let lab = lab();
    lab.done(["create", "--name", "shop"]);
    assert!(lab.done(["info"]).contains("nothing is deployed yet"));
    lab.fill();
    let info = lab.done(["info"]);
    let (_, things) = info.split_once("\n\n").unwrap();
    assert_snapshot!(things, @r"
    name  status    type              id     address
    web   deployed  none              -      web.example
    disk  up        neatcloudVolumes  vol-1  -
    ");
    assert_snapshot!(lab.plain(), @r"
    web|deployed|none|||
    disk|up|neatcloudVolumes|vol-1
    ");
    assert_snapshot!(lab.done(["show-physical"]), @r#"
    {
      resources.neatcloudVolumes.disk.device = "/dev/neat";
      web = {
        system = "/nix/store/abc-system";
        targetHost = "web.example";
      };
    }
    "#);
    let journal = lab.json(["journal"]);
    assert_eq!(journal["operation"], "create");
    assert_eq!(journal["name"], "disk");
    assert!(lab.done(["journal"]).contains("neatcloudVolumes.disk"));
    assert!(
        lab.done(["info", "--all", "--plain"])
            .contains("\tshop\tweb\tdeployed\t")
    );
}

#[test]
fn looking_writes_nothing_and_waits_for_nobody() {
    let lab = lab();
    // Not even where there is nothing to look at.
    assert_eq!(lab.json(["list"]), json!([]));
    assert!(!lab.database().exists());
    let uuid = lab.done(["create", "--name", "shop"]);
    lab.fill();
    let path = Place::lock_of(&lab.database(), &uuid);
    let holder = Holder::this("deploy");
    let _held = RunLock::take(&path, &holder, None, &mut |_| false).unwrap();
    let before = (
        files(lab.database().parent().unwrap().as_std_path()),
        files(&lab.directory),
    );
    for verb in [
        "list",
        "info",
        "show-arguments",
        "show-physical",
        "export",
        "journal",
    ] {
        lab.done([verb]);
    }
    let after = (
        files(lab.database().parent().unwrap().as_std_path()),
        files(&lab.directory),
    );
    assert_eq!(before, after);
    assert!(lab.done(["info"]).contains("runs `nixops deploy` since"));
    // Who changes says who is in the way.
    let said = "runs `nixops deploy` since";
    assert!(lab.refused(["modify", "--name", "x"]).contains(said));
    assert!(lab.refused(["delete", "--force"]).contains(said));
    assert!(lab.refused(["set-args", "--arg", "a", "1"]).contains(said));
    assert!(
        lab.refused(["unlock"])
            .contains("runs `nixops deploy` since")
    );
}

#[test]
fn who_waits_gets_the_lock_when_it_is_let_go() {
    let lab = lab();
    let uuid = lab.done(["create", "--name", "shop"]);
    let path = Place::lock_of(&lab.database(), &uuid);
    let held = RunLock::take(&path, &Holder::this("deploy"), None, &mut |_| false).unwrap();
    let mut command = lab.command(["modify", "--name", "store", "--wait-lock=60"]);
    let waiting = command.stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(600));
    drop(held);
    let run: Run = waiting.wait_with_output().unwrap().into();
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stderr.contains("waiting for the deployment"),
        "{run:#?}"
    );
    assert_eq!(lab.json(["info"])["deployment"]["name"], "store");
    assert!(lab.done(["unlock"]).contains("the last who held it"));
    assert_eq!(lab.done(["unlock"]), "store was not locked");
}

#[test]
fn a_deployment_with_resources_is_not_forgotten_by_accident() {
    let lab = lab();
    lab.done(["create", "--name", "shop"]);
    lab.fill();
    assert_snapshot!(lab.refused(["delete"]), @r"
    error: the deployment shop still has neatcloudVolumes.disk
    hint: `nixops destroy` takes them away; `--force` forgets them and leaves them where they are
    ");
    lab.done(["delete", "--force"]);
    assert_snapshot!(lab.refused(["info", "-d", "shop"]), @r"
    error: there is no deployment in STATE
    hint: `nixops create` makes one, and so does the first `nixops deploy`; `nixops import` brings those of NixOps 2
    ");
}

#[test]
fn a_machine_and_a_resource_are_renamed() {
    let lab = lab();
    lab.done(["create", "--name", "shop"]);
    lab.fill();
    lab.done(["rename", "web", "www"]);
    lab.done(["rename", "neatcloudVolumes.disk", "data"]);
    assert_snapshot!(lab.plain(), @r"
    www|deployed|none|||
    data|up|neatcloudVolumes|vol-1
    ");
    assert_snapshot!(lab.refused(["rename", "dta", "x"]), @r"
    error: there is no machine or resource `dta`
    hint: did you mean `data`?
    ");
    assert_snapshot!(lab.refused(["rename", "data", "a/b"]), @r"
    error: `a/b` is no name for a machine or resource
    hint: a name is made of letters, digits, `-`, `_` and `.`
    ");
}

#[test]
fn no_machine_gets_the_name_of_another_one_whatever_its_backend() {
    let lab = lab();
    lab.done(["create", "--name", "shop"]);
    lab.fill();
    let store = lab.store();
    let server = MachineRecord {
        backend: "neatcloud".to_owned(),
        ..MachineRecord::default()
    };
    let key = Key::new("neatcloud", "db");
    let entry = Entry::new(&key, Operation::Activate, Stage::Done);
    let put = Change::PutMachine("db".to_owned(), Box::new(server));
    store.write(&entry, &[put]).unwrap();
    drop(store);
    assert_snapshot!(lab.refused(["rename", "web", "db"]), @"error: there is a neatcloud.db already");
}

#[test]
fn destroying_what_was_never_deployed_does_nothing_and_leaves_no_deployment() {
    let lab = lab();
    let run = lab.nixops(["destroy", "--yes"]);
    run.exits(0)
        .says("there is nothing to destroy: this network was not deployed yet");
    assert_eq!(lab.json(["list"]), serde_json::json!([]));
}

#[test]
fn another_network_is_bound_on_purpose() {
    let lab = lab();
    lab.done(["create", "--name", "shop"]);
    let other = lab.rig.home().join("other");
    fs::create_dir(&other).unwrap();
    fs::copy(lab.directory.join("flake.nix"), other.join("flake.nix")).unwrap();
    let mut command = lab.command(["modify", "-d", "shop", "--rebind"]);
    let run = Run::of(command.current_dir(&other));
    assert_eq!(run.code, Some(0), "{run:#?}");
    let mine = fs::read(lab.directory.join("nixops.json")).unwrap();
    assert_eq!(fs::read(other.join("nixops.json")).unwrap(), mine);
    assert!(
        lab.json(["info"])["deployment"]["source"]
            .as_str()
            .unwrap()
            .contains("/other#")
    );
}

#[test]
fn an_export_is_imported_elsewhere() {
    let lab = lab();
    lab.done(["create", "--name", "shop"]);
    lab.done(["set-args", "--arg", "size", "3"]);
    lab.fill();
    let export = lab.done(["export"]);
    lab.write("export.json", &export);
    assert!(
        lab.refused(["import", "export.json"])
            .contains("already; nothing was changed")
    );
    let other = lab.path("other.db");
    assert_snapshot!(lab.done(["import", "export.json", "--state", &other]), @"brought shop (machines: 1, resources: 1)");
    assert_eq!(lab.done(["export", "--state", &other]), export);
    let mut command = lab.command(["import", "-", "--state", &lab.path("third.db"), "--json"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(export.as_bytes())
        .unwrap();
    let run: Run = child.wait_with_output().unwrap().into();
    assert_eq!(run.code, Some(0), "{run:#?}");
    let schema = lab.done(["export", "--schema"]);
    assert!(schema.contains("nixopsExport"), "{schema}");
}

/// A state file of NixOps 2 with secrets in it.
fn old_state(lab: &Lab) -> String {
    let path = lab.path("deployments.nixops");
    let text = include_str!("../../src/state/nixops2/schema_3.sql");
    let filled = format!(
        r#"INSERT INTO Deployments VALUES ('{UUID}');
        INSERT INTO DeploymentAttrs VALUES ('{UUID}', 'name', 'shop'), ('{UUID}', 'args', '{{"size": "3"}}');
        INSERT INTO Resources VALUES (1, '{UUID}', 'web', 'none'), (2, '{UUID}', 'key', 'ssh-keypair'),
          (3, '{UUID}', 'disk', 'ebs-volume');
        INSERT INTO ResourceAttrs VALUES (1, 'targetHost', 'web.example'),
          (1, 'toplevel', '/nix/store/abc-system'), (1, 'none.sshPrivateKey', 'HUSH-1'),
          (2, 'publicKey', 'ssh-ed25519 AAAA'), (2, 'privateKey', 'HUSH-2'), (3, 'volumeId', 'HUSH-3');"#
    );
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(&format!("{text}{filled}"))
        .unwrap();
    path
}

#[test]
fn a_state_of_nixops_2_is_brought_with_its_secrets_sealed() {
    let lab = lab();
    let path = old_state(&lab);
    let before = fs::read(&path).unwrap();
    let run = lab.nixops(["import", &path]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_snapshot!(run.stdout, @"brought shop (machines: 1, resources: 2)");
    assert_snapshot!(run.stderr, @"warning: shop: kept as they are until a plugin knows them: ebs-volume.disk");
    assert_eq!(fs::read(&path).unwrap(), before);
    // It is the network's own from now on.
    assert_eq!(lab.json(["info"])["deployment"]["uuid"], UUID);
    assert_snapshot!(lab.plain(), @r"
    web|deployed|none|||
    disk|kept|ebs-volume|||
    key|up|sshKeyPairs|key
    ");
    assert_snapshot!(lab.done(["show-physical"]), @r#"
    {
      resources.sshKeyPairs.key.publicKey = "ssh-ed25519 AAAA";
      web = {
        system = "/nix/store/abc-system";
        targetHost = "web.example";
      };
    }
    "#);
    let open = lab.done(["show-physical", "--include-secrets"]);
    assert!(open.contains("privateKey = \"HUSH-2\""), "{open}");
    let sealed = lab.done(["export"]);
    for (path, content) in files(lab.database().parent().unwrap().as_std_path()) {
        assert!(
            !String::from_utf8_lossy(&content).contains("HUSH"),
            "{}",
            path.display()
        );
    }
    assert!(!sealed.contains("HUSH"));
    assert_eq!(
        lab.done(["export", "--include-secrets"])
            .matches("HUSH")
            .count(),
        3
    );
}

#[test]
fn a_broken_file_changes_nothing() {
    let lab = lab();
    lab.done(["create", "--name", "shop"]);
    let before = files(lab.database().parent().unwrap().as_std_path());
    let path = old_state(&lab);
    let half = fs::read(&path).unwrap();
    fs::write(lab.directory.join("half.nixops"), &half[..half.len() / 2]).unwrap();
    assert!(
        lab.refused(["import", "half.nixops"])
            .contains("is damaged")
    );
    // The second of two deployments is broken.
    let good = json!({ "name": "one", "resources": {} });
    let bad = json!({ "name": "two", "args": "no JSON", "resources": {} });
    let two = json!({ UUID: good, UUID.replace("0a", "0b"): bad });
    lab.write("two.json", &serde_json::to_string_pretty(&two).unwrap());
    assert_snapshot!(lab.refused(["import", "two.json"]), @r"
    error: deployment 0b1b2c3d-0000-11ee-8000-00005e005301: the attribute `args` is no JSON of the expected form
    hint: nothing was changed; correct it in an export, and import that
    ");
    lab.write(
        "cut.json",
        &serde_json::to_string_pretty(&two).unwrap()[..90],
    );
    assert_snapshot!(lab.refused(["import", "cut.json"]), @r"
    error: cut.json: line 6, column 0: EOF while parsing a value
    hint: nothing was changed; if the file is cut short, write it again with `nixops export`
    ");
    assert_snapshot!(lab.refused(["import", "absent.json"]), @"error: cannot read absent.json: No such file or directory (os error 2)");
    assert_eq!(
        files(lab.database().parent().unwrap().as_std_path()),
        before
    );
}

#[test]
fn a_state_is_where_the_network_says() {
    let lab = Lab::without_hosts();
    let state = lab.path("team.db");
    lab.network(&format!("network.storage.sqlite.path = \"{state}\";"));
    lab.done(["create", "--name", "shop"]);
    assert!(!lab.database().exists());
    assert_eq!(lab.json(["list"])[0]["name"], "shop");
    let database = Database::look(camino::Utf8Path::new(&state)).unwrap();
    let names = database
        .deployments()
        .unwrap()
        .into_iter()
        .map(|it: Deployment| it.name);
    assert_eq!(names.collect::<Vec<_>>(), [Some("shop".to_owned())]);
}

#[test]
fn plugins_of_the_network_claim_what_nixops_2_left() {
    let lab = lab();
    let plugin = "{ name = \"aws\"; nixexprs = [ ./nix ]; schemas = ./schemas; providers = { }; }";
    lab.network(&format!("network.plugins = [ {plugin} ];"));
    lab.write("nix/default.nix", AWS);
    let schema = json!({ "type": "object", "properties": { "size": { "type": "integer" } } });
    lab.write("schemas/ebsVolumes.json", &schema.to_string());
    let path = old_state(&lab);
    let run = lab.nixops(["import", &path]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_snapshot!(run.stderr, @"");
    assert_snapshot!(lab.plain(), @r"
    web|deployed|none|||
    disk|up|ebsVolumes|HUSH-3||
    key|up|sshKeyPairs|key
    ");
}

const AWS: &str = "{
  options = [ ];
  config_exporters = { ... }: [ ];
  resources = { evalResources, resourcesByType, ... }: {
    ebsVolumes = evalResources ({ lib, ... }: { options.size = lib.mkOption { default = 1; }; })
      (resourcesByType.ebsVolumes or { });
  };
}";

#[test]
fn a_shared_state_is_used_like_an_own_one() {
    let lab = Lab::without_hosts();
    let location = lab.rig.home().join("team");
    fs::create_dir(&location).unwrap();
    let storage = format!(
        "network.storage.file.location = \"{}\";",
        location.display()
    );
    lab.network(&storage);
    lab.done(["create", "--name", "shop"]);
    lab.done(["set-args", "--arg", "size", "3"]);
    assert!(!lab.database().exists());
    assert_eq!(lab.json(["list"])[0]["name"], "shop");
    assert!(lab.done(["info"]).contains("size = 3"));
    let text = fs::read(location.join("state.age")).unwrap();
    assert!(text.starts_with(b"age-encryption.org/"));
    assert_eq!(lab.done(["unlock"]), "shop was not locked");
}
