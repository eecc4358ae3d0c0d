//! What SQLite says, in our words.

use std::{error, io};

use camino::Utf8Path;
use rusqlite::{ErrorCode, ffi::SQLITE_IOERR_SHMSIZE};

use super::Error;

/// Tells what SQLite says of a file.
pub(super) fn told(
    action: &'static str,
    path: &Utf8Path,
) -> impl Fn(rusqlite::Error) -> Error + Copy {
    move |source| {
        let path = path.to_owned();
        let extended = source.sqlite_error().map(|error| error.extended_code);
        match source.sqlite_error_code() {
            // What readers and writers share beside the log has no place.
            _ if extended == Some(SQLITE_IOERR_SHMSIZE) => Error::Full { path },
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Error::Damaged {
                path,
                // Its own source says the same again.
                source: source.to_string().into(),
            },
            Some(ErrorCode::DiskFull) => Error::Full { path },
            Some(ErrorCode::ReadOnly) => Error::ReadOnly { path },
            _ => Error::Database {
                action,
                path,
                reason: source.to_string(),
            },
        }
    }
}

/// Tells what the system says of a file.
pub(super) fn file(action: &'static str, path: &Utf8Path) -> impl Fn(io::Error) -> Error + Copy {
    move |source| {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull => Error::Full { path },
            io::ErrorKind::ReadOnlyFilesystem => Error::ReadOnly { path },
            _ => Error::File {
                action,
                path,
                source,
            },
        }
    }
}

/// Tells that something in a file makes no sense.
pub(super) fn damaged<E>(path: &Utf8Path) -> impl Fn(E) -> Error + Copy
where
    E: Into<Box<dyn error::Error + Send + Sync>>,
{
    move |source| Error::Damaged {
        path: path.to_owned(),
        source: source.into(),
    }
}
