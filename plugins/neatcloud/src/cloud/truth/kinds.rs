//! What there is in the cloud.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::things::Thing;

/// A server as it was ordered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Server {
    /// Name; not unique.
    pub name: String,
    /// Word by which who ordered it finds it again.
    pub token: String,
    /// How big it is.
    pub size: Size,
    /// Where it stands.
    pub region: Region,
    /// What it was installed with.
    pub image: String,
    /// Names of SSH keys that let root in.
    pub ssh_keys: Vec<String>,
    /// Whether it is switched on.
    pub power: Power,
    /// Whether it is nothing but this record.
    #[serde(default)]
    pub fake: bool,
}

/// A volume.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Volume {
    /// Name; no other volume has it.
    pub name: String,
    /// Word by which who ordered it finds it again.
    pub token: String,
    /// Size in GiB.
    pub size: u32,
    /// Where it is.
    pub region: Region,
    /// Server that it is attached to.
    pub server: Option<String>,
}

/// A public key.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SshKey {
    /// Name; no other key has it.
    pub name: String,
    /// Word by which who ordered it finds it again.
    pub token: String,
    /// The key, as a line of `authorized_keys`.
    pub public_key: String,
}

/// A token that lets programs use the cloud's interface.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiToken {
    /// Word by which who ordered it finds it again.
    pub token: String,
    /// What it is for; not unique.
    pub note: String,
    /// What it allows.
    pub scope: Scope,
    /// What its holder shows.
    pub secret: String,
    /// What its holder has to know beside it.
    pub password: Option<String>,
}

/// What a token allows.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    // To look.
    #[default]
    Read,
    // To change too.
    Write,
}

/// How big a server is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    // A corner of the laptop.
    #[default]
    Small,
    // Some of the laptop.
    Medium,
    // Most of the laptop.
    Large,
}

/// Where something is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    // The upper half of the laptop.
    #[default]
    North,
    // The lower half.
    South,
}

/// Whether a server is switched on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Power {
    // It is, or is about to be.
    #[default]
    Running,
    // It is not.
    Stopped,
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ApiToken")
            .field("note", &self.note)
            .finish_non_exhaustive()
    }
}

macro_rules! things {
    ($($thing:ty { $name:ident })*) => {$(
        impl Thing for $thing {
            fn token(&self) -> &str {
                &self.token
            }

            fn name(&self) -> &str {
                &self.$name
            }
        }
    )*};
}

things! {
    Server { name }
    Volume { name }
    SshKey { name }
    ApiToken { note }
}
