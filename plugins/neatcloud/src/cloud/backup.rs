//! Backups of servers: an archive each, of all that is the server's own.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Stdio,
    time::UNIX_EPOCH,
};

use serde::Serialize;

use super::{Cloud, CloudError, Power, Server, error::file, files};

const WRITE: &str = include_str!("../../scripts/backup.sh");
const READ: &str = include_str!("../../scripts/restore.sh");

/// A backup of a server.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Backup {
    /// Its id, which who ordered it has given.
    pub id: String,
    /// When it was made, in seconds since 1970.
    pub made: u64,
    /// Its size in bytes.
    pub size: u64,
}

impl Cloud {
    /// Makes a backup of a server, which goes on meanwhile. It is there when it is whole.
    pub fn back_up(&self, server: &str, of: &Server, id: &str) -> Result<(), CloudError> {
        check(id)?;
        let directory = self.backup_directory(server);
        files::directory(&directory)?;
        let part = directory.join(format!("{id}.part"));
        let archive = File::create(&part).map_err(file("write", &part))?;
        if !of.fake {
            self.inside(server, WRITE, Stdio::null(), archive.into())?;
        }
        let whole = self.backup_file(server, id);
        fs::rename(&part, &whole).map_err(file("write", whole))
    }

    /// Backups of a server, oldest first.
    pub fn backups(&self, server: &str) -> Result<Vec<Backup>, CloudError> {
        let directory = self.backup_directory(server);
        let mut all = Vec::new();
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(id) = name.strip_suffix(".tar") else {
                continue;
            };
            let about = entry.metadata().map_err(file("read", entry.path()))?;
            let made = about.modified().map_err(file("read", entry.path()))?;
            let made = made.duration_since(UNIX_EPOCH).unwrap_or_default();
            all.push(Backup {
                id: id.to_owned(),
                made: made.as_secs(),
                size: about.len(),
            });
        }
        all.sort_by(|one, other| (one.made, &one.id).cmp(&(other.made, &other.id)));
        Ok(all)
    }

    /// Deletes a backup of a server.
    pub fn remove_backup(&self, server: &str, id: &str) -> Result<(), CloudError> {
        let archive = self.backup(server, id)?;
        fs::remove_file(&archive).map_err(file("remove", archive))
    }

    /// Puts a backup in the place of what a server is, and switches the server on with it.
    pub fn restore(&self, server: &str, of: &Server, id: &str) -> Result<(), CloudError> {
        let path = self.backup(server, id)?;
        let archive = File::open(&path).map_err(file("read", path))?;
        self.switch(server, of, Power::Stopped)?;
        if !of.fake {
            self.inside(server, READ, archive.into(), Stdio::null())?;
        }
        let stopped = Server {
            power: Power::Stopped,
            ..of.clone()
        };
        self.switch(server, &stopped, Power::Running)
    }

    /// Takes all backups of a server away.
    pub(super) fn forget_backups(&self, server: &str) -> Result<(), CloudError> {
        files::remove(&self.backup_directory(server))
    }

    fn inside(
        &self,
        server: &str,
        script: &str,
        input: Stdio,
        output: Stdio,
    ) -> Result<(), CloudError> {
        let host = self.running(server)?.host();
        let mut command = rig::command_in_host(host.process(), ["sh", "-c", script]);
        command.stdin(input).stdout(output).stderr(Stdio::piped());
        let ended = command.output().map_err(file("run", "nsenter"))?;
        if ended.status.success() {
            return Ok(());
        }
        Err(CloudError::Backup {
            id: server.to_owned(),
            message: String::from_utf8_lossy(&ended.stderr).trim().to_owned(),
        })
    }

    fn backup(&self, server: &str, id: &str) -> Result<PathBuf, CloudError> {
        check(id)?;
        let archive = self.backup_file(server, id);
        if archive.exists() {
            return Ok(archive);
        }
        Err(CloudError::NoBackup { id: id.to_owned() })
    }

    fn backup_file(&self, server: &str, id: &str) -> PathBuf {
        self.backup_directory(server).join(format!("{id}.tar"))
    }

    fn backup_directory(&self, server: &str) -> PathBuf {
        self.home().join("backups").join(server)
    }
}

/// An id is the name of a file, and no way to another one.
fn check(id: &str) -> Result<(), CloudError> {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if !id.is_empty() && id.chars().all(letters) {
        return Ok(());
    }
    Err(CloudError::NoBackup { id: id.to_owned() })
}
