//! Archives in the format of tar, which unpacks many files with their owners and modes in one process.

use zeroize::Zeroizing;

/// Everything in an archive is padded to this.
const BLOCK: usize = 512;

/// A longer path stands before its file, in an entry of its own.
const LONGEST_PATH: usize = 100;

/// An archive of files.
#[derive(Debug, Default)]
pub(super) struct Archive(Zeroizing<Vec<u8>>);

/// How a file in an archive is owned, and what it may be used for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rights<'a> {
    pub user: &'a str,
    pub group: &'a str,
    pub mode: u32,
}

impl Rights<'_> {
    /// A file for root alone.
    pub const PRIVATE: Rights<'static> = Rights {
        user: "root",
        group: "root",
        mode: 0o600,
    };
}

impl Archive {
    /// An archive that has room for files of so many bytes, so that secrets are not moved about in memory.
    pub fn with_room(files: usize, bytes: usize) -> Self {
        // A header, one for a long path with the path itself, and padding.
        let room = bytes + files * 6 * BLOCK + 2 * BLOCK;
        Self(Zeroizing::new(Vec::with_capacity(room)))
    }

    /// Adds a file. An owner whom the machine does not know becomes root.
    pub fn add(&mut self, path: &str, rights: Rights<'_>, content: &[u8]) {
        if path.len() > LONGEST_PATH {
            let mut long = path.as_bytes().to_vec();
            long.push(0);
            self.entry(b'L', "././@LongLink", Rights::PRIVATE, &long);
        }
        self.entry(b'0', path, rights, content);
    }

    /// The whole archive.
    pub fn finish(mut self) -> Zeroizing<Vec<u8>> {
        self.0.extend([0; 2 * BLOCK]);
        self.0
    }

    fn entry(&mut self, kind: u8, path: &str, rights: Rights<'_>, content: &[u8]) {
        self.0.extend(header(kind, path, rights, content.len()));
        self.0.extend_from_slice(content);
        let padding = content.len().next_multiple_of(BLOCK) - content.len();
        self.0.extend(std::iter::repeat_n(0, padding));
    }
}

fn header(kind: u8, path: &str, rights: Rights<'_>, length: usize) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, field: &[u8]| block[at..at + field.len()].copy_from_slice(field);
    put(0, &path.as_bytes()[..path.len().min(LONGEST_PATH)]);
    put(100, octal::<8>(u64::from(rights.mode)).as_slice());
    put(108, octal::<8>(number(rights.user)).as_slice());
    put(116, octal::<8>(number(rights.group)).as_slice());
    put(124, octal::<12>(length as u64).as_slice());
    put(136, octal::<12>(0).as_slice());
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar  \0");
    put(265, name(rights.user).as_bytes());
    put(297, name(rights.group).as_bytes());
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..155].copy_from_slice(&octal::<7>(sum));
    block
}

/// A number with zeros before it, and a zero byte after it.
fn octal<const N: usize>(value: u64) -> [u8; N] {
    let mut field = [0; N];
    let digits = format!("{value:0width$o}", width = N - 1);
    field[..N - 1].copy_from_slice(&digits.as_bytes()[digits.len() - (N - 1)..]);
    field
}

/// The number of an owner who has no name; that of root stands for who is not known.
fn number(owner: &str) -> u64 {
    owner.parse::<u32>().map_or(0, u64::from)
}

fn name(owner: &str) -> &str {
    if owner.parse::<u32>().is_ok() {
        ""
    } else {
        owner
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::Write as _,
        os::unix::fs::PermissionsExt as _,
        process::{Command, Stdio},
    };

    use super::*;

    fn listed(archive: Archive) -> String {
        let mut tar = Command::new("tar");
        tar.args(["-tvPf", "-"]).env("TZ", "UTC").env("LC_ALL", "C");
        let mut tar = tar
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let bytes = archive.finish();
        tar.stdin.take().unwrap().write_all(&bytes).unwrap();
        let output = tar.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn tar_reads_names_modes_and_owners() {
        let mut archive = Archive::with_room(3, 1000);
        let rights = Rights {
            user: "web",
            group: "4000",
            mode: 0o640,
        };
        let long = format!("/run/{}", "k".repeat(150));
        archive.add("/run/keys/a", rights, &[7; 600]);
        archive.add(&long, rights, b"");
        archive.add("/run/b", Rights::PRIVATE, b"x");
        let listed = listed(archive);
        let words: Vec<Vec<&str>> = listed
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(words[0][..3], ["-rw-r-----", "web/4000", "600"]);
        assert_eq!(words[0][5], "/run/keys/a");
        assert_eq!((words[1][2], words[1][5]), ("0", long.as_str()));
        assert_eq!(words[2][..3], ["-rw-------", "root/root", "1"]);
    }

    #[test]
    fn any_bytes_come_out_as_they_went_in() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let content: Vec<u8> = (0..=255).cycle().take(70_000).collect();
        let mut archive = Archive::with_room(1, content.len());
        let rights = Rights {
            mode: 0o604,
            ..Rights::PRIVATE
        };
        archive.add(path.to_str().unwrap(), rights, &content);
        let mut tar = Command::new("tar")
            .args(["-xpPmf", "-", "--no-same-owner"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        tar.stdin
            .take()
            .unwrap()
            .write_all(&archive.finish())
            .unwrap();
        assert!(tar.wait().unwrap().success());
        assert_eq!(fs::read(&path).unwrap(), content);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o604
        );
    }
}
