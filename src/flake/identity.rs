//! Who a deployment is.

use sha2::{Digest as _, Sha256};

use super::Source;

/// What identifies a deployment to its modules.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// Its UUID, unless the network names one.
    pub uuid: String,
    /// Its name.
    pub name: String,
}

impl Source {
    /// Identifies the deployment of the network by where the network is defined, and on which computer if
    /// that is a directory.
    ///
    /// The UUID is the same in every run, unless the network moves or says which it is. It is a UUID of
    /// version 8 (RFC 9562): a hash in a form of our own.
    pub fn identity(&self) -> Identity {
        Identity {
            uuid: uuid(&self.location()),
            name: self.network().to_owned(),
        }
    }

    /// What stays the same from run to run, unlike revisions and hashes.
    fn location(&self) -> String {
        match self {
            Self::Flake { flake, network } if flake.local.is_some() => {
                format!("{}#{network} on {}", flake.url, computer())
            }
            Self::Flake { flake, network } => format!("{}#{network}", flake.url),
            Self::Plugin { flake, .. } => format!("plugin:{}", flake.url),
            Self::File { file } => format!("file:{file} on {}", computer()),
        }
    }
}

/// What tells this computer from others, as systemd has it; nothing where there is no such file.
fn computer() -> String {
    let id = std::fs::read_to_string("/etc/machine-id");
    id.unwrap_or_default().trim().to_owned()
}

fn uuid(text: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(text)[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = |range: &[u8]| {
        range
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    };
    [
        &bytes[..4],
        &bytes[4..6],
        &bytes[6..8],
        &bytes[8..10],
        &bytes[10..],
    ]
    .map(hex)
    .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_stable_and_says_its_version() {
        assert_eq!(uuid("path:/net#default"), uuid("path:/net#default"));
        assert_ne!(uuid("path:/net#default"), uuid("path:/net#other"));
        let uuid = uuid("path:/net#default");
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "8");
    }
}
