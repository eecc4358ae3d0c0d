//! Deployments and resources as NixOps 2 kept them.

use std::{collections::BTreeMap, fmt};

use serde::de::DeserializeOwned;

use super::Error;

/// A deployment of NixOps 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OldDeployment {
    /// Its UUID.
    pub uuid: String,
    /// What NixOps 2 kept of it, each a text.
    pub attributes: BTreeMap<String, String>,
    /// Its machines and resources.
    pub resources: Vec<OldResource>,
}

/// A machine or resource of NixOps 2.
#[derive(Clone, Default, PartialEq)]
pub struct OldResource {
    /// Its name.
    pub name: String,
    /// Its type as NixOps 2 calls it, such as `ssh-keypair`; that of a machine is its backend.
    pub kind: String,
    /// What NixOps 2 kept of it, each a text; many of them are secret.
    pub attributes: BTreeMap<String, String>,
}

/// Attributes that NixOps 2 keeps of machines only.
const OF_MACHINES: [&str; 10] = [
    "configsPath",
    "hasFastConnection",
    "keys",
    "privilegeEscalationCommand",
    "provisionSSHKey",
    "sshOptions",
    "targetPort",
    "targetUser",
    "toplevel",
    "vmId",
];

impl OldResource {
    /// Whether it is a machine, which NixOps 2 knew from the type's plugin.
    pub fn is_machine(&self) -> bool {
        let known = |name: &&str| self.attributes.contains_key(*name);
        self.kind == "none" || OF_MACHINES.iter().any(known)
    }

    /// An attribute as it is kept.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// An attribute that is kept as JSON.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        json(&self.attributes, name, || self.whose())
    }

    /// An attribute that is a number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Error> {
        let parse = |text: &str| {
            text.parse().map_err(|_| Error::Attribute {
                whose: self.whose(),
                attribute: name.to_owned(),
                wanted: "number",
            })
        };
        self.text(name).map(parse).transpose()
    }

    /// An attribute that is true or false.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| text == "1")
    }

    fn whose(&self) -> String {
        format!("{} `{}`", self.kind, self.name)
    }
}

/// Reads an attribute that is kept as JSON.
pub fn json<T: DeserializeOwned>(
    attributes: &BTreeMap<String, String>,
    name: &str,
    whose: impl FnOnce() -> String,
) -> Result<Option<T>, Error> {
    let Some(text) = attributes.get(name) else {
        return Ok(None);
    };
    // What serde says may show a part of the value.
    let value = serde_json::from_str(text).map_err(|_| Error::Attribute {
        whose: whose(),
        attribute: name.to_owned(),
        wanted: "JSON of the expected form",
    })?;
    Ok(Some(value))
}

impl fmt::Debug for OldResource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.attributes.keys().collect();
        formatter
            .debug_struct("OldResource")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("attributes", &names)
            .finish()
    }
}
