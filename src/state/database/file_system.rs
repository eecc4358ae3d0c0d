//! Which file systems several computers write, so that SQLite's shared memory does not work there.

use std::{fs, os::linux::fs::MetadataExt as _};

use camino::Utf8Path;
use rustix::fs::{major, minor, statfs};

use crate::state::{Error, trouble::file};

/// What `statfs` says of file systems in user space, which may be anything.
const FUSE: u32 = 0x6573_5546;

/// Network file systems, as `statfs` tells them (see statfs(2)).
const REMOTE: [(u32, &str); 13] = [
    (0x0000_6969, "NFS"),
    (0x0000_517b, "SMB"),
    (0xfe53_4d42, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0x0102_1997, "9p"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x7375_7245, "Coda"),
    (0x0bd0_0bd0, "Lustre"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x1983_0326, "BeeGFS"),
    (0x4750_4653, "GPFS"),
];

/// File systems in user space that lead to other computers, as mounts name them.
const REMOTE_IN_USER_SPACE: [&str; 9] = [
    "sshfs",
    "rclone",
    "s3fs",
    "glusterfs",
    "ceph",
    "ceph-fuse",
    "davfs",
    "curlftpfs",
    "nfs",
];

/// Refuses a directory that several computers may write.
pub(super) fn check(directory: &Utf8Path, path: &Utf8Path) -> Result<(), Error> {
    let stat = statfs(directory.as_std_path());
    let stat = stat.map_err(|error| file("open", path)(error.into()))?;
    // The kernel's own numbers have 32 bits, whatever the width of the field.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let kind = match stat.f_type as u32 {
        FUSE => in_user_space(directory),
        kind => remote(kind).map(str::to_owned),
    };
    match kind {
        None => Ok(()),
        Some(kind) => Err(Error::Remote {
            path: path.to_owned(),
            kind,
        }),
    }
}

fn remote(kind: u32) -> Option<&'static str> {
    let mut known = REMOTE.iter();
    let found = known.find(|(number, _)| *number == kind);
    found.map(|(_, name)| *name)
}

fn in_user_space(directory: &Utf8Path) -> Option<String> {
    let device = fs::metadata(directory).ok()?.st_dev();
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = mounted(&mounts, &format!("{}:{}", major(device), minor(device)))?;
    let is_remote = REMOTE_IN_USER_SPACE.contains(&kind.trim_start_matches("fuse."));
    is_remote.then(|| kind.to_owned())
}

/// The file system of a device, from the lines of `/proc/self/mountinfo` (see proc(5)).
fn mounted<'a>(mounts: &'a str, device: &str) -> Option<&'a str> {
    let line = mounts
        .lines()
        .find(|line| line.split(' ').nth(2) == Some(device))?;
    line.split_once(" - ")?.1.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        assert_eq!(remote(0x6969), Some("NFS"));
        assert_eq!(remote(0xff53_4d42), Some("CIFS"));
        assert_eq!(remote(0x0102_1994), None, "tmpfs");
        assert_eq!(remote(0x9123_683e), None, "btrfs");
    }

    #[test]
    fn a_mount_tells_what_is_in_user_space() {
        let mounts = "29 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
                      61 29 0:52 / /mnt/far rw,nosuid shared:30 - fuse.sshfs me@far:/ rw\n";
        assert_eq!(mounted(mounts, "0:52"), Some("fuse.sshfs"));
        assert_eq!(mounted(mounts, "0:53"), None);
    }

    #[test]
    fn a_disk_of_this_computer_is_fine() {
        let directory = tempfile::tempdir().unwrap();
        let directory = Utf8Path::from_path(directory.path()).unwrap();
        check(directory, &directory.join("state.db")).unwrap();
    }

    #[test]
    fn the_error_points_at_the_shared_file() {
        let error = Error::Remote {
            path: "/net/state.db".into(),
            kind: "NFS".into(),
        };
        insta::assert_snapshot!(error, @"the state cannot be kept in /net/state.db: NFS is a network file system");
        assert!(
            error
                .hint()
                .unwrap()
                .contains("network.storage.file.location")
        );
    }
}
