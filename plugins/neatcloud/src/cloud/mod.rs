//! The cloud: a directory.
//!
//! | path | what |
//! |---|---|
//! | `truth.jsonl` | all that there is; see [`journal`] |
//! | `lock` | held while the truth is changed |
//! | `faults.json` | what is to go wrong; see [`crate::faults`] |
//! | `servers/ID/` | a server that is no fake; see [`keeper`] |
//! | `backups/ID/` | backups of a server |
//! | `volumes/ID/` | the data of a volume that is attached to no server |

mod backup;
mod error;
mod files;
mod journal;
pub mod keeper;
mod server;
mod truth;
mod volume;

use std::{
    env,
    fs::File,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use error::file;
use etcetera::BaseStrategy;
use journal::Journal;

pub use error::CloudError;
pub use files::{read as read_file, replace as replace_file};
pub use keeper::Reach;
pub use server::View;
pub use truth::{
    ApiToken, Entry, Power, Region, Scope, Server, Size, SshKey, Truth, Volume, new_id,
};

/// A cloud.
pub struct Cloud {
    home: PathBuf,
    /// Whether new servers are nothing but records.
    fake: bool,
    reach: Reach,
    journal: Mutex<Journal>,
}

impl Cloud {
    /// The user's cloud, by `NEATCLOUD_HOME` and other variables.
    pub fn from_environment() -> Result<Self, CloudError> {
        let home = match env::var_os("NEATCLOUD_HOME").filter(|home| !home.is_empty()) {
            Some(home) => std::path::absolute(home).map_err(|_| CloudError::NoHome)?,
            None => default_home()?,
        };
        Ok(Self {
            journal: Mutex::new(Journal::new(home.join("truth.jsonl"))),
            home,
            fake: env::var_os("NEATCLOUD_FAKE").is_some_and(|value| value == "1"),
            reach: Reach::from_environment(),
        })
    }

    /// Its directory.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Whether new servers are nothing but records.
    pub fn is_fake(&self) -> bool {
        self.fake
    }

    /// Looks at what there is.
    pub fn look<T>(&self, look: impl FnOnce(&Truth) -> T) -> Result<T, CloudError> {
        let mut journal = self.journal();
        journal.read()?;
        Ok(look(journal.truth()))
    }

    /// Changes what there is; if that fails, nothing is changed.
    pub fn change<T, E: From<CloudError>>(
        &self,
        change: impl FnOnce(&mut Truth) -> Result<T, E>,
    ) -> Result<T, E> {
        // In this order: who holds the lock already may look.
        let _lock = self.lock()?;
        let mut journal = self.journal();
        journal.read()?;
        let changed = change(journal.truth()).and_then(|value| {
            journal.write()?;
            Ok(value)
        });
        if changed.is_err() {
            journal.forget();
        }
        changed
    }

    /// Holds the lock of the cloud until the value is dropped.
    pub fn lock(&self) -> Result<File, CloudError> {
        files::directory(&self.home)?;
        let path = self.home.join("lock");
        let lock = File::create(&path).map_err(file("write", &path))?;
        lock.lock().map_err(file("lock", &path))?;
        Ok(lock)
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn server_directory(&self, id: &str) -> PathBuf {
        self.home.join("servers").join(id)
    }
}

fn default_home() -> Result<PathBuf, CloudError> {
    let places = etcetera::base_strategy::Xdg::new().map_err(|_| CloudError::NoHome)?;
    let state = places.state_dir().ok_or(CloudError::NoHome)?;
    Ok(state.join("neatcloud"))
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc,
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    #[test]
    fn who_holds_the_lock_may_look_while_a_change_waits_for_it() {
        let home = tempfile::tempdir().unwrap();
        let cloud = Cloud {
            journal: Mutex::new(Journal::new(home.path().join("truth.jsonl"))),
            home: home.path().to_owned(),
            fake: true,
            reach: Reach::from_environment(),
        };
        let cloud: &'static Cloud = Box::leak(Box::new(cloud));
        let lock = cloud.lock().unwrap();
        let changing = thread::spawn(|| cloud.change(|_| Ok::<_, CloudError>(())));
        let (looked, heard) = mpsc::channel();
        thread::spawn(move || {
            // Long enough that the change begins meanwhile.
            let end = Instant::now() + Duration::from_millis(300);
            while Instant::now() < end {
                cloud.look(|_| ()).unwrap();
            }
            looked.send(()).unwrap();
        });
        heard.recv_timeout(Duration::from_secs(30)).unwrap();
        drop(lock);
        changing.join().unwrap().unwrap();
    }
}
