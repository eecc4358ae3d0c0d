//! Where the user's key is.

use std::{
    env, fmt,
    fs::{self, DirBuilder, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
};

use camino::{Utf8Path, Utf8PathBuf};
use zeroize::Zeroizing;

use super::{Error, keys::Identities};
use crate::process::KEY_VARIABLE;

/// What a file of it holds, for errors.
const WHAT: &str = "key that opens the secrets of the state";

/// Longest file that is read as one of keys.
const LONGEST: u64 = 1 << 20;

/// Where the user's key is: the private half, which opens.
#[derive(Clone)]
pub enum IdentityPlace {
    /// In a file, which is made when there is something to seal.
    File(Utf8PathBuf),
    /// Here, as it stood in the environment.
    Given(Zeroizing<String>),
}

impl IdentityPlace {
    /// The key in `NIXOPS_AGE_KEY` if it is set, else the one in a file.
    pub fn of_environment(file: &Utf8Path) -> Self {
        match env::var(KEY_VARIABLE) {
            Ok(key) => Self::Given(Zeroizing::new(key)),
            Err(env::VarError::NotUnicode(_)) => Self::Given(Zeroizing::default()),
            Err(env::VarError::NotPresent) => Self::File(file.to_owned()),
        }
    }

    /// Reads the keys; none if their file is not there.
    pub(super) fn read(&self) -> Result<Option<Identities>, Error> {
        let text = match self {
            Self::Given(key) => key.clone(),
            Self::File(path) => match read(path)? {
                Some(text) => text,
                None => return Ok(None),
            },
        };
        let identities = Identities::parse(&text).map_err(|reason| Error::NotAnIdentity {
            place: self.to_string(),
            reason,
        })?;
        Ok(Some(identities))
    }

    /// Makes a key where there was none; another run may be quicker, then its key is the one.
    pub(super) fn make(&self, made: &mut Option<Utf8PathBuf>) -> Result<Identities, Error> {
        if let Self::File(path) = self {
            let (identities, text) = Identities::generate();
            if write_new(path, &text).map_err(file("write", path))? {
                *made = Some(path.clone());
                return Ok(identities);
            }
        }
        self.read()?.ok_or_else(|| Error::NoIdentity {
            place: self.to_string(),
        })
    }
}

impl fmt::Display for IdentityPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "{path}"),
            Self::Given(_) => write!(formatter, "the variable {KEY_VARIABLE}"),
        }
    }
}

impl fmt::Debug for IdentityPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

fn read(path: &Utf8Path) -> Result<Option<Zeroizing<String>>, Error> {
    let opened = match File::open(path) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file("read", path)(error)),
    };
    let mode = opened
        .metadata()
        .map_err(file("read", path))?
        .permissions()
        .mode()
        & 0o7777;
    if mode & 0o077 != 0 {
        return Err(Error::Open {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::new());
    let mut limited = opened.take(LONGEST);
    limited
        .read_to_string(&mut text)
        .map_err(file("read", path))?;
    Ok(Some(text))
}

/// Writes a file that only we may read and that is there as a whole or not at all; tells whether it was not there.
fn write_new(path: &Utf8Path, text: &str) -> io::Result<bool> {
    let directory = path.parent().unwrap_or(Utf8Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    match temporary.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(error.error),
    }
    fs::File::open(directory)?.sync_all()?;
    Ok(true)
}

fn file(action: &'static str, path: &Utf8Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::File {
        action,
        path: path.to_owned(),
        what: WHAT,
        source,
    }
}
