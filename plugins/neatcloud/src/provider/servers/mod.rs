//! `deployment.targetEnv = "neatcloud"`: servers, as machines of a network.

mod check;
mod life;
mod options;

use nixops_plugin::{
    Attributes, Context, Dependency, Diagnostic, Difference, Failed, Kind, Made, Resource,
    ResourceRef, ResourceState, State, difference,
};
use serde_json::{Value, json};

use super::Api;
use crate::faults::Call;

pub use options::{Options, Outputs};

/// The type.
pub struct Servers(pub Api);

const TYPE: &str = "neatcloud";

impl Resource for Servers {
    const TYPE: &'static str = TYPE;
    const KIND: Kind = Kind::Machine;
    const ACTIONS: &'static [&'static str] = &[
        "start",
        "stop",
        "reboot",
        "console",
        "backup",
        "backups",
        "remove-backup",
        "restore",
    ];
    type Options = Options;
    type Outputs = Outputs;

    fn validate(&self, _: &Context, resource: &ResourceRef, options: &Options) -> Vec<Diagnostic> {
        let found = self
            .0
            .cloud
            .look(|truth| check::diagnostics(truth, resource, options));
        found.unwrap_or_else(|error| {
            vec![Diagnostic::error::<&str>([], Failed::from(error).message())]
        })
    }

    fn after(&self, options: &Options) -> Vec<Dependency> {
        let volumes = named("neatcloudVolumes", &options.volumes);
        let keys = named("neatcloudSshKeys", &options.ssh_keys);
        volumes.into_iter().chain(keys).collect()
    }

    fn diff(
        &self,
        context: &Context,
        _: &ResourceRef,
        prior: &ResourceState,
        inputs: &Attributes,
    ) -> Result<Difference, Failed> {
        let mut difference = difference(context.schema(), prior, inputs);
        let stable = ["id", "state", "command", "privateIPv4", "publicIPv4"];
        difference.stable = stable.map(str::to_owned).to_vec();
        if has_keys(inputs) == has_keys(&prior.inputs) {
            difference.stable.push("ssh".to_owned());
        }
        Ok(difference)
    }

    fn create(
        &self,
        context: &Context,
        resource: &ResourceRef,
        options: Options,
        token: &str,
    ) -> Result<Made<Outputs>, Failed> {
        let call = call("create", &resource.name);
        let make = || self.make(context, resource, &options, token);
        self.0
            .call(context, &call, make, |made| self.lose(&made.id))
    }

    fn find(&self, context: &Context, token: &str) -> Result<Option<Made<Outputs>>, Failed> {
        let find = || self.find_by_token(token);
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
        let read = || prior.iter().map(|prior| self.state(&prior.id)).collect();
        self.0.call(context, &call("read", ""), read, |_| Ok(()))
    }

    fn update(
        &self,
        context: &Context,
        resource: &ResourceRef,
        prior: &ResourceState,
        options: Options,
    ) -> Result<State<Outputs>, Failed> {
        let call = call("update", &resource.name);
        let update = || self.change(&prior.id, &options);
        self.0
            .call(context, &call, update, |_| self.lose(&prior.id))
    }

    fn delete(
        &self,
        context: &Context,
        resource: &ResourceRef,
        prior: &ResourceState,
    ) -> Result<(), Failed> {
        let call = call("delete", &resource.name);
        let delete = || Ok(self.lose(&prior.id)?);
        self.0.call(context, &call, delete, |()| Ok(()))
    }

    fn import(
        &self,
        context: &Context,
        resource: &ResourceRef,
        id: &str,
    ) -> Result<(Attributes, State<Outputs>), Failed> {
        let import = || {
            let server = self.server(id)?;
            let inputs = json!({
                "size": server.size,
                "region": server.region,
                "image": server.image,
                "sshKeys": server.ssh_keys,
                "volumes": self.0.cloud.look(|truth| truth.volumes_of(id))?,
            });
            let state = self.state(id)?.ok_or_else(life::gone)?;
            Ok((inputs.as_object().cloned().unwrap_or_default(), state))
        };
        let call = call("import", &resource.name);
        self.0.call(context, &call, import, |_| Ok(()))
    }

    fn action(
        &self,
        context: &Context,
        resource: &ResourceRef,
        prior: &ResourceState,
        action: &str,
        arguments: &Attributes,
    ) -> Result<Value, Failed> {
        let call = call("action", &resource.name);
        let act = || self.act(&prior.id, action, arguments);
        self.0.call(context, &call, act, |_| self.lose(&prior.id))
    }
}

fn call<'a>(method: &'static str, name: &'a str) -> Call<'a> {
    Call {
        method,
        kind: TYPE,
        name,
    }
}

/// The resources that have these names in the cloud: those of the network, by the names that they have
/// unless it says others, or all of the type.
fn named(kind: &str, names: &[String]) -> Vec<Dependency> {
    let own: Option<Vec<&str>> = names.iter().map(|name| own_name(name)).collect();
    match own {
        Some(own) => own
            .into_iter()
            .map(|name| Dependency::on(kind, name))
            .collect(),
        None => vec![Dependency::on_all(kind)],
    }
}

/// Name in its network of what is called `nixops-UUID-NAME`.
fn own_name(name: &str) -> Option<&str> {
    const UUID: usize = 36;
    name.strip_prefix("nixops-")?.get(UUID..)?.strip_prefix('-')
}

fn has_keys(inputs: &Attributes) -> bool {
    let keys = inputs.get("sshKeys").and_then(Value::as_array);
    keys.is_some_and(|keys| !keys.is_empty())
}
