use camino::{Utf8Path, Utf8PathBuf};
use zeroize::Zeroizing;

use super::{
    KeyFile,
    archive::{Archive, Rights},
};

/// Where a machine lists what was sent.
const HOME: &str = "/var/lib/nixops/keys";

/// Where keys are unpacked before they are moved to their places, in the directory of each.
const STAGING: &str = ".nixops-keys";

/// What is to happen with a parcel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Moment {
    /// Before an activation: new keys take their places, others are staged.
    Put,
    /// After it: what is staged takes its place, and what is not wanted is removed.
    Settle,
    /// Both at once.
    Both,
    /// What is staged is dropped, since the old system runs again.
    Drop,
}

impl Moment {
    /// The word by which the script on the machine knows it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Settle => "settle",
            Self::Both => "both",
            Self::Drop => "drop",
        }
    }
}

/// What is sent to a machine at once.
#[derive(Debug)]
pub struct Parcel {
    /// What is to happen.
    pub moment: Moment,
    /// The directories in which keys are unpacked or staged.
    pub directories: Vec<Utf8PathBuf>,
    /// An archive for `tar`, with paths from the root.
    pub archive: Zeroizing<Vec<u8>>,
}

/// What goes into a parcel.
#[derive(Debug, Default)]
pub(super) struct Contents<'a> {
    /// Files that take their places at once.
    pub new: Vec<&'a KeyFile>,
    /// Files that are staged.
    pub staged: Vec<&'a KeyFile>,
    /// Lists, by their names.
    pub lists: Vec<(&'static str, Vec<u8>)>,
}

impl Contents<'_> {
    pub fn pack(&self, moment: Moment, directories: Vec<Utf8PathBuf>) -> Parcel {
        let all = self.new.iter().chain(&self.staged);
        let bytes: usize = all.map(|file| file.content.reveal().len()).sum();
        let listed: usize = self.lists.iter().map(|(_, list)| list.len()).sum();
        let count = self.new.len() + self.staged.len() + self.lists.len();
        let mut archive = Archive::with_room(count, bytes + listed);
        for (name, list) in &self.lists {
            archive.add(&format!("{HOME}/{name}"), Rights::PRIVATE, list);
        }
        for (place, files) in [("new", &self.new), ("next", &self.staged)] {
            for file in files {
                let rights = Rights {
                    user: &file.user,
                    group: &file.group,
                    mode: file.mode,
                };
                archive.add(staged(file, place).as_str(), rights, file.content.reveal());
            }
        }
        Parcel {
            moment,
            directories,
            archive: archive.finish(),
        }
    }
}

fn staged(file: &KeyFile, place: &str) -> Utf8PathBuf {
    let name = file.path.file_name().unwrap_or_default();
    let directory: &Utf8Path = file.directory();
    directory.join(STAGING).join(place).join(name)
}
