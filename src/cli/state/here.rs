//! The network here, and which deployment it says is its own.

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde_json::Value;

use crate::{
    flake::Installable,
    state::{Deployment, Identity, Recorded},
};

/// Which network is meant, by a verb that does not evaluate it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The network")]
pub struct HereArguments {
    /// The network whose deployment is meant: a flake reference and, behind `#`, a name in
    /// `nixopsConfigurations`
    #[arg(long, short, value_name = "REF#NAME", default_value = ".#default")]
    flake: Installable,

    /// A classic network instead: a Nix file, or a directory with `nixops.nix`
    #[arg(long, value_name = "PATH", conflicts_with = "flake")]
    file: Option<Utf8PathBuf>,
}

/// The network here, if there is one.
#[derive(Clone, Debug)]
pub struct Here {
    /// Its directory, if it is on this computer.
    directory: Option<Utf8PathBuf>,
    /// The file in it that is the network.
    file: String,
    network: String,
    recorded: Recorded,
}

impl HereArguments {
    /// The network that is meant.
    pub fn here(&self) -> Result<Here> {
        Here::of(&self.flake, self.file.as_deref())
    }
}

impl Here {
    /// Finds the directory of a network, and what it says of its deployment.
    pub fn of(flake: &Installable, file: Option<&Utf8Path>) -> Result<Self> {
        let (directory, name, network) = match file {
            Some(file) if file.is_dir() => (with(file, "nixops.nix"), "nixops.nix", "default"),
            Some(file) => {
                let name = file.file_name().unwrap_or_default();
                (file.parent().map(ToOwned::to_owned), name, "default")
            }
            None => (
                directory(&flake.reference),
                "flake.nix",
                flake.network.as_str(),
            ),
        };
        let directory = directory.map(|path| match path.as_str() {
            "" => Utf8PathBuf::from("."),
            _ => path,
        });
        let recorded = directory.as_deref().map(Recorded::read).transpose()?;
        Ok(Self {
            directory,
            file: name.to_owned(),
            network: network.to_owned(),
            recorded: recorded.unwrap_or_default(),
        })
    }

    /// Whether there is a network on this computer.
    pub fn exists(&self) -> bool {
        self.directory.is_some()
    }

    /// The file that is the network, if it is on this computer.
    pub fn file(&self) -> Option<Utf8PathBuf> {
        Some(self.directory.as_ref()?.join(&self.file))
    }

    /// Name of the network in its flake.
    pub fn network(&self) -> &str {
        &self.network
    }

    /// The directory's own name, for a deployment that has none yet.
    pub fn name(&self) -> Option<String> {
        let directory = self.directory.as_ref()?.canonicalize_utf8().ok()?;
        directory.file_name().map(str::to_owned)
    }

    /// Where the network is, for people.
    pub fn source(&self) -> String {
        let directory = self.directory.as_ref();
        let directory = directory.and_then(|path| path.canonicalize_utf8().ok());
        directory.map_or_else(String::new, |path| format!("{path}#{}", self.network))
    }

    /// Which deployment is the network's own.
    pub fn identity(&self) -> Option<Identity> {
        self.recorded.get(&self.network)
    }

    /// Where the network keeps its state, as it said when its deployment was made.
    pub fn storage(&self) -> Option<&Value> {
        self.recorded.storage(&self.network)
    }

    /// Whether a deployment is the network's own.
    pub fn owns(&self, deployment: &Deployment) -> bool {
        let identity = self.identity();
        identity.is_some_and(|identity| identity.lineage == deployment.lineage)
    }

    /// Says beside the network that a deployment is its own, and where its state is.
    pub fn bind(&mut self, deployment: &Deployment, storage: Option<&Value>) -> Result<()> {
        let Some(directory) = &self.directory else {
            return Ok(());
        };
        let identity = Identity {
            name: deployment.called().to_owned(),
            lineage: deployment.lineage.clone(),
        };
        let recorded = std::mem::take(&mut self.recorded).with(&self.network, &identity);
        self.recorded = match storage {
            Some(storage) => recorded.with_storage(&self.network, storage),
            None => recorded,
        };
        Ok(self.recorded.write(directory)?)
    }
}

/// The directory of a flake on this computer: the one that is named, or one above it.
fn directory(reference: &str) -> Option<Utf8PathBuf> {
    let (path, query) = reference.split_once('?').unwrap_or((reference, ""));
    let prefixes = ["path:", "git+file://", "git+file:"];
    let path = prefixes
        .iter()
        .find_map(|prefix| path.strip_prefix(prefix))
        .unwrap_or(path);
    let is_path = path.starts_with(['.', '/']) || path != reference;
    if !is_path {
        return None;
    }
    let mut parameters = query.split('&').filter_map(|it| it.split_once('='));
    let path = match parameters.find(|(name, _)| *name == "dir") {
        Some((_, below)) => Utf8Path::new(path).join(below),
        None => Utf8PathBuf::from(path),
    };
    let whole = path.canonicalize_utf8().ok()?;
    let above = whole.ancestors().find_map(|path| with(path, "flake.nix"));
    above.or_else(|| with(&whole, "nixops.nix"))
}

fn with(directory: &Utf8Path, file: &str) -> Option<Utf8PathBuf> {
    directory.join(file).is_file().then(|| directory.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_found_below_its_directory_and_nowhere_else() {
        let home = tempfile::tempdir().unwrap();
        let home = Utf8PathBuf::try_from(home.path().canonicalize().unwrap()).unwrap();
        let below = home.join("net/below");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(home.join("net/flake.nix"), "").unwrap();
        let net = Some(home.join("net"));
        assert_eq!(directory(below.as_str()), net);
        assert_eq!(directory(&format!("path:{below}")), net);
        assert_eq!(
            directory(&format!("git+file://{home}?ref=main&dir=net")),
            net
        );
        assert_eq!(directory(home.as_str()), None);
        assert_eq!(directory("github:me/net"), None);
        assert_eq!(directory("nixpkgs"), None);
    }

    #[test]
    fn what_is_bound_is_read_again() {
        let home = tempfile::tempdir().unwrap();
        let home = Utf8PathBuf::try_from(home.path().to_owned()).unwrap();
        std::fs::write(home.join("nixops.nix"), "").unwrap();
        let here = || Here::of(&"#default".parse().unwrap(), Some(&home)).unwrap();
        assert_eq!(here().identity(), None);
        let deployment = Deployment::new("aa", Some("shop"), "default");
        let storage = serde_json::json!({ "sqlite": { "path": "/s" } });
        here().bind(&deployment, Some(&storage)).unwrap();
        assert!(here().owns(&deployment));
        assert_eq!(here().storage(), Some(&storage));
    }
}
