//! Writes the archive of a tree on disk.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Error;

const OWNER_MAY_EXECUTE: u32 = 0o100;
const PADDING: [u8; 8] = [0; 8];

/// Writes the archive of the file, directory or symbolic link at `path`.
///
/// A link at `path` itself is archived as a link, not followed. The content of files is passed on
/// in pieces, so memory does not grow with their size.
pub fn write_path<W: Write>(path: &Path, sink: W) -> Result<(), Error> {
    let mut writer = Writer {
        sink,
        buffer: vec![0; 64 * 1024],
    };
    writer.words(&[b"nix-archive-1"])?;
    writer.node(path)?;
    writer.sink.flush().map_err(Error::Write)
}

struct Writer<W> {
    sink: W,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    fn node(&mut self, path: &Path) -> Result<(), Error> {
        let metadata = fs::symlink_metadata(path).map_err(|source| read_error(path, source))?;
        self.words(&[b"(", b"type"])?;
        if metadata.is_symlink() {
            self.symlink(path)?;
        } else if metadata.is_dir() {
            self.directory(path)?;
        } else if metadata.is_file() {
            self.regular(path, &metadata)?;
        } else {
            let path = path.to_owned();
            return Err(Error::Unsupported { path });
        }
        self.words(&[b")"])
    }

    fn symlink(&mut self, path: &Path) -> Result<(), Error> {
        let target = fs::read_link(path).map_err(|source| read_error(path, source))?;
        self.words(&[b"symlink", b"target", target.as_os_str().as_bytes()])
    }

    fn directory(&mut self, path: &Path) -> Result<(), Error> {
        self.words(&[b"directory"])?;
        for name in sorted_names(path).map_err(|source| read_error(path, source))? {
            self.words(&[b"entry", b"(", b"name", name.as_bytes(), b"node"])?;
            self.node(&path.join(&name))?;
            self.words(&[b")"])?;
        }
        Ok(())
    }

    fn regular(&mut self, path: &Path, metadata: &Metadata) -> Result<(), Error> {
        self.words(&[b"regular"])?;
        if metadata.permissions().mode() & OWNER_MAY_EXECUTE != 0 {
            self.words(&[b"executable", b""])?;
        }
        self.words(&[b"contents"])?;
        let length = metadata.len();
        self.raw(&length.to_le_bytes())?;
        self.contents(path, length)?;
        self.pad(length)
    }

    fn contents(&mut self, path: &Path, length: u64) -> Result<(), Error> {
        let mut file = File::open(path).map_err(|source| read_error(path, source))?;
        let mut remaining = length;
        loop {
            let count = match file.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                outcome => outcome.map_err(|source| read_error(path, source))?,
            };
            let after = remaining.checked_sub(count as u64);
            match after {
                Some(0) if count == 0 => return Ok(()),
                Some(after) if count > 0 => remaining = after,
                _ => {
                    let path = path.to_owned();
                    return Err(Error::Changed { path });
                }
            }
            self.sink
                .write_all(&self.buffer[..count])
                .map_err(Error::Write)?;
        }
    }

    fn words(&mut self, words: &[&[u8]]) -> Result<(), Error> {
        for word in words {
            let length = word.len() as u64;
            self.raw(&length.to_le_bytes())?;
            self.raw(word)?;
            self.pad(length)?;
        }
        Ok(())
    }

    fn pad(&mut self, length: u64) -> Result<(), Error> {
        let missing = (8 - length % 8) % 8;
        self.raw(PADDING.split_at(usize::try_from(missing).unwrap_or(0)).0)
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.sink.write_all(bytes).map_err(Error::Write)
    }
}

fn sorted_names(path: &Path) -> io::Result<Vec<OsString>> {
    let mut names = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    // The order of `OsString` is that of its bytes on Unix, which is the archive's.
    names.sort_unstable();
    Ok(names)
}

fn read_error(path: &Path, source: io::Error) -> Error {
    let path = path.to_owned();
    Error::Read { path, source }
}
