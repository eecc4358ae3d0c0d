//! Holds the process that everything of a rig depends on.
//!
//! The hold is a pipe: the kernel closes it however this process ends, then the keeper's first process ends, the
//! kernel ends every process of its namespace, their mounts go with them, and the script outside of the namespace
//! removes the directory. A parent-death signal would be wrong here: it is sent when the *thread* ends that
//! started the process, and a test may start hosts from threads.

use std::{
    fs::File,
    io::Write,
    os::unix::process::CommandExt,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use crate::{
    error::{RigError, file},
    layout::{HostLayout, Layout},
    programs::{plain_command, read, start_error},
};

/// A slow machine with many hosts needs seconds, never this long.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// The process that keeps the hosts running until it is dropped.
#[derive(Debug)]
pub(crate) struct Keeper {
    process: Child,
}

impl Keeper {
    pub fn start(layout: &Layout) -> Result<Self, RigError> {
        let log = layout.root.join("keeper.log");
        let errors = File::create(&log).map_err(file("write", log))?;
        let mut command = plain_command("bash");
        command
            .arg(layout.scripts().join("keeper.sh"))
            .arg(&layout.root)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(errors)
            // Ctrl-C on the terminal is for the owner; the keeper goes when the owner has gone.
            .process_group(0);
        let process = command
            .spawn()
            .map_err(|source| start_error(command.get_program(), source))?;
        Ok(Self { process })
    }

    /// Asks for a host whose files are written to be started.
    pub fn start_host(&self, name: &str) -> Result<(), RigError> {
        let mut pipe = self
            .process
            .stdin
            .as_ref()
            .expect("the pipe is open until the keeper is dropped");
        pipe.write_all(format!("{name}\n").as_bytes())
            .map_err(file("write", "the keeper's pipe"))
    }
}

/// Waits until a host's sshd listens and returns the number of the host's first process.
pub(crate) fn wait_until_ready(host: &HostLayout, name: &str) -> Result<u32, RigError> {
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        if let Some(process) = ready_process(host) {
            return Ok(process);
        }
        if host.ended().exists() || Instant::now() > deadline {
            return Err(did_not_start(host, name));
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// The number of the first process of a host that is up.
pub(crate) fn ready_process(host: &HostLayout) -> Option<u32> {
    let text = read(&host.ready()).ok()?;
    // Without its end, the line may not be all there yet.
    text.strip_suffix('\n')?.parse().ok()
}

fn did_not_start(host: &HostLayout, name: &str) -> RigError {
    let said = [host.boot_log(), host.sshd_log()]
        .map(|path| read(&path).unwrap_or_default())
        .concat();
    let message = if said.trim().is_empty() {
        "its first process said nothing".to_owned()
    } else {
        said
    };
    RigError::HostDidNotStart {
        host: name.to_owned(),
        message: message.trim().to_owned(),
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // Nothing can be done about an error here, and the keeper does its work without being waited for.
        let _ = self.process.wait();
    }
}
