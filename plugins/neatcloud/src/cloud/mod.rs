//! The cloud: a directory.
//!
//! | path | what |
//! |---|---|
//! | `truth.json` | all that there is; replaced as a whole, by who holds the lock |
//! | `lock` | held while the truth is changed |
//! | `faults.json` | what is to go wrong; see [`crate::faults`] |
//! | `servers/ID/` | a server that is no fake; see [`keeper`] |
//! | `volumes/ID/` | the data of a volume that is attached to no server |

mod error;
mod files;
pub mod keeper;
mod server;
mod truth;
mod volume;

use std::{
    env,
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use error::file;
use etcetera::BaseStrategy;

pub use error::CloudError;
pub use files::{read as read_file, replace as replace_file};
pub use keeper::Reach;
pub use server::View;
pub use truth::{Power, Region, Server, Size, SshKey, Truth, Volume, new_id};

/// A cloud, and what was last read of its truth.
pub struct Cloud {
    home: PathBuf,
    /// Whether new servers are nothing but records.
    fake: bool,
    reach: Reach,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    version: Option<Version>,
    truth: Truth,
}

/// Tells one file from another that came in its place.
type Version = (u64, i64, i64, u64);

impl Cloud {
    /// The user's cloud, by `NEATCLOUD_HOME` and other variables.
    pub fn from_environment() -> Result<Self, CloudError> {
        let home = match env::var_os("NEATCLOUD_HOME").filter(|home| !home.is_empty()) {
            Some(home) => std::path::absolute(home).map_err(|_| CloudError::NoHome)?,
            None => default_home()?,
        };
        Ok(Self {
            home,
            fake: env::var_os("NEATCLOUD_FAKE").is_some_and(|value| value == "1"),
            reach: Reach::from_environment(),
            known: Mutex::default(),
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
        let mut known = self.known();
        self.refresh(&mut known)?;
        Ok(look(&known.truth))
    }

    /// Changes what there is; if that fails, nothing is changed.
    pub fn change<T, E: From<CloudError>>(
        &self,
        change: impl FnOnce(&mut Truth) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut known = self.known();
        let _lock = self.lock()?;
        self.refresh(&mut known)?;
        let changed = change(&mut known.truth).and_then(|value| {
            files::replace(&self.truth_path(), &known.truth)?;
            Ok(value)
        });
        known.version = match changed {
            Ok(_) => version(&self.truth_path()),
            Err(_) => None,
        };
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

    fn refresh(&self, known: &mut Known) -> Result<(), CloudError> {
        let path = self.truth_path();
        let version = version(&path);
        if version.is_none() || version != known.version {
            known.truth = files::read(&path)?.unwrap_or_default();
            known.version = version;
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn truth_path(&self) -> PathBuf {
        self.home.join("truth.json")
    }

    fn server_directory(&self, id: &str) -> PathBuf {
        self.home.join("servers").join(id)
    }
}

fn version(path: &Path) -> Option<Version> {
    let data = fs::metadata(path).ok()?;
    Some((data.ino(), data.mtime(), data.mtime_nsec(), data.size()))
}

fn default_home() -> Result<PathBuf, CloudError> {
    let places = etcetera::base_strategy::Xdg::new().map_err(|_| CloudError::NoHome)?;
    let state = places.state_dir().ok_or(CloudError::NoHome)?;
    Ok(state.join("neatcloud"))
}
