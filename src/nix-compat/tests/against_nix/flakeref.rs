use nix_compat::flakeref::{Attribute, Attributes, FlakeRef, Source};
use serde_json::Value;

use crate::sandbox::Sandbox;

const REV: &str = "4a7fe2b4dfbcbbc3b8ff3b25a5e6b1bbd2c7ea29";
const HASH: &str = "sha256-XfGQbVzBJ16Z1VRub+tLUDgaacX8m4FfxmQguXnFKK4=";

/// What Nix makes of a reference, without fetching it: a registry is written with what was read.
fn read_by_nix(sandbox: &Sandbox, reference: &str) -> Option<Attributes> {
    let registry = sandbox.path().join("registry.json");
    let _ = std::fs::remove_file(&registry);
    let file = registry.display().to_string();
    let arguments = ["registry", "add", "--registry", &file, "name", reference];
    if !sandbox.run("nix", &arguments).status.success() {
        return None;
    }
    let json = std::fs::read(registry).expect("a registry");
    let mut json: Value = serde_json::from_slice(&json).expect("JSON");
    let attributes = json["flakes"][0]["to"].take();
    Some(serde_json::from_value(attributes).expect("attributes"))
}

/// Takes out of Nix's attributes what some versions leave in the URL, though it is an attribute.
fn without_repetition(mut attributes: Attributes) -> Attributes {
    let repeated: Vec<String> = attributes.keys().cloned().collect();
    if let Some(Attribute::String(url)) = attributes.get_mut("url") {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let kept: Vec<&str> = query
            .split('&')
            .filter(|parameter| !parameter.is_empty())
            .filter(|parameter| {
                let name = parameter.split('=').next().unwrap_or("");
                !repeated.iter().any(|attribute| attribute == name)
            })
            .collect();
        *url = match kept.as_slice() {
            [] => place.to_owned(),
            kept => format!("{place}?{}", kept.join("&")),
        };
    }
    attributes
}

/// Demands that Nix reads the same from a reference, and from what we write for it.
fn assert_as_nix(sandbox: &Sandbox, reference: &str) {
    let parsed: FlakeRef = match reference.parse() {
        Ok(parsed) => parsed,
        Err(error) => panic!("{reference}: {error}"),
    };
    let theirs = read_by_nix(sandbox, reference).map(without_repetition);
    assert_eq!(Some(parsed.to_attributes()), theirs, "{reference}");
    let written = parsed.to_string();
    let theirs_of_ours = read_by_nix(sandbox, &written).map(without_repetition);
    assert_eq!(
        theirs_of_ours, theirs,
        "{reference} was written as {written}"
    );
}

#[test]
fn references_mean_what_they_mean_to_nix() {
    let sandbox = Sandbox::new();
    let with = |text: &str| text.replace("REV", REV).replace("HASH", HASH);
    for reference in [
        "nixpkgs",
        "nixpkgs/nixos-22.05",
        "nixpkgs/REV",
        "nixpkgs/nixos-22.05/REV",
        "flake:nixpkgs",
        "flake:nixpkgs?dir=x",
        "github:owner/repo",
        "github:owner/repo/branch",
        "github:owner/repo/branch/with/parts",
        "github:owner/repo/REV",
        "github:owner/repo?ref=branch&dir=sub/directory",
        "github:owner/repo?rev=REV",
        "gitlab:owner/repo/v1.0?dir=a%20b",
        "sourcehut:~owner/repo",
        "git+https://host/repo.git",
        "git+https://user:word@host:80/repo?ref=main&rev=REV",
        "git+https://host/repo?shallow=1&submodules=1&ref=refs/heads/x",
        "git+https://host/repo?submodules=0",
        "git+https://host/repo?dir=sub",
        "git+https://host/repo?dir=sub&other=b%20c",
        "git+ssh://git@host/repo",
        "git+http://host/repo",
        "git+file:///x/y",
        "git+file:///x%20y?dir=z",
        "git://host/repo",
        "hg+https://host/repo",
        "hg+ssh://host/repo?ref=branch",
        "hg+file:///repo?rev=REV",
        "path:./x",
        "path:../x",
        "path:/x/y",
        "path:///x/y",
        "path:/x?lastModified=12&narHash=HASH&rev=REV&revCount=3",
        "/x/y",
        "https://host/x.tar.gz",
        "https://host/x.zip?narHash=HASH",
        "https://host/x.tgz?dir=s&other=b",
        "http://host/x.tar",
        "file:///x.tar.xz",
        "file:///x.tar.bz2",
        "file:///x.tar.zst",
    ] {
        assert_as_nix(&sandbox, &with(reference));
    }
}

#[test]
fn what_nix_rejects_is_rejected() {
    let sandbox = Sandbox::new();
    let with = |text: &str| text.replace("REV", REV);
    for reference in [
        "",
        "a b",
        "flake:a/b/c/d",
        "flake:",
        "nixpkgs/a/b/c",
        "github:owner",
        "github:",
        "github:owner/repo#fragment",
        "github:owner/repo/branch?rev=REV",
        "github:owner/repo?rev=abc",
        "github:owner/repo?ref=a%20b",
        "git+https://host/repo?ref=.a",
        "git+https://host/repo?ref=a.lock",
        "path:/x?unknown=1",
        "path:/x?lastModified=yesterday",
        "unknown:x",
        "git@host.org:owner/repo",
    ] {
        let reference = with(reference);
        let parsed = reference.parse::<FlakeRef>();
        assert!(parsed.is_err(), "{reference} was read as {parsed:?}");
        assert_eq!(read_by_nix(&sandbox, &reference), None, "{reference}");
    }
}

#[test]
fn a_subgroup_is_written_so_that_every_version_of_nix_reads_it() {
    let url = "gitlab:group%2Fsubgroup/repo";
    let read: FlakeRef = url.parse().expect("a reference");
    assert_eq!(read.to_string(), url);
    for owner in ["group%2Fsubgroup", "group/subgroup"] {
        let json = serde_json::json!({ "type": "gitlab", "owner": owner, "repo": "repo" });
        let read: FlakeRef = serde_json::from_value(json.clone()).expect("a reference");
        assert_eq!(read.to_string(), url);
        assert_eq!(serde_json::to_value(&read).expect("JSON"), json);
    }
}

#[test]
fn what_newer_versions_of_nix_read_is_read() {
    let sandbox = Sandbox::new();
    if sandbox.nix_version() >= (2, 26) {
        for reference in [
            "path:/a%20b?dir=c%2Fd",
            "github:owner/repo/branch?host=git.example.org",
            "https://host/x?a=b",
            "file+https://host/x.zip",
            "tarball+https://host/x?lastModified=1&revCount=2",
            "git+https://host/repo?allRefs=1&exportIgnore=1&submodules=1",
        ] {
            assert_as_nix(&sandbox, reference);
        }
    }
    let read = |text: &str| text.parse::<FlakeRef>().expect(text);
    let spaced = read("path:/a%20b?dir=c%2Fd");
    assert_eq!(
        spaced.source,
        Source::Path {
            path: "/a b".to_owned()
        }
    );
    assert_eq!(spaced.dir.as_deref(), Some("c/d"));
    assert_eq!(spaced.to_string(), "path:/a%20b?dir=c/d");

    let host = "github:owner/repo/branch?host=git.example.org";
    assert_eq!(read(host).to_string(), host);
    for (text, kind, written) in [
        ("https://host/x", "tarball", "https://host/x"),
        ("tarball+https://host/x", "tarball", "https://host/x"),
        ("file+https://host/x.zip", "file", "file+https://host/x.zip"),
        ("file+file:///x.tar", "file", "file+file:///x.tar"),
        ("github:a/b/x%23y", "github", "github:a/b?ref=x%23y"),
    ] {
        assert_eq!(read(text).source.type_name(), kind, "{text}");
        assert_eq!(read(text).to_string(), written);
    }
}

/// Demands that what we make of the locked attributes is what Nix made of them, and that Nix finds
/// the same flake again by it.
fn assert_locked_as_nix(sandbox: &Sandbox, reference: &str) {
    let metadata = |reference: &str| -> Value {
        let arguments = ["flake", "metadata", "--json", reference];
        serde_json::from_slice(&sandbox.bytes("nix", &arguments)).expect("JSON")
    };
    let theirs = metadata(reference);
    let locked: FlakeRef = serde_json::from_value(theirs["locked"].clone()).expect("a reference");
    assert_eq!(
        serde_json::to_value(&locked).expect("JSON"),
        theirs["locked"]
    );
    assert!(locked.is_locked(), "{locked}");
    let url: FlakeRef = theirs["url"]
        .as_str()
        .expect("a URL")
        .parse()
        .expect("a reference");
    assert_eq!(url.to_string(), locked.to_string());
    assert_eq!(metadata(&locked.to_string())["path"], theirs["path"]);
}

#[test]
fn a_locked_reference_leads_to_the_same_tree() {
    let sandbox = Sandbox::new();
    let directory = |name: &str| sandbox.path().join(name).display().to_string();
    sandbox.write("plain/flake.nix", "{ outputs = _: { }; }");
    assert_locked_as_nix(&sandbox, &format!("path:{}", directory("plain")));

    sandbox.write("repository/sub/flake.nix", "{ outputs = _: { }; }");
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["config", "user.name", "N. N."],
        &["config", "user.email", "nn@example.org"],
        &["add", "."],
        &["commit", "--quiet", "--message=first"],
    ] {
        let repository = directory("repository");
        let in_repository = [&["-C", &repository], arguments].concat();
        sandbox.bytes("git", &in_repository);
    }
    let git = format!("git+file://{}?dir=sub", directory("repository"));
    assert_locked_as_nix(&sandbox, &git);
    assert_locked_as_nix(&sandbox, &format!("{git}&ref=main"));
}

#[test]
fn what_nix_would_ignore_or_fetch_in_vain_is_rejected() {
    for reference in [
        "flake:nixpkgs?ref=branch",
        "github:owner/repo?branch=x",
        "github:owner/repo?ref=a..b",
        "git+https://host/repo?ref=a@{b",
        "git+https://host/repo?rev=abc",
        "git+ftp://host/repo",
        "path:/x?narHash=abc",
        "nixpkgs?dir=x",
    ] {
        let parsed = reference.parse::<FlakeRef>();
        assert!(parsed.is_err(), "{reference} was read as {parsed:?}");
    }
}

#[test]
fn relative_paths_are_paths_and_words_are_names() {
    let read = |text: &str| FlakeRef::parse_with_fragment(text).expect(text);
    let path = |path: &str| FlakeRef::from_path(path);
    assert_eq!(read("."), (path("."), None));
    assert_eq!(read(".#"), (path("."), None));
    assert_eq!(read("#net"), (path("."), Some("net".to_owned())));
    assert_eq!(
        read("./a b#x%22y"),
        (path("./a b"), Some("x\"y".to_owned()))
    );
    assert_eq!(read("../x#a.b#c").1.as_deref(), Some("a.b#c"));
    assert_eq!(read("/abs").0, path("/abs"));
    assert_eq!(read("./x?dir=y").0.dir.as_deref(), Some("y"));
    assert!(read("./x").0.is_relative() && !read("/abs").0.is_relative());
    let base = std::path::Path::new("/base");
    assert_eq!(
        read("./x").0.path_from(base).as_deref(),
        Some(std::path::Path::new("/base/./x"))
    );
    let name = Source::Indirect { id: "a".to_owned() };
    assert_eq!(read("a/b").0.source, name);
}

#[test]
fn errors_say_what_to_write_instead() {
    let fail = |text: &str| text.parse::<FlakeRef>().expect_err(text);
    let hint = |text: &str| fail(text).hint().unwrap_or_default();
    assert_eq!(
        hint("my network"),
        "if it is a directory, write './my network'"
    );
    assert_eq!(
        hint("git@host.org:owner/repo"),
        "for a Git repository over SSH, write 'git+ssh://git@host.org/owner/repo'"
    );
    assert_eq!(
        hint("ssh://host/x"),
        "for a Git repository, write 'git+ssh://host/x'"
    );
    let messages = [
        ("", "a flake reference is empty"),
        ("foo:bar", "'foo:bar' has the unknown scheme 'foo'"),
        (
            "github:x",
            "'github:x' is not of the form OWNER/REPO[/REF-OR-REV]",
        ),
        ("path:/x?y=1", "'path:/x?y=1' has the unknown parameter 'y'"),
        (
            "github:a/b?rev=12",
            "rev '12' is not a full revision of 40 or 64 hexadecimal digits",
        ),
        ("path:%zz", "'%zz' is not percent-encoded text"),
    ];
    for (text, message) in messages {
        assert_eq!(fail(text).to_string(), message);
    }
}

#[test]
fn urls_have_their_parameters_in_order_and_encoded_as_newer_versions_of_nix_do() {
    let json = serde_json::json!({
        "type": "path", "path": "/nix/store/x-source", "rev": REV, "narHash": HASH,
        "lastModified": 12, "dir": "a/b c",
    });
    let reference: FlakeRef = serde_json::from_value(json).expect("a reference");
    let hash = "sha256-XfGQbVzBJ16Z1VRub%2BtLUDgaacX8m4FfxmQguXnFKK4%3D";
    let url =
        format!("path:/nix/store/x-source?dir=a/b%20c&lastModified=12&narHash={hash}&rev={REV}");
    assert_eq!(reference.to_string(), url);
}

#[test]
fn attributes_keep_what_the_url_leaves_out() {
    let json = serde_json::json!({
        "type": "git", "url": "https://host/repo?dir=x", "dir": "x", "rev": REV, "revCount": 7,
        "lastModified": 12, "narHash": HASH, "submodules": true, "dirtyRev": "abc-dirty",
    });
    let reference: FlakeRef = serde_json::from_value(json.clone()).expect("a reference");
    assert_eq!(serde_json::to_value(&reference).expect("JSON"), json);
    let url = format!("git+https://host/repo?dir=x&rev={REV}&submodules=1");
    assert_eq!(reference.to_string(), url);
    assert!(reference.is_locked());

    let fail = |json: Value| serde_json::from_value::<FlakeRef>(json).expect_err("nothing");
    let error = fail(serde_json::json!({ "type": "github", "owner": "x" }));
    assert_eq!(
        error.to_string(),
        "a flake reference lacks the attribute 'repo'"
    );
    let error = fail(serde_json::json!({ "type": "svn" }));
    assert_eq!(
        error.to_string(),
        "a flake reference has the unknown type 'svn'"
    );
    let error = fail(serde_json::json!({ "type": "path", "path": "/x", "lastModified": "now" }));
    assert_eq!(error.to_string(), "lastModified 'now' is not a number");
}
