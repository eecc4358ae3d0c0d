//! JSON files that are whole at every moment.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

use super::error::{CloudError, file};

/// Reads a file; `None` if there is none.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, CloudError> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(file("read", path))?,
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|source| CloudError::Damaged {
            path: path.to_owned(),
            source,
        })
}

/// Puts a new file in the place of the old one.
pub fn replace(path: &Path, value: &impl Serialize) -> Result<(), CloudError> {
    let directory = path.parent().unwrap_or(path);
    let mut new = tempfile::NamedTempFile::new_in(directory).map_err(file("write", path))?;
    let text = serde_json::to_vec(value).map_err(|source| CloudError::Damaged {
        path: path.to_owned(),
        source,
    })?;
    new.write_all(&text)
        .and_then(|()| new.write_all(b"\n"))
        .map_err(file("write", path))?;
    new.persist(path)
        .map(drop)
        .map_err(|error| file("write", path)(error.error))
}

/// Makes a directory and those above it.
pub fn directory(path: &Path) -> Result<(), CloudError> {
    fs::create_dir_all(path).map_err(file("make", path))
}

/// Removes a directory with all that is in it, if it is there.
pub fn remove(path: &Path) -> Result<(), CloudError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file("remove", path)(error)),
        _ => Ok(()),
    }
}
