//! The file beside a network that says which deployment is its own.
//!
//! It goes with the network into its repository, so that a second checkout, or a computer that deploys
//! by itself, means the same deployment, and another network of the same name never does.

use std::{fs, io};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tempfile::Builder;

use super::{Deployment, Error, trouble::file};

/// Name of the file, beside `flake.nix` or `nixops.nix`.
const FILE: &str = "nixops.json";

/// Version of the file's form.
const VERSION: u64 = 1;

/// Which deployment is a network's own.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Identity {
    /// The deployment's name.
    pub name: String,
    /// The word that the deployment and the network both have.
    pub lineage: String,
}

/// What the file beside a network says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// Everything, also what a newer version wrote and we do not know.
    content: Map<String, Value>,
    path: Utf8PathBuf,
}

impl Recorded {
    /// Reads the file in the directory of a network; that it is not there says nothing.
    pub fn read(directory: &Utf8Path) -> Result<Self, Error> {
        let path = directory.join(FILE);
        let content = match fs::read(&path) {
            Ok(text) => {
                serde_json::from_slice(&text).map_err(|error| wrong(&path, error.to_string()))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
            Err(error) => return Err(file("read", &path)(error)),
        };
        let recorded = Self { content, path };
        recorded.check()?;
        Ok(recorded)
    }

    /// Which deployment is the own one of a network.
    pub fn get(&self, network: &str) -> Option<Identity> {
        let found = self.content.get("deployments")?.get(network)?;
        serde_json::from_value(found.clone()).ok()
    }

    /// Says which deployment is the own one of a network.
    #[must_use]
    pub fn with(mut self, network: &str, identity: &Identity) -> Self {
        self.content.insert("version".to_owned(), json!(VERSION));
        let deployments = self.content.entry("deployments");
        let entry = &mut deployments.or_insert_with(|| json!({}))[network];
        if !entry.is_object() {
            *entry = json!({});
        }
        entry["name"] = json!(identity.name);
        entry["lineage"] = json!(identity.lineage);
        self
    }

    /// Where a network keeps its state, as its `network.storage` said when that was written.
    pub fn storage(&self, network: &str) -> Option<&Value> {
        self.content
            .get("deployments")?
            .get(network)?
            .get("storage")
    }

    /// Says where a network keeps its state, for who does not evaluate it. The network has an identity.
    #[must_use]
    pub fn with_storage(mut self, network: &str, storage: &Value) -> Self {
        let deployments = self.content.get_mut("deployments");
        if let Some(entry) = deployments.and_then(|all| all.get_mut(network)) {
            entry["storage"] = storage.clone();
        }
        self
    }

    /// Writes the file into a directory: either all of it is new afterwards, or nothing.
    pub fn write(&self, directory: &Utf8Path) -> Result<(), Error> {
        use std::os::unix::fs::PermissionsExt as _;
        let path = directory.join(FILE);
        // A link stays one.
        let path = path.canonicalize_utf8().unwrap_or(path);
        let attempt = || -> io::Result<()> {
            let mut text = serde_json::to_string_pretty(&self.content)?;
            text.push('\n');
            // For everybody whom the user's mask lets, like the other files of a repository.
            let mode = fs::metadata(&path).map_or(0o666, |found| found.permissions().mode());
            let mut builder = Builder::new();
            let builder = builder.permissions(fs::Permissions::from_mode(mode));
            let temporary = builder.tempfile_in(path.parent().unwrap_or(directory))?;
            fs::write(&temporary, text)?;
            temporary.as_file().sync_all()?;
            temporary.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        attempt().map_err(file("write", &path))
    }

    /// Refuses what is not as it is to be, rather than to make another deployment.
    fn check(&self) -> Result<(), Error> {
        let version = self.content.get("version");
        let version = version.map_or(Some(VERSION), Value::as_u64);
        match version {
            Some(found) if found > VERSION => {
                let reason = format!("it has version {found}, and this nixops knows {VERSION}");
                return Err(wrong(&self.path, reason));
            }
            Some(_) => {}
            None => return Err(wrong(&self.path, "its version is no number")),
        }
        let deployments = match self.content.get("deployments") {
            None => return Ok(()),
            Some(Value::Object(deployments)) => deployments,
            Some(_) => return Err(wrong(&self.path, "its deployments are no object")),
        };
        for (network, identity) in deployments {
            if let Err(error) = serde_json::from_value::<Identity>(identity.clone()) {
                let reason = format!("deployments.{network}: {error}");
                return Err(wrong(&self.path, reason));
            }
        }
        Ok(())
    }
}

fn wrong(path: &Utf8Path, reason: impl Into<String>) -> Error {
    Error::Identity {
        path: path.to_owned(),
        reason: reason.into(),
    }
}

/// Refuses a deployment of another network.
pub fn check_binding(deployment: &Deployment, network: &str, lineage: &str) -> Result<(), Error> {
    if deployment.lineage == lineage && deployment.network == network {
        return Ok(());
    }
    let theirs = if deployment.source.is_empty() {
        format!("{} ({})", deployment.network, deployment.lineage)
    } else {
        let Deployment {
            network,
            lineage,
            source,
            ..
        } = deployment;
        format!("{network} ({lineage}), last deployed from {source}")
    };
    Err(Error::OtherNetwork {
        deployment: deployment.called().to_owned(),
        theirs,
        ours: format!("{network} ({lineage})"),
    })
}
