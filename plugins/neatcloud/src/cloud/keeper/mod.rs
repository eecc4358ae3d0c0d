//! Keepers: the process that a server lives with.
//!
//! A keeper is this program, started as `keep DIRECTORY` in a session of its own. It holds a rig with one host, and
//! the server ends when the keeper does, however that is. A server's directory:
//!
//! | path | what |
//! |---|---|
//! | `order.json` | what the keeper is to make ([`Order`]) |
//! | `lock` | held by the keeper as long as it lives; says its number |
//! | `running.json` | how the server is reached ([`Running`]), once it is up |
//! | `failed` | why there is no server |
//! | `log` | what the keeper said |
//! | `vol/` | the volumes that are attached; the server has it as `/vol` |

mod door;
mod order;
mod process;
mod wait;

use std::path::Path;

pub use door::{ABOUT, open, shut};
pub use order::{Order, Reach, Running};
pub use process::keep;
pub use wait::{end, start};

use super::{
    CloudError,
    error::file,
    files::{self, directory},
};

/// Whether the keeper of a server lives.
pub fn is_alive(server: &Path) -> bool {
    let Ok(lock) = std::fs::File::open(server.join("lock")) else {
        return false;
    };
    matches!(
        lock.try_lock_shared(),
        Err(std::fs::TryLockError::WouldBlock)
    )
}

/// How a server is reached, if it is up.
pub fn running(server: &Path) -> Result<Option<Running>, CloudError> {
    if !is_alive(server) {
        return Ok(None);
    }
    let running: Option<Running> = files::read(&server.join("running.json"))?;
    Ok(running.filter(|running| Some(running.keeper) == keeper(server)))
}

/// Number of the process that holds the lock of a server, or held it last.
fn keeper(server: &Path) -> Option<u32> {
    let number = std::fs::read_to_string(server.join("lock")).ok()?;
    number.parse().ok()
}

/// Whether a keeper of the server has had it up, be that the one that lives or an earlier one.
pub fn was_up(server: &Path) -> bool {
    server.join("running.json").exists()
}

/// Writes what the keeper is to make.
pub fn order(server: &Path, order: &Order) -> Result<(), CloudError> {
    directory(&server.join("vol"))?;
    files::replace(&server.join("order.json"), order)
}

/// Says why there is no server, if its keeper said so.
fn failure(server: &Path) -> Option<String> {
    std::fs::read_to_string(server.join("failed")).ok()
}

fn write_failure(server: &Path, error: &CloudError) -> Result<(), CloudError> {
    let path = server.join("failed");
    std::fs::write(&path, told(error)).map_err(file("write", path))
}

/// An error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
