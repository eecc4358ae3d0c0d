//! What all machines of a network know of each other: data, so that a new machine changes the system of
//! no other one.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How the machines of a network reach each other, as `/var/lib/nixops/network.json` has it on each.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Addresses {
    /// The machines by name, as far as backends made them.
    pub machines: BTreeMap<String, Address>,
}

/// How a machine is reached by the others.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Address within the network.
    #[serde(rename = "privateIPv4", skip_serializing_if = "Option::is_none")]
    pub private_ipv4: Option<String>,
    /// Address from everywhere.
    #[serde(rename = "publicIPv4", skip_serializing_if = "Option::is_none")]
    pub public_ipv4: Option<String>,
    /// Port of its sshd, if that is not 22.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Public keys of its host, each as algorithm and key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_keys: Vec<String>,
}

impl Addresses {
    /// The text of the file.
    pub fn to_text(&self) -> String {
        // Texts by name: there is no way for this to fail.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// SHA-256 of the text, in hexadecimal.
    pub fn digest(&self) -> String {
        let digest = Sha256::digest(self.to_text());
        digest
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// The same host keys as OpenSSH reads them, for `GlobalKnownHostsFile`.
    pub fn known_hosts(&self) -> String {
        let lines = self.machines.iter().flat_map(|(name, address)| {
            let addresses = [&address.private_ipv4, &address.public_ipv4];
            let names = addresses.into_iter().flatten().map(String::as_str);
            let names = std::iter::once(name.as_str()).chain(names);
            // So ssh looks for a host on another port than its usual one.
            let names = names.map(|name| match address.port {
                Some(port) => format!("[{name}]:{port}"),
                None => name.to_owned(),
            });
            let names: Vec<String> = names.collect();
            let names = names.join(",");
            let keys = address.host_keys.iter();
            keys.map(move |key| format!("{names} {key}\n"))
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn addresses() -> Addresses {
        let address = Address {
            private_ipv4: Some("10.0.0.1".to_owned()),
            public_ipv4: Some("198.51.100.1".to_owned()),
            port: None,
            host_keys: vec!["ssh-ed25519 AAAA".to_owned()],
        };
        Addresses {
            machines: BTreeMap::from([("web".to_owned(), address)]),
        }
    }

    #[test]
    fn ssh_knows_a_host_by_its_name_and_by_its_addresses() {
        let known = addresses().known_hosts();
        assert_snapshot!(known, @"web,10.0.0.1,198.51.100.1 ssh-ed25519 AAAA");
        let mut elsewhere = addresses();
        let web = elsewhere.machines.get_mut("web").unwrap();
        (web.port, web.public_ipv4) = (Some(2222), None);
        assert_snapshot!(elsewhere.known_hosts(), @"[web]:2222,[10.0.0.1]:2222 ssh-ed25519 AAAA");
    }

    #[test]
    fn another_machine_is_another_text() {
        let digest = addresses().digest();
        assert_eq!(digest.len(), 64);
        assert_ne!(digest, Addresses::default().digest());
    }
}
