//! `resources.neatcloudVolumes.<name>`: disks that outlive servers.

use std::num::NonZeroU32;

use nixops_plugin::{
    Attributes, Change, ChangeKind, Context, Diagnostic, Difference, Failed, JsonSchema, Made,
    Resource, ResourceRef, ResourceState, State, difference,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Api, default_name, name_diagnostic};
use crate::{
    cloud::{CloudError, Entry, Region, Truth, Volume, new_id},
    faults::Call,
};

/// A volume of NeatCloud: a disk that outlives servers.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "NeatCloud volume")]
pub struct Options {
    /// Name of the volume in the cloud. No other volume there may have it; servers have it as `/vol/NAME`.
    #[serde(default)]
    #[schemars(extend("x-nixops-replace" = true))]
    name: Option<String>,
    /// Size in GiB. A smaller one needs a new volume.
    size: NonZeroU32,
    /// Region of the volume, and of the servers that it can be attached to.
    #[serde(default)]
    #[schemars(extend("x-nixops-replace" = true))]
    region: Region,
}

/// What is known of a volume.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    /// Id of the volume in the cloud.
    id: String,
    /// Name of the volume in the cloud.
    name: String,
    /// Size in GiB.
    size: u32,
    /// Id of the server that it is attached to.
    server: Option<String>,
}

/// The type.
pub struct Volumes(pub Api);

const TYPE: &str = "neatcloudVolumes";

/// The cloud is a laptop.
const LARGEST: u32 = 1024;

impl Resource for Volumes {
    const TYPE: &'static str = TYPE;
    type Options = Options;
    type Outputs = Outputs;

    fn validate(&self, _: &Context, _: &ResourceRef, options: &Options) -> Vec<Diagnostic> {
        let name = options.name.as_deref();
        let mut found: Vec<_> = name
            .and_then(|name| name_diagnostic("name", name))
            .into_iter()
            .collect();
        if options.size.get() > LARGEST {
            let wrong = format!("the cloud has no volumes of {} GiB", options.size);
            found.push(Diagnostic::error(["size"], wrong).hint(format!("at most {LARGEST}")));
        }
        found
    }

    fn diff(
        &self,
        context: &Context,
        _: &ResourceRef,
        prior: &ResourceState,
        inputs: &Attributes,
    ) -> Result<Difference, Failed> {
        let mut difference = difference(context.schema(), prior, inputs);
        let (wanted, brought_to) = (size(inputs), size(&prior.inputs));
        // What it is, whoever brought it there.
        let is = size(&prior.outputs).or(brought_to);
        difference.changes.retain(|change| change.path != ["size"]);
        if wanted != is {
            difference.changes.push(Change {
                path: vec!["size".to_owned()],
                kind: ChangeKind::Update,
                replace: wanted < is,
            });
        }
        difference.stable = ["id", "name", "server"].map(str::to_owned).to_vec();
        Ok(difference)
    }

    fn create(
        &self,
        context: &Context,
        resource: &ResourceRef,
        options: Options,
        token: &str,
    ) -> Result<Made<Outputs>, Failed> {
        let name = options
            .name
            .clone()
            .unwrap_or_else(|| default_name(resource));
        let make = || self.make(name, &options, token);
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
                let ids = prior.iter().map(|prior| &prior.id);
                ids.map(|id| truth.volumes().get(id).map(|volume| state(id, volume)))
                    .collect()
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
            self.0.cloud.change(|truth| {
                let mut volume = truth.volumes().get(&prior.id).ok_or_else(gone)?.clone();
                let size = options.size.get();
                if size < volume.size {
                    return Err(Failed::invalid(format!(
                        "volume `{}` cannot shrink from {} to {size} GiB",
                        volume.name, volume.size
                    )));
                }
                volume.size = size;
                let state = state(&prior.id, &volume);
                truth.set(Entry::Volume(prior.id.clone(), Some(volume)));
                Ok(state)
            })
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
        let delete = || {
            let holder = self.0.cloud.look(|truth| {
                let server = truth.volumes().get(&prior.id)?.server.as_ref()?;
                Some(truth.servers().get(server)?.name.clone())
            })?;
            match holder {
                Some(server) => Err(Failed::new(format!(
                    "the volume is attached to server `{server}`"
                ))
                .hint("take it out of the server's `volumes` first")),
                None => Ok(self.remove(&prior.id)?),
            }
        };
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
                let volume = truth.volumes().get(id)?;
                let Volume {
                    name, size, region, ..
                } = volume;
                let inputs = json!({ "name": name, "size": size, "region": region });
                Some((inputs, state(id, volume)))
            })?;
            let (inputs, state) = found.ok_or_else(gone)?;
            Ok((inputs.as_object().cloned().unwrap_or_default(), state))
        };
        self.0
            .call(context, &call("import", &resource.name), import, |_| Ok(()))
    }
}

impl Volumes {
    fn make(&self, name: String, options: &Options, token: &str) -> Result<Made<Outputs>, Failed> {
        let cloud = &self.0.cloud;
        cloud.change(|truth| {
            if let Some(made) = by_token(truth, token) {
                return Ok(made);
            }
            if truth.volume(&name).is_some() {
                return Err(
                    Failed::invalid(format!("the cloud has a volume `{name}` already"))
                        .hint("give it another name, or import the one that is there"),
                );
            }
            let volume = Volume {
                name,
                token: token.to_owned(),
                size: options.size.get(),
                region: options.region,
                server: None,
            };
            let id = new_id("vol");
            if !cloud.is_fake() {
                cloud.make_data(&id)?;
            }
            let made = Made {
                id: id.clone(),
                state: state(&id, &volume),
            };
            truth.set(Entry::Volume(id, Some(volume)));
            Ok(made)
        })
    }

    fn remove(&self, id: &str) -> Result<(), CloudError> {
        self.0.cloud.change(|truth| {
            if let Some(volume) = truth.volumes().get(id) {
                self.0.cloud.remove_data(id, &volume.name)?;
                truth.set(Entry::Volume(id.to_owned(), None));
            }
            Ok(())
        })
    }
}

fn call<'a>(method: &'static str, name: &'a str) -> Call<'a> {
    Call {
        method,
        kind: TYPE,
        name,
    }
}

fn by_token(truth: &Truth, token: &str) -> Option<Made<Outputs>> {
    let (id, volume) = truth.volume_of_token(token)?;
    Some(Made {
        id: id.clone(),
        state: state(id, volume),
    })
}

fn state(id: &str, volume: &Volume) -> State<Outputs> {
    State::new(Outputs {
        id: id.to_owned(),
        name: volume.name.clone(),
        size: volume.size,
        server: volume.server.clone(),
    })
}

fn size(inputs: &Attributes) -> Option<u64> {
    inputs.get("size").and_then(Value::as_u64)
}

fn gone() -> Failed {
    Failed::not_found("the cloud has no such volume")
}
