use std::{
    ffi::OsStr,
    fs,
    io::{self, Read as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    slice,
};

use nix_compat::{
    log::{ActivityType, Field, LogMessage, ResultType},
    nix_daemon::{Client, Error},
};

use crate::sandbox::Sandbox;

/// A daemon of a sandbox's store, and a client of it.
struct Daemon {
    child: Child,
    client: Client<ChildStdout, ChildStdin>,
}

impl Daemon {
    fn start(sandbox: &Sandbox) -> Self {
        Self::with(sandbox, &[])
    }

    fn with(sandbox: &Sandbox, options: &[&str]) -> Self {
        let mut command = sandbox.command("nix-daemon", &["--stdio"]);
        command.args(options);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("nix-daemon starts");
        let (from, to) = (child.stdout.take(), child.stdin.take());
        let client = Client::new(from.expect("a pipe"), to.expect("a pipe"));
        Self { child, client }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }
}

/// A path, and one that refers to it.
fn two_paths(sandbox: &Sandbox) -> [String; 2] {
    let file = sandbox.write("data", &"x".repeat(300_000));
    let data = sandbox.text("nix-store", &["--add", file.to_str().expect("text")]);
    let expression = format!(r#"builtins.toFile "top" "of ${{builtins.storePath {data}}}""#);
    let arguments = ["--eval", "--read-write-mode", "--expr", &expression];
    let top = sandbox.text("nix-instantiate", &arguments);
    [data, top.trim_matches('"').to_owned()]
}

#[test]
fn a_store_tells_what_it_knows_and_gives_archives() {
    let sandbox = Sandbox::new();
    let [data, top] = two_paths(&sandbox);
    let client = &mut Daemon::start(&sandbox).client;
    let missing = "/nix/store/00000000000000000000000000000000-missing";
    let valid = client.valid_paths([data.as_str(), missing].into_iter());
    assert_eq!(valid.unwrap(), slice::from_ref(&data));

    // More than are asked at once.
    let paths: Vec<&str> = [data.as_str(), missing, top.as_str()].repeat(100);
    let infos = client.path_infos(&paths).unwrap();
    assert_eq!(infos.len(), paths.len());
    let size = sandbox.text("nix-store", &["--query", "--size", &data]);
    let hash = sandbox.text("nix-store", &["--query", "--hash", &data]);
    let features = ["--extra-experimental-features", "nix-command"];
    let base16 = ["hash", "to-base16", "--type", "sha256", &hash];
    let hash = sandbox.text("nix", &[&features[..], &base16].concat());
    for infos in infos.chunks(3) {
        let [Some(of_data), None, Some(of_top)] = infos else {
            panic!("{infos:?}");
        };
        assert_eq!(of_top.references, slice::from_ref(&data));
        assert_eq!(of_data.nar_size.to_string(), size);
        assert_eq!(of_data.nar_hash, hash);
    }

    let size = infos[0].as_ref().unwrap().nar_size;
    let mut archive = Vec::new();
    client
        .nar(&data, size)
        .unwrap()
        .read_to_end(&mut archive)
        .unwrap();
    assert_eq!(
        archive,
        sandbox.bytes(
            "nix-store",
            &[OsStr::new("--dump"), sandbox.physical(&data).as_os_str()]
        )
    );
    client.add_temp_root(&top).unwrap();
    let refused = client.add_temp_root("/no/store/path").unwrap_err();
    assert!(matches!(refused, Error::Refused(_)), "{refused}");
}

#[test]
fn a_root_keeps_its_path() {
    let sandbox = Sandbox::new();
    let [data, top] = two_paths(&sandbox);
    let link = sandbox.path().join("link");
    std::os::unix::fs::symlink(&top, &link).unwrap();
    Daemon::start(&sandbox)
        .client
        .add_indirect_root(link.to_str().unwrap())
        .unwrap();
    sandbox.bytes("nix-store", &["--gc"]);
    assert!(sandbox.physical(&data).exists());
    fs::remove_file(link).unwrap();
    sandbox.bytes("nix-store", &["--gc"]);
    assert!(!sandbox.physical(&top).exists());
}

#[test]
fn a_store_takes_paths_in_one_stream() {
    let (here, there) = (Sandbox::new(), Sandbox::new());
    let paths = two_paths(&here);
    let (from, to) = (
        &mut Daemon::start(&here).client,
        &mut Daemon::start(&there).client,
    );
    let names: Vec<&str> = paths.iter().map(String::as_str).collect();
    let infos = from.path_infos(&names).unwrap();
    let infos: Vec<_> = names
        .iter()
        .zip(infos)
        .map(|(name, info)| (name, info.unwrap()))
        .collect();
    to.add_paths(
        2,
        |frames| {
            for (path, info) in &infos {
                frames.path(path, info)?;
                let mut archive = from.nar(path, info.nar_size).map_err(io::Error::other)?;
                io::copy(&mut archive, frames)?;
            }
            Ok(())
        },
        || panic!("nothing fails"),
    )
    .unwrap();
    there.bytes("nix-store", &["--verify-path", &paths[0], &paths[1]]);
    assert_eq!(to.valid_paths(names.into_iter()).unwrap().len(), 2);
}

#[test]
fn what_a_store_fetches_is_told_while_it_does() {
    let (here, there) = (Sandbox::new(), Sandbox::new());
    let paths = two_paths(&here);
    let cache = format!("file://{}/cache", here.path().display());
    let features = ["--extra-experimental-features", "nix-command", "copy"];
    here.bytes(
        "nix",
        &[&features[..], &["--to", &cache, &paths[1]]].concat(),
    );
    let options = [
        ["--option", "substituters", &cache],
        ["--option", "require-sigs", "false"],
    ];
    let mut told = Vec::new();
    let names = paths.iter().map(String::as_str);
    let client = &mut Daemon::with(&there, &options.concat()).client;
    let valid = client.substitute(names, &mut |message| told.push(message.clone()));
    assert_eq!(valid.unwrap().len(), 2);
    for path in paths {
        let fields = [path, cache.clone()].map(Field::String);
        let begins = |message: &LogMessage| matches!(message, LogMessage::Start { typ: ActivityType::Substitute, fields: told, .. } if *told == fields);
        assert!(told.iter().any(begins), "{told:#?}");
    }
    for typ in [ResultType::Progress, ResultType::SetExpected] {
        let reports = |message: &LogMessage| {
            matches!(message, LogMessage::Result { typ: told, fields, .. }
                if *told == typ && fields.get(1).and_then(Field::as_u64) > Some(300_000))
        };
        assert!(told.iter().any(reports), "{told:#?}");
    }
}

#[test]
fn what_a_store_refuses_is_told_with_its_reason() {
    let (here, there) = (Sandbox::new(), Sandbox::new());
    let [data, _] = two_paths(&here);
    let info = Daemon::start(&here)
        .client
        .path_infos(&[&data])
        .unwrap()
        .remove(0)
        .unwrap();
    let mut daemon = Daemon::start(&there);
    let refused = daemon.client.add_paths(
        1,
        |frames| {
            frames.path(&data, &info)?;
            // No archive begins like this; more comes than a pipe holds.
            io::copy(&mut io::repeat(7).take(1 << 20), frames).map(drop)
        },
        || (),
    );
    let refused = refused.unwrap_err();
    assert!(matches!(refused, Error::Refused(_)), "{refused}");
    assert!(!there.physical(&data).exists());
}

#[test]
fn what_fails_here_ends_the_connection() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    let Daemon { child, client } = &mut daemon;
    let failed = client.add_paths(
        1,
        |_| Err(io::Error::other("no archive")),
        || child.kill().unwrap(),
    );
    assert_eq!(failed.unwrap_err().to_string(), "no archive");
}
