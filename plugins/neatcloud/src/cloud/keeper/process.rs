//! The keeper's own side.

use std::{
    fs::{self, File, TryLockError},
    io::Write,
    path::Path,
    thread,
    time::Duration,
};

use rig::{Host, HostOptions, Rig, Share};

use super::{ABOUT, Order, Reach, Running, open, write_failure};
use crate::cloud::{
    CloudError,
    error::file,
    files::{self, directory},
};

/// How long a server may seem to be there whose first process has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Who only looks holds the lock for a moment.
const ATTEMPTS: u32 = 100;

/// Makes the server of a directory and lives until it is told to end, or the server has ended.
pub fn keep(server: &Path) -> Result<(), CloudError> {
    let _lock = take_lock(server)?;
    for left in ["failed", "running.json"] {
        let _ = fs::remove_file(server.join(left));
    }
    let kept = keep_locked(server);
    if let Err(error) = &kept {
        write_failure(server, error)?;
    }
    kept
}

fn take_lock(server: &Path) -> Result<File, CloudError> {
    let path = server.join("lock");
    let lock = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let mut lock = lock.map_err(file("write", &path))?;
    for _ in 0..ATTEMPTS {
        match lock.try_lock() {
            Ok(()) => {
                lock.set_len(0)
                    .and_then(|()| write!(lock, "{}", std::process::id()))
                    .map_err(file("write", path))?;
                return Ok(lock);
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(2)),
            Err(TryLockError::Error(error)) => return Err(file("lock", path)(error)),
        }
    }
    Err(CloudError::Kept {
        path: server.to_owned(),
    })
}

fn keep_locked(server: &Path) -> Result<(), CloudError> {
    let path = server.join("order.json");
    let order: Order = files::read(&path)?.ok_or_else(|| CloudError::NoServer {
        id: server.display().to_string(),
    })?;
    let rig = Rig::new()?;
    let host = rig.add_host_with(&order.name, &options(server, &rig, &order)?)?;
    introduce(&host, &order)?;
    let running = Running {
        keeper: std::process::id(),
        name: host.name.clone(),
        rig: rig.root().to_owned(),
        process: host.process(),
        address: host.address,
        port: host.port,
        host_key: host.host_key()?,
        identity: rig.identity(),
        reach: order.reach,
    };
    files::replace(&server.join("running.json"), &running)?;
    while !host.has_ended() {
        thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

fn options(server: &Path, rig: &Rig, order: &Order) -> Result<HostOptions, CloudError> {
    let keys = if order.keys.is_empty() {
        let path = rig.identity().with_added_extension("pub");
        vec![fs::read_to_string(&path).map_err(file("read", path))?]
    } else {
        order.keys.clone()
    };
    Ok(HostOptions {
        shares: vec![Share {
            machine: server.join("vol"),
            host: "/vol".into(),
        }],
        authorized_keys: Some(keys),
        without_sshd: order.reach == Reach::Command,
        ..HostOptions::default()
    })
}

/// Tells the server who it is.
fn introduce(host: &Host, order: &Order) -> Result<(), CloudError> {
    let about = host.disk().join(ABOUT);
    directory(&about)?;
    files::replace(&about.join("server.json"), &order.about)?;
    open(&order.id, host)
}
