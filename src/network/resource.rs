//! Resources that NixOps provides itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options of one entry of `resources.sshKeyPairs`: a key pair that NixOps generates.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SshKeyPairOptions {
    /// The public key; empty until it is generated.
    #[serde(default)]
    pub public_key: String,
    /// The private key; empty until it is generated.
    #[serde(default)]
    #[schemars(extend("x-nixops-sensitive" = true))]
    pub private_key: String,
}

/// Options of one entry of `resources.commandOutput`: what a script of the deployer prints.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandOutputOptions {
    /// Name of the output.
    pub name: String,
    /// Shell script whose standard output becomes the value.
    #[serde(default)]
    pub script: Option<String>,
    /// What the script printed.
    #[serde(default)]
    pub value: Option<String>,
}
