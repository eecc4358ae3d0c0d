use std::{io, sync::Arc};

use camino::{Utf8Path, Utf8PathBuf};

use super::{Error, Plugin, PluginSet, Result};

/// A schema as a plugin ships it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SchemaText {
    /// The type that it describes, which is the name of its file.
    pub of_type: String,
    /// The file.
    pub path: Utf8PathBuf,
    /// What is in it.
    pub text: String,
}

impl PluginSet {
    /// Reads the schemas that a plugin ships, ordered by type.
    pub fn schema_texts(&self, plugin: &Plugin) -> Result<Vec<SchemaText>> {
        plugin.schema_texts()
    }
}

impl Plugin {
    /// Reads the schemas that the plugin ships, ordered by type.
    pub fn schema_texts(&self) -> Result<Vec<SchemaText>> {
        let Some(directory) = &self.manifest.schemas else {
            return Ok(Vec::new());
        };
        let unreadable = |source| self.unreadable(directory, source);
        let mut paths = Vec::new();
        for entry in directory.read_dir_utf8().map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.into_path();
            if path.extension() == Some("json") {
                paths.push(path);
            }
        }
        paths.sort();
        paths
            .into_iter()
            .map(|path| self.schema_text(path))
            .collect()
    }

    fn schema_text(&self, path: Utf8PathBuf) -> Result<SchemaText> {
        let bytes = std::fs::read(&path).map_err(|source| self.unreadable(&path, source))?;
        let text = String::from_utf8(bytes).map_err(|error| Error::NotUtf8 {
            origin: self.origin.clone(),
            path: path.clone(),
            at: error.utf8_error().valid_up_to(),
        })?;
        let of_type = path.file_stem().unwrap_or_default().to_owned();
        Ok(SchemaText {
            of_type,
            path,
            text,
        })
    }

    fn unreadable(&self, path: &Utf8Path, source: io::Error) -> Error {
        Error::Unreadable {
            origin: self.origin.clone(),
            path: path.to_owned(),
            reason: Arc::new(source),
        }
    }
}
