//! Trees that differ, and who notices.

use std::{fs, os::unix::fs::symlink};

use super::*;

struct Grove(tempfile::TempDir);

impl Grove {
    fn new() -> Self {
        let grove = Self(tempfile::tempdir().unwrap());
        fs::create_dir(grove.path().join("d")).unwrap();
        fs::write(grove.path().join("d/x"), "one").unwrap();
        symlink("d/x", grove.path().join("link")).unwrap();
        symlink("d", grove.path().join("there")).unwrap();
        symlink("/etc", grove.path().join("outside")).unwrap();
        grove
    }

    fn path(&self) -> &Utf8Path {
        Utf8Path::from_path(self.0.path()).unwrap()
    }

    fn tree(&self) -> Tree {
        Tree::at(self.path().to_owned(), String::new())
    }
}

fn access(path: &str, look: Look, found: bool) -> BTreeSet<Access> {
    let path = path.into();
    [Access { path, look, found }].into()
}

/// Whether a look sees what becomes of a tree.
fn sees(look: &BTreeSet<Access>, change: impl Fn(&Utf8Path)) -> bool {
    let grove = Grove::new();
    let parts = grove.tree().parts(look).expect("what is understood");
    let before = grove.tree().digest(&parts);
    assert_eq!(before, Grove::new().tree().digest(&parts));
    change(grove.path());
    before != grove.tree().digest(&parts)
}

fn write(path: &'static str) -> impl Fn(&Utf8Path) {
    move |tree| fs::write(tree.join(path), "two").unwrap()
}

#[test]
fn who_reads_a_file_sees_its_content_and_nothing_beside_it() {
    for path in ["d/x", "link", "there/x"] {
        let look = access(path, Look::Content, true);
        assert!(sees(&look, write("d/x")), "{path}");
        assert!(!sees(&look, write("d/y")), "{path}");
    }
    let look = access("d/x", Look::Kind, true);
    assert!(!sees(&look, write("d/x")));
    let executable = |tree: &Utf8Path| {
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(tree.join("d/x"), mode).unwrap();
    };
    assert!(sees(&look, executable));
}

#[test]
fn who_missed_something_sees_that_it_is_there() {
    assert!(sees(&access("d/y", Look::Kind, false), write("d/y")));
    assert!(sees(&access("d/y/z", Look::Kind, false), write("d/y")));
    assert!(!sees(&access("d/y", Look::Kind, false), write("z")));
}

#[test]
fn who_lists_a_directory_sees_names_and_kinds() {
    let look = access("there", Look::Content, true);
    assert!(sees(&look, write("d/y")));
    assert!(!sees(&look, write("d/x")));
    assert!(!sees(&look, write("y")));
    let other = |tree: &Utf8Path| {
        fs::remove_file(tree.join("d/x")).unwrap();
        fs::create_dir(tree.join("d/x")).unwrap();
    };
    assert!(sees(&look, other));
}

#[test]
fn who_follows_a_link_sees_where_it_leads() {
    let turn = |tree: &Utf8Path| {
        fs::write(tree.join("d/y"), "one").unwrap();
        fs::remove_file(tree.join("link")).unwrap();
        symlink("d/y", tree.join("link")).unwrap();
    };
    assert!(sees(&access("link", Look::Content, true), turn));
    assert!(sees(&access("link", Look::Link, true), turn));
    assert!(!sees(&access("link", Look::Kind, true), turn));
}

#[test]
fn what_leads_out_of_the_tree_or_was_otherwise_is_not_understood() {
    let tree = Grove::new();
    for look in [
        access("outside", Look::Content, true),
        access("../x", Look::Kind, true),
        access("d/x", Look::Kind, false),
        access("nope", Look::Kind, true),
    ] {
        assert_eq!(tree.tree().parts(&look), None, "{look:?}");
    }
}
