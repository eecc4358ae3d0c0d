//! `resources.sshKeyPairs.<name>`: key pairs that OpenSSH makes.
//!
//! A pair is nowhere but in the state. So one whose answer was lost is no loss, and there is nothing to delete.

use std::{fs, path::Path};

use nixops_plugin::{
    Attributes, Context, Difference, Failed, JsonSchema, Made, Resource, ResourceRef,
    ResourceState, State,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::program;
use crate::network::SshKeyPairOptions;

/// The type.
pub struct SshKeyPairs;

/// A key pair.
#[derive(Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    /// The public key, as a line of `authorized_keys`.
    public_key: String,
    /// The private key, in the form of OpenSSH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-nixops-sensitive" = true))]
    private_key: Option<String>,
}

impl Resource for SshKeyPairs {
    const TYPE: &'static str = "sshKeyPairs";
    type Options = SshKeyPairOptions;
    type Outputs = Outputs;

    /// What the network says of the keys is what was made here, or wins where it is read.
    fn diff(
        &self,
        _: &Context,
        _: &ResourceRef,
        _: &ResourceState,
        _: &Attributes,
    ) -> Result<Difference, Failed> {
        Ok(Difference {
            changes: Vec::new(),
            stable: vec!["publicKey".to_owned(), "privateKey".to_owned()],
        })
    }

    fn create(
        &self,
        _: &Context,
        resource: &ResourceRef,
        _: SshKeyPairOptions,
        _: &str,
    ) -> Result<Made<Outputs>, Failed> {
        let directory = program::private_directory()?;
        let key = directory.path().join("key");
        let comment = format!("nixops-{}", resource.name);
        let words = ["-q", "-t", "ed25519", "-N", "", "-C", &comment, "-f"];
        program::ssh_keygen(&words, &key)?;
        Ok(Made::new(fingerprint(&key)?, pair(&key)?))
    }

    /// A pair whose answer was lost is nowhere.
    fn find(&self, _: &Context, _: &str) -> Result<Option<Made<Outputs>>, Failed> {
        Ok(None)
    }

    fn read(&self, _: &Context, prior: &ResourceState) -> Result<Option<State<Outputs>>, Failed> {
        // Without a public key it is a pair of which nobody knows anything.
        let outputs = Value::Object(prior.outputs.clone());
        Ok(serde_json::from_value(outputs).ok().map(State::new))
    }

    fn delete(&self, _: &Context, _: &ResourceRef, _: &ResourceState) -> Result<(), Failed> {
        Ok(())
    }

    /// Takes over a pair by the path of its private key, whose public key may lie beside it.
    fn import(
        &self,
        _: &Context,
        _: &ResourceRef,
        id: &str,
    ) -> Result<(Attributes, State<Outputs>), Failed> {
        let directory = program::private_directory()?;
        let key = directory.path().join("key");
        let text = fs::read(id).map_err(|error| {
            Failed::new(format!("while reading the private key {id}"))
                .because(error)
                .hint("a key pair is imported by the path of its private key")
        })?;
        program::write_private(&key, &text)?;
        let public = program::ssh_keygen(&["-y", "-P", "", "-f"], &key)?;
        fs::write(key.with_added_extension("pub"), public)?;
        Ok((Attributes::new(), State::new(pair(&key)?)))
    }
}

fn pair(key: &Path) -> Result<Outputs, Failed> {
    let public_key = fs::read_to_string(key.with_added_extension("pub"))?;
    Ok(Outputs {
        public_key: public_key.trim_end().to_owned(),
        private_key: Some(fs::read_to_string(key)?),
    })
}

/// What everybody calls a key by.
fn fingerprint(key: &Path) -> Result<String, Failed> {
    let told = program::ssh_keygen(&["-l", "-f"], &key.with_added_extension("pub"))?;
    let word = told.split(' ').nth(1);
    word.map(str::to_owned)
        .ok_or_else(|| Failed::new("ssh-keygen told no fingerprint"))
}
