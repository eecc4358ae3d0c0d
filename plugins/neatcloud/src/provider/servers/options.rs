//! Attributes of servers.

use nixops_plugin::{JsonSchema, MachineOutputs};
use serde::{Deserialize, Serialize};

use crate::cloud::{Power, Region, Size};

/// A server of NeatCloud.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "NeatCloud server")]
pub struct Options {
    /// How big the server is.
    #[serde(default)]
    pub size: Size,
    /// Region of the server.
    #[serde(default)]
    #[schemars(extend("x-nixops-replace" = true))]
    pub region: Region,
    /// What the server is installed with.
    #[serde(default = "default_image")]
    #[schemars(extend("x-nixops-replace" = true))]
    pub image: String,
    /// Names of SSH keys of the cloud that let root in. If there are none, the cloud makes a key for the server and
    /// gives it to NixOps.
    #[serde(default)]
    pub ssh_keys: Vec<String>,
    /// Names of volumes that are attached; the server has each as `/vol/NAME`.
    #[serde(default)]
    pub volumes: Vec<String>,
}

fn default_image() -> String {
    "nixos".to_owned()
}

/// What is known of a server.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    /// Id of the server in the cloud.
    pub id: String,
    /// Whether it is switched on.
    pub state: Power,
    /// How it is reached.
    #[serde(flatten)]
    pub reached: MachineOutputs,
}
