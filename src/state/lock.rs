//! The lock of a deployment, which a run holds from its beginning to its end.
//!
//! The lock is the kernel's (`flock`), so it goes with the last process that has the file open: with a
//! run that is killed, but not before the providers that inherited the file have ended. The text of
//! the file says who holds it; of a lock that nobody holds it says who did last.

use std::{
    env, fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    process, thread,
    time::{Duration, Instant},
};

use camino::{Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Error, clock, database::make_directory};

/// How long who waits sleeps between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a lock is tried in any case: who only asks for its holder has it for a moment.
const MOMENT: Duration = Duration::from_millis(200);

/// Who holds a lock.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Holder {
    /// The user's name, or else number.
    pub user: String,
    /// The computer.
    pub host: String,
    /// The process there.
    pub pid: u32,
    /// Since when, in seconds since 1970.
    pub since: i64,
    /// What is done, such as `deploy`.
    pub verb: String,
}

impl Holder {
    /// This process, from now on.
    pub fn this(verb: &str) -> Self {
        let user = env::var("USER").ok().filter(|user| !user.is_empty());
        let number = || rustix::process::getuid().as_raw().to_string();
        let system = rustix::system::uname();
        Self {
            user: user.unwrap_or_else(number),
            host: system.nodename().to_string_lossy().into_owned(),
            pid: process::id(),
            since: clock::now(),
            verb: verb.to_owned(),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            user,
            host,
            pid,
            since,
            verb,
        } = self;
        if *pid == 0 {
            return formatter.write_str("it does not say which");
        }
        let since = clock::utc(*since);
        write!(
            formatter,
            "{user}@{host} (process {pid}) runs `nixops {verb}` since {since}"
        )
    }
}

/// A lock that is held as long as this value lives, or a process that inherited its file.
#[derive(Debug)]
pub struct RunLock {
    file: File,
    path: Utf8PathBuf,
}

impl RunLock {
    /// Takes a lock; its file comes into being.
    ///
    /// Without `wait` a lock that is held is an error at once. With it `on_wait` is told who holds it
    /// before each new try, and says whether to go on.
    pub fn take(
        path: &Utf8Path,
        holder: &Holder,
        wait: Option<Duration>,
        on_wait: &mut dyn FnMut(&Holder) -> bool,
    ) -> Result<Self, Error> {
        let begun = Instant::now();
        loop {
            if let Some(file) = try_take(path).map_err(error("lock", path))? {
                let lock = Self {
                    file,
                    path: path.to_owned(),
                };
                lock.sign(holder).map_err(error("lock", path))?;
                return Ok(lock);
            }
            let waited = begun.elapsed();
            let goes_on = waited < MOMENT
                || wait.is_some_and(|wait| waited < wait) && on_wait(&signature(path));
            if !goes_on {
                return Err(locked(path));
            }
            thread::sleep(PAUSE);
        }
    }

    /// The file, whose lock lasts until all who inherited it have ended too.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where the file is.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    fn sign(&self, holder: &Holder) -> io::Result<()> {
        let mut file = &self.file;
        file.set_len(0)?;
        file.rewind()?;
        serde_json::to_writer(file, holder)?;
        file.write_all(b"\n")
    }
}

/// Who holds a lock, if anybody does.
pub fn holder(path: &Utf8Path) -> Result<Option<Holder>, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(error("read", path)(source)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(signature(path))),
        Err(TryLockError::Error(source)) => Err(error("read", path)(source)),
    }
}

/// Clears a lock that nobody holds any more, and says who did last.
///
/// What a living process holds cannot be taken from it: that is the error.
pub fn unlock(path: &Utf8Path) -> Result<Option<Holder>, Error> {
    if !path.exists() {
        return Ok(None);
    }
    let Some(file) = try_take(path).map_err(error("unlock", path))? else {
        return Err(locked(path));
    };
    let last = signature(path);
    file.set_len(0).map_err(error("unlock", path))?;
    Ok((last != Holder::default()).then_some(last))
}

/// Takes a lock if nobody holds it.
fn try_take(path: &Utf8Path) -> io::Result<Option<File>> {
    if let Some(directory) = path.parent() {
        make_directory(directory)?;
    }
    loop {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = options.mode(0o600).open(path)?;
        match file.try_lock() {
            Ok(()) if is_at(&file, path)? => return Ok(Some(file)),
            // Somebody removed it meanwhile, and a lock without a name keeps nobody away.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn is_at(file: &File, path: &Utf8Path) -> io::Result<bool> {
    let file = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (file.dev(), file.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the file says; nothing if it is being written.
fn signature(path: &Utf8Path) -> Holder {
    let mut text = String::new();
    let read = File::open(path).and_then(|mut file| file.read_to_string(&mut text));
    let holder = read.ok().and_then(|_| serde_json::from_str(&text).ok());
    holder.unwrap_or_default()
}

fn locked(path: &Utf8Path) -> Error {
    Error::Locked {
        path: path.to_owned(),
        holder: Box::new(signature(path)),
    }
}

fn error(action: &'static str, path: &Utf8Path) -> impl Fn(io::Error) -> Error + Copy {
    super::trouble::file(action, path)
}
