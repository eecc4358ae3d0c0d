//! Starting and ending keepers.

use std::{
    env, fs,
    fs::File,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{Running, failure, is_alive, keeper, order::is_root, running};
use crate::cloud::{CloudError, error::file};

/// A host of the rig starts in a fraction of a second, on a busy computer in seconds.
const START: Duration = Duration::from_secs(90);
/// How long there may be no keeper after it was started.
const APPEAR: Duration = Duration::from_secs(20);
const END: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(3);

const DETACH: &str = include_str!("../../../scripts/detach.sh");

/// Starts the keeper of a server, unless it has one, and waits until the server is up.
pub fn start(id: &str, server: &Path) -> Result<Running, CloudError> {
    if !is_alive(server) {
        let _ = fs::remove_file(server.join("failed"));
        spawn(server)?;
    }
    await_running(id, server)
}

/// In a user namespace of its own where this process is not root, as which it is root there.
fn spawn(server: &Path) -> Result<(), CloudError> {
    let program = env::current_exe().map_err(file("find", "this program"))?;
    let path = server.join("log");
    let log = File::create(&path).map_err(file("write", path))?;
    let mut command = Command::new("bash");
    command.args(["-c", DETACH, "detach.sh"]);
    if !is_root() {
        command.args(["unshare", "--user", "--map-root-user", "--"]);
    }
    command
        .arg(program)
        .arg("keep")
        .arg(server)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command.status().map(drop).map_err(file("start", "bash"))
}

fn await_running(id: &str, server: &Path) -> Result<Running, CloudError> {
    let begun = Instant::now();
    let mut seen = false;
    loop {
        if let Some(running) = running(server)? {
            return Ok(running);
        }
        let alive = is_alive(server);
        let late = begun.elapsed() > if seen { START } else { APPEAR };
        if late || (seen && !alive) || failure(server).is_some() {
            return Err(CloudError::DidNotStart {
                id: id.to_owned(),
                message: failure(server).unwrap_or_else(|| said(server)),
            });
        }
        seen |= alive;
        thread::sleep(LOOK_AGAIN);
    }
}

fn said(server: &Path) -> String {
    let log = fs::read_to_string(server.join("log")).unwrap_or_default();
    match log.trim() {
        "" => "its keeper said nothing".to_owned(),
        log => log.to_owned(),
    }
}

/// Ends the keeper of a server, and waits until nothing of the server is left but its directory.
pub fn end(id: &str, server: &Path) -> Result<(), CloudError> {
    if !is_alive(server) {
        return Ok(());
    }
    // One that is about to start would leave its rig behind.
    let rig = await_running(id, server).ok().map(|running| running.rig);
    let number = keeper(server).and_then(|number| number.try_into().ok());
    if let Some(keeper) = number.and_then(Pid::from_raw) {
        // It may have ended by itself in the meantime.
        let _ = kill_process(keeper, Signal::TERM);
    }
    let begun = Instant::now();
    while is_alive(server) || rig.as_ref().is_some_and(|rig| rig.exists()) {
        if begun.elapsed() > END {
            return Err(CloudError::DidNotEnd {
                id: id.to_owned(),
                seconds: END.as_secs(),
            });
        }
        thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}
