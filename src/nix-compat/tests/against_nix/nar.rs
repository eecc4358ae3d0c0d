use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use nix_compat::nar::{Error, hash_path, write_path};
use proptest::prelude::*;

use crate::sandbox::Sandbox;

/// Demands that archive, hash and size are those of Nix.
fn assert_as_nix(sandbox: &Sandbox, path: &Path) {
    let mut archive = Vec::new();
    write_path(path, &mut archive).expect("an archive");
    let dumped = sandbox.bytes("nix-store", &[OsStr::new("--dump"), path.as_os_str()]);
    assert!(archive == dumped, "another archive of {}", path.display());
    let hashed = hash_path(path).expect("a hash");
    let arguments = [OsStr::new("hash"), OsStr::new("path"), path.as_os_str()];
    assert_eq!(hashed.hash.to_sri_string(), sandbox.text("nix", &arguments));
    assert_eq!(hashed.size, dumped.len() as u64);
}

fn write_with_mode(path: &Path, content: &[u8], mode: u32) {
    fs::write(path, content).expect("a file");
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
}

#[test]
fn only_the_owners_right_to_execute_counts() {
    let sandbox = Sandbox::new();
    let tree = sandbox.path().join("tree");
    fs::create_dir(&tree).expect("a directory");
    for mode in [
        0o644, 0o755, 0o744, 0o611, 0o655, 0o400, 0o500, 0o4711, 0o666,
    ] {
        write_with_mode(&tree.join(format!("{mode:o}")), b"content", mode);
    }
    assert_as_nix(&sandbox, &tree);
}

#[test]
fn names_are_bytes_in_the_order_of_bytes() {
    let sandbox = Sandbox::new();
    let tree = sandbox.path().join("tree");
    fs::create_dir(&tree).expect("a directory");
    let long = [b'n'; 255];
    let names: [&[u8]; 10] = [
        b"a",
        b"a.b",
        b"a-b",
        b"B",
        b"\xff\xfe",
        b"line\nbreak",
        b"\xc3\xa9",
        b"_",
        b" ",
        &long,
    ];
    for name in names {
        let directory = tree.join(OsStr::from_bytes(name));
        fs::create_dir(&directory).expect("a directory");
        write_with_mode(&directory.join("x"), name, 0o644);
    }
    assert_as_nix(&sandbox, &tree);
}

#[test]
fn links_are_not_followed() {
    let sandbox = Sandbox::new();
    let tree = sandbox.path().join("tree");
    fs::create_dir_all(tree.join("empty")).expect("a directory");
    for (name, target) in [
        ("broken", &b"/nowhere"[..]),
        ("bytes", b"\xff/x"),
        ("up", b".."),
    ] {
        symlink(OsStr::from_bytes(target), tree.join(name)).expect("a link");
    }
    assert_as_nix(&sandbox, &tree);
    assert_as_nix(&sandbox, &tree.join("broken"));
    assert_as_nix(&sandbox, &tree.join("up"));
}

#[test]
fn files_of_any_length_are_padded() {
    let sandbox = Sandbox::new();
    for length in [0, 1, 7, 8, 9, 65_535, 65_536, 65_537, 200_003] {
        let file = sandbox.path().join(length.to_string());
        write_with_mode(&file, &vec![b'x'; length], 0o644);
        assert_as_nix(&sandbox, &file);
    }
}

#[test]
fn the_hash_is_the_nar_hash_of_a_path_flake() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("flake/flake.nix", "{ outputs = _: { }; }");
    sandbox.write("flake/.hidden/file", "also part of it");
    let flake = file.parent().expect("a directory");
    let url = format!("path:{}", flake.display());
    let metadata = sandbox.bytes("nix", &["flake", "metadata", "--json", &url]);
    let metadata: serde_json::Value = serde_json::from_slice(&metadata).expect("JSON");
    let hash = hash_path(flake).expect("a hash").hash;
    assert_eq!(metadata["locked"]["narHash"], hash.to_sri_string());
}

#[test]
fn what_cannot_be_archived_is_named() {
    let sandbox = Sandbox::new();
    let _socket =
        std::os::unix::net::UnixListener::bind(sandbox.path().join("socket")).expect("a socket");
    let error = hash_path(sandbox.path()).expect_err("a socket");
    assert!(
        matches!(&error, Error::Unsupported { path } if path.ends_with("socket")),
        "{error}"
    );

    let error = hash_path(&sandbox.path().join("missing")).expect_err("a missing file");
    assert!(
        matches!(&error, Error::Read { path, .. } if path.ends_with("missing")),
        "{error}"
    );

    // Files of `/proc` say that they are empty, and are not.
    let error = hash_path(Path::new("/proc/self/status")).expect_err("a file that grows");
    assert!(matches!(error, Error::Changed { .. }), "{error}");
}

#[derive(Debug, Clone)]
enum Tree {
    File(Vec<u8>, u32),
    Link(Vec<u8>),
    Directory(Vec<(Vec<u8>, Tree)>),
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let byte = any::<u8>().prop_filter("not in a name", |byte| !b"/\0".contains(byte));
    prop::collection::vec(byte, 1..12).prop_filter("special", |name| name != b"." && name != b"..")
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        (prop::collection::vec(any::<u8>(), 0..40), 0o400..0o1000_u32)
            .prop_map(|(content, mode)| Tree::File(content, mode | 0o400)),
        name().prop_map(Tree::Link),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop::collection::btree_map(name(), inner, 0..6)
            .prop_map(|entries| Tree::Directory(entries.into_iter().collect()))
    })
}

fn plant(tree: &Tree, at: &Path) {
    match tree {
        Tree::File(content, mode) => write_with_mode(at, content, *mode),
        Tree::Link(target) => symlink(OsStr::from_bytes(target), at).expect("a link"),
        Tree::Directory(entries) => {
            fs::create_dir(at).expect("a directory");
            for (name, tree) in entries {
                plant(tree, &at.join(OsStr::from_bytes(name)));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_has_the_archive_that_nix_gives_it(tree in tree()) {
        let sandbox = Sandbox::new();
        let root = sandbox.path().join("tree");
        plant(&tree, &root);
        assert_as_nix(&sandbox, &root);
    }
}
