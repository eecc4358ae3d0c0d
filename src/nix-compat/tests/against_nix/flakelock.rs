use nix_compat::flakelock::{FlakeLock, FlakeLockError, LockedInput};
use nix_compat::nar::hash_path;
use serde_json::Value;

use crate::sandbox::Sandbox;

/// Locks a flake whose inputs follow each other over two levels.
fn lock(sandbox: &Sandbox) -> Vec<u8> {
    let path = |name: &str| sandbox.path().join(name).display().to_string();
    sandbox.write("lib/flake.nix", "{ outputs = _: { }; }");
    sandbox.write("data/file", "no flake");
    sandbox.write(
        "plug/flake.nix",
        &format!(
            r#"{{ inputs.lib.url = "path:{}"; outputs = _: {{ }}; }}"#,
            path("lib")
        ),
    );
    sandbox.write(
        "net/flake.nix",
        &format!(
            r#"{{ inputs.lib.url = "path:{}"; inputs.plug.url = "path:{}"; inputs.up.url = "path:{}";
               inputs.plug.inputs.lib.follows = "lib"; outputs = _: {{ }}; }}"#,
            path("lib"),
            path("plug"),
            path("lib")
        ),
    );
    sandbox.write(
        "root/flake.nix",
        &format!(
            r#"{{
              inputs.net.url = "path:{}";
              inputs.common.url = "path:{}";
              inputs.net.inputs.lib.follows = "common";
              inputs.net.inputs.up.follows = "";
              inputs.deep.follows = "net/plug/lib";
              inputs.data = {{ url = "path:{}"; flake = false; }};
              outputs = inputs: {{
                hashes = {{
                  net = inputs.net.narHash;
                  "net/lib" = inputs.net.inputs.lib.narHash;
                  "net/plug" = inputs.net.inputs.plug.narHash;
                  "net/plug/lib" = inputs.net.inputs.plug.inputs.lib.narHash;
                  deep = inputs.deep.narHash;
                  data = inputs.data.narHash;
                }};
              }};
            }}"#,
            path("net"),
            path("lib"),
            path("data")
        ),
    );
    let root = format!("path:{}", path("root"));
    sandbox.bytes("nix", &["flake", "lock", &root]);
    std::fs::read(sandbox.path().join("root/flake.lock")).expect("a lock file")
}

fn names(inputs: &[LockedInput]) -> Vec<&str> {
    inputs.iter().map(|input| &*input.name).collect()
}

#[test]
fn a_lock_file_is_written_as_nix_writes_it() {
    let bytes = lock(&Sandbox::new());
    let parsed = FlakeLock::parse(&bytes).expect("a lock file");
    parsed.validate().expect("no dangling follows");
    assert_eq!(parsed.version(), 7);
    let ours = String::from_utf8(parsed.to_bytes()).expect("text");
    assert_eq!(ours, String::from_utf8(bytes).expect("text"));
}

#[test]
fn direct_inputs_tell_what_is_fetched() {
    let sandbox = Sandbox::new();
    let parsed = FlakeLock::parse(&lock(&sandbox)).expect("a lock file");
    let inputs = parsed.direct_inputs().expect("inputs");
    assert_eq!(names(&inputs), ["common", "data", "deep", "net"]);
    let [common, data, deep, net] = inputs.as_slice() else {
        unreachable!("four names")
    };
    assert!(common.is_flake && net.is_flake && !data.is_flake);
    let way = ["net", "plug", "lib"].map(str::to_owned).to_vec();
    assert_eq!(deep.follows, Some(way));
    assert_eq!((deep.node, &common.follows), (common.node, &None));
    for (input, directory) in [(common, "lib"), (data, "data"), (net, "net")] {
        let locked = input.locked_ref().expect("a reference");
        let expected = hash_path(&sandbox.path().join(directory))
            .expect("a hash")
            .hash;
        assert_eq!(locked.nar_hash, Some(expected), "{directory}");
        assert!(locked.is_locked());
        let original = input.original_ref().expect("a reference");
        assert_eq!(original.path(), Some(&*sandbox.path().join(directory)));
    }
}

#[test]
fn follows_lead_where_nix_says() {
    let sandbox = Sandbox::new();
    let parsed = FlakeLock::parse(&lock(&sandbox)).expect("a lock file");
    let hashes = format!("path:{}#hashes", sandbox.path().join("root").display());
    let hashes = sandbox.bytes("nix", &["eval", "--json", &hashes]);
    let hashes: Value = serde_json::from_slice(&hashes).expect("JSON");
    for (way, hash) in hashes.as_object().expect("an object") {
        let path: Vec<&str> = way.split('/').collect();
        let input = parsed.input(&path).expect("no circle").expect("an input");
        let locked = input.locked_ref().expect("a reference");
        assert_eq!(
            locked.nar_hash.expect("a hash").to_sri_string(),
            *hash,
            "{way}"
        );
        assert_eq!(parsed.resolve(&path).expect("no circle"), Some(input.node));
    }
}

#[test]
fn an_input_may_be_the_flake_itself_or_missing() {
    let sandbox = Sandbox::new();
    let parsed = FlakeLock::parse(&lock(&sandbox)).expect("a lock file");
    let input = |path: &[&str]| parsed.input(path).expect("no circle");
    let up = input(&["net", "up"]).expect("an input");
    assert!(up.is_self());
    assert_eq!((up.node, up.follows), (parsed.root(), Some(Vec::new())));
    assert_eq!(parsed.resolve(&[]).expect("no circle"), Some(parsed.root()));
    assert_eq!(input(&["net", "missing"]), None);
    assert_eq!(input(&["missing", "net"]), None);
}

#[test]
fn relative_paths_of_newer_versions_of_nix_have_a_parent() {
    let written = r#"{
  "nodes": {
    "root": {
      "inputs": {
        "sub": "sub"
      }
    },
    "sub": {
      "locked": {
        "path": "./sub",
        "type": "path"
      },
      "original": {
        "path": "./sub",
        "type": "path"
      },
      "parent": []
    }
  },
  "root": "root",
  "version": 7
}
"#;
    let sandbox = Sandbox::new();
    if sandbox.nix_version() >= (2, 26) {
        sandbox.write("outer/sub/flake.nix", "{ outputs = _: { }; }");
        let flake = r#"{ inputs.sub.url = "./sub"; outputs = _: { }; }"#;
        let file = sandbox.write("outer/flake.nix", flake);
        let directory = file.parent().expect("a directory");
        sandbox.bytes(
            "nix",
            &["flake", "lock", &format!("path:{}", directory.display())],
        );
        let lock = std::fs::read_to_string(directory.join("flake.lock")).expect("a lock file");
        assert_eq!(lock, written);
    }
    let parsed = FlakeLock::parse(written.as_bytes()).expect("a lock file");
    assert_eq!(parsed.to_bytes(), written.as_bytes());
    let inputs = parsed.direct_inputs().expect("inputs");
    assert_eq!(inputs[0].parent, Some(Vec::new()));
    assert!(inputs[0].locked_ref().expect("a reference").is_relative());
}

#[test]
fn broken_lock_files_are_refused_with_the_place() {
    let fail = |text: &str| {
        FlakeLock::parse(text.as_bytes())
            .expect_err(text)
            .to_string()
    };
    let truncated = fail(r#"{ "nodes": {"#);
    assert_eq!(
        truncated,
        "flake.lock is malformed: unexpected end of lock file at byte 12"
    );
    let future = fail(r#"{ "nodes": { "root": {} }, "root": "root", "version": 8 }"#);
    assert!(
        future.contains("unsupported lock file version 8"),
        "{future}"
    );

    let circle = r#"{ "nodes": { "root": { "inputs": { "a": ["b"], "b": ["a"] } } }, "root": "root", "version": 7 }"#;
    let circle = FlakeLock::parse(circle.as_bytes()).expect("a lock file");
    let error = circle.direct_inputs().expect_err("a circle");
    assert!(
        matches!(error, FlakeLockError::FollowsCycle { .. }),
        "{error}"
    );
    assert!(circle.validate().is_err());

    let dangling = r#"{ "nodes": { "root": { "inputs": { "a": ["b", "c"] } } }, "root": "root", "version": 7 }"#;
    let dangling = FlakeLock::parse(dangling.as_bytes()).expect("a lock file");
    let message = "in flake.lock, the input 'a' follows 'b/c', which does not exist";
    assert_eq!(
        dangling.direct_inputs().expect_err("nothing").to_string(),
        message
    );
    assert_eq!(
        dangling.validate().expect_err("nothing").to_string(),
        message
    );
}

#[test]
fn older_versions_are_read() {
    let bytes = lock(&Sandbox::new());
    let text = String::from_utf8(bytes).expect("text");
    for version in [5, 6] {
        let older = text.replace("\"version\": 7", &format!("\"version\": {version}"));
        let older = FlakeLock::parse(older.as_bytes()).expect("a lock file");
        assert_eq!(older.version(), version);
        assert_eq!(
            older,
            FlakeLock::parse(text.as_bytes()).expect("a lock file")
        );
        assert_eq!(older.to_bytes(), text.as_bytes());
    }
}
