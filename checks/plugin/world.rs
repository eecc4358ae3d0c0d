//! A place for providers, and an ear for what they say.

use std::{
    env, fs,
    os::unix::fs::symlink,
    process::Command,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use camino::{Utf8Path, Utf8PathBuf};
use nixops::{
    nix::Nix,
    plugin::{
        Origin, Provider, ProviderEvent,
        provider::{Error, Listener, Patience, Result},
    },
    process::Processes,
};
use nixops_plugin::protocol::{Attributes, Create, ResourceRef};
use tempfile::TempDir;

/// Long enough for everything that is to happen, on a machine that is busy.
pub const LONG: Duration = Duration::from_mins(1);

/// Limits short enough to wait for.
pub const SHORT: Patience = Patience {
    hello: Duration::from_millis(300),
    cancel: Duration::from_millis(200),
    end: Duration::from_millis(200),
};

/// Limits that nothing runs into.
pub const PATIENT: Patience = Patience {
    hello: LONG,
    cancel: LONG,
    end: LONG,
};

pub struct World {
    directory: TempDir,
    pub processes: Processes,
    pub events: Arc<Mutex<Vec<ProviderEvent>>>,
}

impl World {
    pub fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
            processes: Processes::new(),
            events: Arc::default(),
        }
    }

    pub fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.directory.path())
            .unwrap()
            .join(name)
    }

    /// Starts what misbehaves in this way.
    pub fn misbehaving(&self, how: &str, patience: Patience) -> Result<Provider> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/checks/plugin/misbehaving.sh");
        symlink(script, self.path(how)).unwrap();
        self.start(&self.path(how), patience)
    }

    pub fn start(&self, program: &Utf8Path, patience: Patience) -> Result<Provider> {
        let listener = self.listener();
        Provider::start_with(&self.processes, origin(), program, listener, patience)
    }

    /// Programs that are as much of a Nix as is asked of one that builds nothing.
    pub fn nix(&self) -> Nix {
        for program in ["nix", "nix-instantiate", "nix-store", "nix-daemon"] {
            self.write(program, "#!/bin/sh\necho nix '(Nix)' 2.28.1\n", "755");
        }
        Nix::locate(Some(&self.path("")), &self.processes).unwrap()
    }

    pub fn listener(&self) -> Listener {
        let events = self.events.clone();
        Arc::new(move |event| events.lock().unwrap().push(event))
    }

    /// Makes a file by a process of its own: a file that is open for writing in this one could not
    /// be run while another test starts a process.
    pub fn write(&self, name: &str, printf: &str, mode: &str) -> Utf8PathBuf {
        let path = self.path(name);
        let script = r#"printf "$1" > "$2" && chmod "$3" "$2""#;
        let status = Command::new("sh")
            .args(["-c", script, "sh", printf, path.as_str(), mode])
            .status();
        assert!(status.unwrap().success());
        path
    }

    /// What a user reads, with the place of the programs left out.
    pub fn text(&self, error: &Error) -> String {
        let hint = error.hint().map(|hint| format!("\nhint: {hint}"));
        let text = format!("{error}{}", hint.unwrap_or_default());
        text.replace(self.path("").as_str(), "/")
    }

    /// Sees that nothing of the provider runs any more.
    pub fn expect_silence(&self) {
        assert!(self.processes.wait_all(LONG), "the provider runs");
        let Ok(group) = fs::read_to_string(self.path("pid")) else {
            return;
        };
        let end = Instant::now() + LONG;
        while has_members(group.trim()) {
            assert!(Instant::now() < end, "processes of the provider run");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Whether a process group has members that are no zombies.
fn has_members(group: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| fs::read_to_string(process.path().join("stat")).ok())
        .any(|stat| {
            let fields = stat.rsplit_once(") ").unwrap().1;
            let fields: Vec<_> = fields.split(' ').collect();
            fields[0] != "Z" && fields[2] == group
        })
}

/// The program of the SDK's example, which Cargo builds with the tests.
pub fn notebook() -> Utf8PathBuf {
    let test = Utf8PathBuf::try_from(env::current_exe().unwrap()).unwrap();
    let target = test.parent().and_then(Utf8Path::parent).unwrap();
    let program = target.join("examples/notebook-of-tests");
    assert!(
        program.exists(),
        "run `cargo build --examples` first: there is no {program}"
    );
    program
}

/// The example, keeping its notes in the world, which has one book.
pub fn notebook_in(world: &World) -> Utf8PathBuf {
    let desk = world.path("desk");
    fs::create_dir_all(desk.join("novel")).unwrap();
    let script = format!("#!/bin/sh\nNOTEBOOK={desk} exec {}\n", notebook());
    world.write("notebook", &script, "755")
}

pub fn origin() -> Origin {
    Origin {
        plugin: "fake".to_owned(),
        input: Some("clouds".to_owned()),
    }
}

pub fn create() -> Create {
    Create {
        resource: ResourceRef {
            kind: "server".to_owned(),
            name: "web".to_owned(),
            deployment: "d".to_owned(),
        },
        inputs: Attributes::new(),
        token: "t".to_owned(),
    }
}
