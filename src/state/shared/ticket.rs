//! The text of a lock.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::state::Holder;

/// Who holds a shared state, and the word that tells this lock from all others.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Ticket {
    /// Random, and always the same for a copy; `remote.sh` looks for it as it is written here.
    pub token: String,
    #[serde(flatten)]
    pub holder: Holder,
}

impl Ticket {
    pub fn new(token: String, holder: &Holder) -> Self {
        Self {
            token,
            holder: holder.clone(),
        }
    }

    /// Whether both are of the same copy. Somebody may have taken a home to another computer, copies and all.
    pub fn is_of(&self, other: &Self) -> bool {
        self.token == other.token && self.holder.host == other.holder.host
    }

    /// Reads the text of a lock. One that cannot be read is that of nobody we know.
    pub fn read(text: &[u8]) -> Self {
        serde_json::from_slice(text).unwrap_or_default()
    }

    /// Its text, in one line.
    pub fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Whether its holder ran on this computer and does not any more. It is for people: who is sure that
    /// a process has ended has its lock of the copy.
    pub fn has_ended(&self) -> bool {
        let here = Holder::this("").host;
        self.holder.host == here
            && self.holder.pid != 0
            && fs::metadata("/proc/self").is_ok()
            && fs::metadata(format!("/proc/{}", self.holder.pid)).is_err()
    }
}
