use std::{
    env, fs,
    num::NonZeroUsize,
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use super::{
    AtWork, Error, Failure, Host, Look, Passwords, Priority, Result, Ssh, Target, Transport, Turns,
    Way, check,
    config::Settings,
    master::Master,
    prefix,
    rates::Rates,
    remote::Link,
    ssh::{Connection, Files},
};
use crate::process::{self, Processes};

/// Longest directory for control sockets: a socket's path ends at 104 bytes, and ssh appends 17 while it binds.
const LONGEST_DIRECTORY: usize = 104 - 17 - 8;

/// Waits before further attempts.
const BACK_OFF: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// Beyond ssh's own timeout: for authentication, and for a shell that answers.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// How connections are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The user's ssh configuration (`--ssh-config`, `NIXOPS_SSH_CONFIG`); without it `~/.ssh/config`.
    pub user_config: Option<Utf8PathBuf>,
    /// Trusts the key of a host that was never seen (`--accept-new-host-keys`).
    pub accept_new_host_keys: bool,
    /// How long a host may take to answer.
    pub connect_timeout: Duration,
    /// How many connections may be under way at once.
    pub limit: NonZeroUsize,
    /// A directory in which it is remembered how fast hosts were copied to.
    pub rates: Option<Utf8PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            user_config: None,
            accept_new_host_keys: false,
            connect_timeout: Duration::from_secs(10),
            limit: NonZeroUsize::new(32).unwrap_or(NonZeroUsize::MIN),
            rates: None,
        }
    }
}

/// All connections of a run; clones share them.
#[derive(Clone, Debug)]
pub struct Connections {
    shared: Arc<Shared>,
    processes: Processes,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    /// Holds the configurations and control sockets, readable by us alone.
    _directory: TempDir,
    path: Utf8PathBuf,
    turns: Turns,
    next: AtomicUsize,
    rates: Rates,
    passwords: Passwords,
}

impl Connections {
    /// Prepares a run in which nobody can be asked for a password: see [`Connections::asking`].
    pub fn new(processes: Processes, options: Options) -> Result<Self> {
        Self::asking(processes, options, Passwords::default())
    }

    /// Prepares a run: makes its private directory and checks the user's configuration.
    ///
    /// `passwords` are those by which users become root.
    pub fn asking(processes: Processes, options: Options, passwords: Passwords) -> Result<Self> {
        let options = Options {
            user_config: user_config(options.user_config)?,
            ..options
        };
        let (directory, path) = run_directory()?;
        let turns = Turns::new(options.limit);
        let rates = Rates::new(options.rates.clone());
        let shared = Shared {
            rates,
            options,
            _directory: directory,
            path,
            turns,
            next: AtomicUsize::new(0),
            passwords,
        };
        Ok(Self {
            shared: Arc::new(shared),
            processes,
        })
    }

    /// Connections that an interrupt leaves alone.
    pub(super) fn after_interrupt(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            processes: self.processes.after_interrupt(),
        }
    }

    /// Connects to a machine and looks what runs there, trying again if that may help.
    ///
    /// The host keeps the connection until its last clone is dropped.
    pub fn connect(&self, target: &Target) -> Result<Host> {
        self.connect_for(target, Priority::Work)
    }

    /// Connects as [`Connections::connect`] does, after those that have priority.
    pub fn connect_for(&self, target: &Target, priority: Priority) -> Result<Host> {
        let (link, look) = match &target.transport {
            Transport::Ssh(ssh) => self.connect_ssh((target, ssh), priority)?,
            Transport::Prefix(words) => {
                self.ask_by(target, usable_prefix(target, words)?, priority)?
            }
            Transport::Local => self.ask_by(target, &[], priority)?,
        };
        Ok(Host::new(target.clone(), look, link, self.clone()))
    }

    /// Counts a machine that has work, or may have some: those that are only looked at leave it a place.
    pub fn at_work(&self) -> AtWork {
        self.shared.turns.at_work()
    }

    /// The way to a machine for a program that a person runs, such as ssh itself: it makes a connection of
    /// its own.
    pub fn way(&self, target: &Target) -> Result<Way> {
        match &target.transport {
            Transport::Ssh(ssh) => {
                let shared = &self.shared;
                let ssh = &shared.rates.decide(ssh);
                let number = shared.next.fetch_add(1, Ordering::Relaxed);
                let settings = shared.settings(true);
                let files = Files::write(&shared.path, number, (target, ssh), &settings)?;
                Ok(Way::ssh(&ssh.host, files))
            }
            Transport::Prefix(words) => Ok(Way::prefix(usable_prefix(target, words)?)),
            Transport::Local => Ok(Way::prefix(&[])),
        }
    }

    /// The children that these connections belong to.
    pub(super) fn processes(&self) -> &Processes {
        &self.processes
    }

    /// An error if the run was interrupted; `label` says what is not done then.
    pub(super) fn refuse_interrupted(&self, label: impl Into<String>) -> Result<()> {
        if !self.processes.interrupted() {
            return Ok(());
        }
        let label = label.into();
        Err(process::Error::Interrupted { label }.into())
    }

    /// What copies to hosts have measured.
    pub(super) fn rates(&self) -> &Rates {
        &self.shared.rates
    }

    /// The passwords by which users become root.
    pub(super) fn passwords(&self) -> &Passwords {
        &self.shared.passwords
    }

    fn connect_ssh(
        &self,
        (target, ssh): (&Target, &Ssh),
        priority: Priority,
    ) -> Result<(Link, Look)> {
        let shared = &self.shared;
        let ssh = &shared.rates.decide(ssh);
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let settings = shared.settings(false);
        let files = Files::write(&shared.path, number, (target, ssh), &settings)?;
        let to = (target.machine.as_str(), ssh);
        let (master, look) = self.try_connect(to, &files.config, priority)?;
        let connection = Connection::new(ssh.clone(), files, master);
        Ok((Link::Ssh(Box::new(connection)), look))
    }

    fn ask_by(
        &self,
        target: &Target,
        words: &[String],
        priority: Priority,
    ) -> Result<(Link, Look)> {
        let shared = &self.shared;
        let _turn = shared.turns.take(priority);
        let within = shared.options.connect_timeout + ANSWER_WITHIN;
        let look = prefix::look(&self.processes, target, words, within)?;
        Ok((Link::Prefix(words.to_vec()), look))
    }

    fn try_connect(
        &self,
        to: (&str, &Ssh),
        config: &Utf8Path,
        priority: Priority,
    ) -> Result<(Master, Look)> {
        let shared = &self.shared;
        let mut attempt = 0;
        loop {
            let turn = shared.turns.take(priority);
            let deadline = Instant::now() + shared.options.connect_timeout + ANSWER_WITHIN;
            let error = match Master::open(&self.processes, to, config, (deadline, turn.yields)) {
                Ok(open) => return Ok(open),
                Err(error) => error,
            };
            // A host that is to be tried again leaves its place to others meanwhile.
            drop(turn);
            match BACK_OFF.get(attempt) {
                Some(pause) if worth_retrying(&error, attempt) => thread::sleep(*pause),
                _ => return Err(error),
            }
            attempt += 1;
        }
    }
}

impl Shared {
    fn settings(&self, interactive: bool) -> Settings<'_> {
        Settings {
            user_config: self.options.user_config.as_deref(),
            accept_new_host_keys: self.options.accept_new_host_keys,
            connect_timeout: self.options.connect_timeout,
            interactive,
        }
    }
}

/// The words before commands, if they can be that.
fn usable_prefix<'a>(target: &Target, words: &'a [String]) -> Result<&'a [String]> {
    let unusable = |reason| Error::Provided {
        machine: target.machine.clone(),
        what: "command",
        reason,
    };
    check::prefix(words).map_err(unusable)?;
    Ok(words)
}

/// A host that took its time to say nothing gets one more chance, one that answered at once gets two.
fn worth_retrying(error: &Error, attempt: usize) -> bool {
    let Error::Connection { failure, .. } = error else {
        return false;
    };
    failure.is_transient() && (attempt == 0 || matches!(failure, Failure::Refused | Failure::Lost))
}

/// The configuration to include: the one that was named must be there, the usual one may be missing.
fn user_config(named: Option<Utf8PathBuf>) -> Result<Option<Utf8PathBuf>> {
    let Some(path) = named else {
        let home = env::var("HOME").ok().map(Utf8PathBuf::from);
        return Ok(home
            .map(|home| home.join(".ssh/config"))
            .filter(|path| path.exists()));
    };
    let absolute =
        camino::absolute_utf8(&path).and_then(|path| fs::File::open(&path).map(|_| path));
    Ok(Some(
        absolute.map_err(|source| Error::File { path, source })?,
    ))
}

/// Makes a directory whose path is short, without blanks, and ours alone.
fn run_directory() -> Result<(TempDir, Utf8PathBuf)> {
    let runtime = env::var("XDG_RUNTIME_DIR").ok().map(Utf8PathBuf::from);
    let parent = runtime
        .filter(|path| is_suitable(path))
        .unwrap_or_else(|| "/tmp".into());
    let made = tempfile::Builder::new()
        .prefix("nixops-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(&parent)
        .and_then(|directory| {
            Ok((
                Utf8PathBuf::try_from(directory.path().to_owned())
                    .map_err(camino::FromPathBufError::into_io_error)?,
                directory,
            ))
        });
    let (path, directory) = made.map_err(|source| Error::File {
        path: parent,
        source,
    })?;
    Ok((directory, path))
}

fn is_suitable(directory: &Utf8Path) -> bool {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/-_.".contains(character);
    let length = directory.as_str().len() + "/nixops-XXXXXX".len();
    directory.is_absolute()
        && directory.is_dir()
        && length <= LONGEST_DIRECTORY
        && directory.as_str().chars().all(plain)
}
