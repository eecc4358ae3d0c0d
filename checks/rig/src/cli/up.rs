//! `rig up`: starts hosts that outlive this command.

use std::{
    env,
    fs::{self, File},
    io::{self, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::record::{Record, log_path};

/// Starts hosts and returns when their sshds listen
///
/// The hosts live until `rig down`, or until the process named by --owner ends. Without names there is only the
/// deployer's side. Writes DIR/rig.json and prints it: the rig's directory and files for ssh, and for each host its
/// name, address, port, user and first process.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  rig up --dir /tmp/try web db\n  rig up --dir \"$dir\" --owner $$ web    # ends with this shell"
)]
pub struct Up {
    /// Directory of rig.json; made if it is not there
    #[arg(long)]
    dir: PathBuf,
    /// Process whose end, however it ends, is the end of the hosts: `$$` in a script
    #[arg(long, value_name = "PROCESS")]
    owner: Option<u32>,
    /// Names of the hosts
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

impl Up {
    pub fn run(self) -> Result<()> {
        fs::create_dir_all(&self.dir)
            .with_context(|| format!("cannot make {}", self.dir.display()))?;
        let directory = fs::canonicalize(&self.dir)
            .with_context(|| format!("cannot read {}", self.dir.display()))?;
        if Record::running(&directory).is_ok() {
            bail!(
                "hosts are up in {} already (end them with `rig down`)",
                self.dir.display()
            );
        }
        super::down::forget(&directory)?;
        let mut holder = self.start_holder(&directory)?;
        let record = wait_for_record(&mut holder, &directory)?;
        // Until it reads this line, the holder ends with this process.
        let mut pipe = holder
            .stdin
            .take()
            .context("the holder has no standard input")?;
        pipe.write_all(b"keep\n").context("the holder ended")?;
        io::stdout().write_all(record.text()?.as_bytes())?;
        Ok(())
    }

    fn start_holder(&self, directory: &Path) -> Result<Child> {
        let log = log_path(directory);
        let errors =
            File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new(env::current_exe().context("cannot find this program")?);
        command.arg("hold").arg("--dir").arg(directory);
        if let Some(owner) = self.owner {
            command.args(["--owner", &owner.to_string()]);
        }
        command.arg("--").args(&self.names);
        command
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(errors)
            .process_group(0);
        command.spawn().context("cannot start the holder")
    }
}

fn wait_for_record(holder: &mut Child, directory: &Path) -> Result<Record> {
    loop {
        if let Some(record) = Record::find(directory)? {
            return Ok(record);
        }
        if holder.try_wait()?.is_some() {
            let said = fs::read_to_string(log_path(directory)).unwrap_or_default();
            bail!("{}", said.trim().trim_start_matches("rig: "));
        }
        thread::sleep(Duration::from_millis(5));
    }
}
