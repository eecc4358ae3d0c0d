//! `resources.neatcloudSshKeys.<name>`: public keys that servers let in.

use nixops_plugin::{
    Attributes, Context, Diagnostic, Failed, JsonSchema, Made, Resource, ResourceRef,
    ResourceState, State,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Api, default_name, name_diagnostic};
use crate::{
    cloud::{Entry, SshKey, Truth, new_id},
    faults::Call,
};

/// A public SSH key that servers of NeatCloud let in.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "NeatCloud SSH key")]
pub struct Options {
    /// Name of the key in the cloud. No other key there may have it.
    #[serde(default)]
    #[schemars(extend("x-nixops-replace" = true))]
    name: Option<String>,
    /// The key, as a line of `authorized_keys`.
    public_key: String,
}

/// What is known of a key.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    /// Name of the key in the cloud.
    name: String,
}

/// The type.
pub struct SshKeys(pub Api);

const TYPE: &str = "neatcloudSshKeys";

impl Resource for SshKeys {
    const TYPE: &'static str = TYPE;
    type Options = Options;
    type Outputs = Outputs;

    fn validate(&self, _: &Context, _: &ResourceRef, options: &Options) -> Vec<Diagnostic> {
        let name = options.name.as_deref();
        let mut found: Vec<_> = name
            .and_then(|name| name_diagnostic("name", name))
            .into_iter()
            .collect();
        if !is_public_key(&options.public_key) {
            let wrong = Diagnostic::error(["publicKey"], "this is no public key of SSH");
            found.push(wrong.hint("it is the text of a file like ~/.ssh/id_ed25519.pub"));
        }
        found
    }

    fn create(
        &self,
        context: &Context,
        resource: &ResourceRef,
        options: Options,
        token: &str,
    ) -> Result<Made<Outputs>, Failed> {
        let name = options.name.unwrap_or_else(|| default_name(resource));
        let make = || {
            self.0.cloud.change(|truth| {
                if let Some(made) = by_token(truth, token) {
                    return Ok(made);
                }
                if truth.ssh_key(&name).is_some() {
                    return Err(Failed::invalid(format!(
                        "the cloud has an SSH key `{name}` already"
                    ))
                    .hint("give it another name, or import the one that is there"));
                }
                let key = SshKey {
                    name,
                    token: token.to_owned(),
                    public_key: options.public_key,
                };
                let id = new_id("key");
                let made = made(&id, &key);
                truth.set(Entry::SshKey(id, Some(key)));
                Ok(made)
            })
        };
        let call = call("create", &resource.name);
        self.0
            .call(context, &call, make, |made| self.remove(&made.id))
    }

    fn find(&self, context: &Context, token: &str) -> Result<Option<Made<Outputs>>, Failed> {
        let find = || Ok(self.0.cloud.look(|truth| by_token(truth, token))?);
        self.0.call(context, &call("find", ""), find, |_| Ok(()))
    }

    fn read(
        &self,
        context: &Context,
        prior: &ResourceState,
    ) -> Result<Option<State<Outputs>>, Failed> {
        let mut read = self.read_many(context, std::slice::from_ref(prior))?;
        Ok(read.pop().flatten())
    }

    fn read_many(
        &self,
        context: &Context,
        prior: &[ResourceState],
    ) -> Result<Vec<Option<State<Outputs>>>, Failed> {
        let read = || {
            let read = self.0.cloud.look(|truth| {
                let keys = prior.iter().map(|prior| truth.ssh_keys().get(&prior.id));
                keys.map(|key| key.map(state)).collect()
            });
            Ok(read?)
        };
        self.0.call(context, &call("read", ""), read, |_| Ok(()))
    }

    fn update(
        &self,
        context: &Context,
        resource: &ResourceRef,
        prior: &ResourceState,
        options: Options,
    ) -> Result<State<Outputs>, Failed> {
        let update = || {
            let state = self.0.cloud.change(|truth| {
                let mut key = truth.ssh_keys().get(&prior.id).ok_or_else(gone)?.clone();
                key.public_key = options.public_key;
                let state = state(&key);
                truth.set(Entry::SshKey(prior.id.clone(), Some(key)));
                Ok::<_, Failed>(state)
            })?;
            self.tell_servers(&state.outputs.name)?;
            Ok(state)
        };
        let call = call("update", &resource.name);
        self.0
            .call(context, &call, update, |_| self.remove(&prior.id))
    }

    fn delete(
        &self,
        context: &Context,
        resource: &ResourceRef,
        prior: &ResourceState,
    ) -> Result<(), Failed> {
        let delete = || Ok(self.remove(&prior.id)?);
        let call = call("delete", &resource.name);
        self.0.call(context, &call, delete, |()| Ok(()))
    }

    fn import(
        &self,
        context: &Context,
        resource: &ResourceRef,
        id: &str,
    ) -> Result<(Attributes, State<Outputs>), Failed> {
        let import = || {
            let found = self.0.cloud.look(|truth| {
                let key = truth.ssh_keys().get(id)?;
                let inputs = json!({ "name": key.name, "publicKey": key.public_key });
                Some((inputs, state(key)))
            })?;
            let (inputs, state) = found.ok_or_else(gone)?;
            Ok((inputs.as_object().cloned().unwrap_or_default(), state))
        };
        self.0
            .call(context, &call("import", &resource.name), import, |_| Ok(()))
    }
}

impl SshKeys {
    fn remove(&self, id: &str) -> Result<(), crate::cloud::CloudError> {
        self.0.cloud.change(|truth| {
            truth.set(Entry::SshKey(id.to_owned(), None));
            Ok(())
        })
    }

    /// Lets the new key into the servers that let in the old one.
    fn tell_servers(&self, name: &str) -> Result<(), Failed> {
        let servers: Vec<String> = self.0.cloud.look(|truth| {
            let all = truth.servers().iter();
            all.filter(|(_, server)| server.ssh_keys.iter().any(|key| key == name))
                .map(|(id, _)| id.clone())
                .collect()
        })?;
        for server in servers {
            // One that is lost learns nothing more.
            let _ = self.0.cloud.tell(&server);
        }
        Ok(())
    }
}

fn is_public_key(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let (algorithm, key) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let known = ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"];
    known.iter().any(|prefix| algorithm.starts_with(prefix))
        && key.starts_with("AAAA")
        && text.trim().lines().count() == 1
}

fn call<'a>(method: &'static str, name: &'a str) -> Call<'a> {
    Call {
        method,
        kind: TYPE,
        name,
    }
}

fn by_token(truth: &Truth, token: &str) -> Option<Made<Outputs>> {
    let (id, key) = truth.ssh_key_of_token(token)?;
    Some(made(id, key))
}

fn made(id: &str, key: &SshKey) -> Made<Outputs> {
    Made {
        id: id.to_owned(),
        state: state(key),
    }
}

fn state(key: &SshKey) -> State<Outputs> {
    State::new(Outputs {
        name: key.name.clone(),
    })
}

fn gone() -> Failed {
    Failed::not_found("the cloud has no such SSH key")
}
