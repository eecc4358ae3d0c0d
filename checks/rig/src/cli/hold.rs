//! `rig hold`: the process in the background that hosts of `rig up` live with.

use std::{fs, io, path::PathBuf, thread, time::Duration};

use anyhow::{Context, Result, bail};
use rig::Rig;

use super::record::Record;

/// How long hosts may outlive their owner.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Holds hosts until the owner ends or this process is told to end
#[derive(Debug, clap::Args)]
pub struct Hold {
    #[arg(long)]
    dir: PathBuf,
    #[arg(long)]
    owner: Option<u32>,
    names: Vec<String>,
}

impl Hold {
    pub fn run(self) -> Result<()> {
        let owner = self.owner.map(Process::find).transpose()?;
        let rig = Rig::new()?;
        let hosts = rig.add_hosts(&self.names)?;
        Record::new(&rig, &hosts).write(&self.dir)?;
        if !is_wanted()? {
            return super::down::forget(&self.dir);
        }
        while owner.as_ref().is_none_or(Process::lives) {
            thread::sleep(LOOK_AGAIN);
        }
        super::down::forget(&self.dir)
    }
}

/// Whether `rig up` lived to see the record; its end closes the pipe.
fn is_wanted() -> Result<bool> {
    let mut line = String::new();
    io::stdin()
        .read_line(&mut line)
        .context("cannot read standard input")?;
    Ok(line == "keep\n")
}

/// A process, told by its time of start from another that gets the same number later.
struct Process {
    number: u32,
    started: String,
}

impl Process {
    fn find(number: u32) -> Result<Self> {
        match start_time(number) {
            Some(started) => Ok(Self { number, started }),
            None => bail!("there is no process {number} that could own the hosts"),
        }
    }

    fn lives(&self) -> bool {
        start_time(self.number).as_deref() == Some(&self.started)
    }
}

/// Reads when a process started, see proc(5) on `/proc/PID/stat`; a zombie has ended.
fn start_time(process: u32) -> Option<String> {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name stands in parentheses and may hold any byte; the third field is the first after it.
    let fields: Vec<_> = line.rsplit_once(')')?.1.split_whitespace().collect();
    let (state, started) = (fields.first()?, fields.get(19)?);
    (*state != "Z").then(|| (*started).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_an_unknown_one_does_not() {
        assert!(Process::find(std::process::id()).unwrap().lives());
        assert!(Process::find(u32::MAX).is_err());
        assert!(
            !Process {
                number: std::process::id(),
                started: "0".to_owned()
            }
            .lives()
        );
    }
}
