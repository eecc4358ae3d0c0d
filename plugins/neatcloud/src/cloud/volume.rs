//! Where the data of volumes are: with the server that a volume is attached to, or by themselves.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Cloud, CloudError, Volume, error::file, files::directory};

impl Cloud {
    /// Makes the data of a new volume.
    pub fn make_data(&self, id: &str) -> Result<(), CloudError> {
        directory(&self.volume_directory(id))
    }

    /// Removes the data of a volume, wherever they are.
    pub fn remove_data(&self, id: &str, name: &str) -> Result<(), CloudError> {
        match self.find_data(id, name) {
            Some(data) => super::files::remove(&data),
            None => Ok(()),
        }
    }

    /// Moves data to where the truth has their volumes: those of a server to it, and others away from it.
    pub fn settle(&self, server: &str) -> Result<(), CloudError> {
        let _lock = self.lock()?;
        self.take_data_from(server, |volume| volume.server.as_deref() == Some(server))?;
        let attached: Vec<_> = self.look(|truth| {
            let attached = truth.attached_to(server);
            attached
                .map(|(id, volume)| (id.clone(), volume.name.clone()))
                .collect()
        })?;
        for (id, name) in attached {
            self.attach_data(&id, &name, server)?;
        }
        Ok(())
    }

    /// Moves data of volumes away from a server, by what is there, unless they are to stay.
    pub fn take_data_from(
        &self,
        server: &str,
        stays: impl Fn(&Volume) -> bool,
    ) -> Result<(), CloudError> {
        let here = self.server_directory(server).join("vol");
        for entry in fs::read_dir(&here).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let volume = self.look(|truth| {
                let (id, volume) = truth.volume(&name)?;
                Some((id.clone(), volume.clone()))
            })?;
            if let Some((id, volume)) = volume
                && !stays(&volume)
            {
                self.detach_data(&id, &name)?;
            }
        }
        Ok(())
    }

    /// Moves the data of a volume to a server, where they are `/vol/NAME`.
    fn attach_data(&self, id: &str, name: &str, server: &str) -> Result<(), CloudError> {
        let to = self.server_directory(server).join("vol");
        directory(&to)?;
        self.move_data(id, name, &to.join(name))
    }

    /// Moves the data of a volume away from its server.
    fn detach_data(&self, id: &str, name: &str) -> Result<(), CloudError> {
        directory(&self.home.join("volumes"))?;
        self.move_data(id, name, &self.volume_directory(id))
    }

    /// A move that is done already is none, so one that was interrupted can be done again.
    fn move_data(&self, id: &str, name: &str, to: &Path) -> Result<(), CloudError> {
        if to.exists() {
            return Ok(());
        }
        let from = self.find_data(id, name);
        let from = from.ok_or_else(|| CloudError::NoData { id: id.to_owned() })?;
        fs::rename(&from, to).map_err(file("move", from))
    }

    fn find_data(&self, id: &str, name: &str) -> Option<PathBuf> {
        let alone = self.volume_directory(id);
        if alone.exists() {
            return Some(alone);
        }
        let servers = fs::read_dir(self.home.join("servers")).ok()?;
        servers
            .flatten()
            .map(|server| server.path().join("vol").join(name))
            .find(|data| data.exists())
    }

    fn volume_directory(&self, id: &str) -> PathBuf {
        self.home.join("volumes").join(id)
    }
}
