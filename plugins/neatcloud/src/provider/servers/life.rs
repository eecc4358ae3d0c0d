//! The life of a server.

use nixops_plugin::{Attributes, Context, Failed, MachineOutputs, Made, ResourceRef, Ssh, State};
use serde_json::{Value, json};

use super::{Options, Outputs, Servers, check};
use crate::cloud::{CloudError, Entry, Power, Server, Truth, View, Volume, new_id};

impl Servers {
    /// Orders a server, unless it is ordered, and waits until it is up.
    pub(super) fn make(
        &self,
        context: &Context,
        resource: &ResourceRef,
        options: &Options,
        token: &str,
    ) -> Result<Made<Outputs>, Failed> {
        let cloud = &self.0.cloud;
        let id = cloud.change(|truth| {
            if let Some(id) = by_token(truth, token) {
                return Ok::<_, Failed>(id);
            }
            check::require(truth, options)?;
            let id = new_id("srv");
            let server = order(&resource.name, options, token, cloud.is_fake());
            truth.set(Entry::Server(id.clone(), Some(server.clone())));
            self.attach(truth, (&id, &server), &options.volumes)?;
            Ok(id)
        })?;
        context.progress("waiting for the server to start", None, None);
        let view = cloud.bring_up(&id)?;
        let power = self.server(&id)?.power;
        Ok(Made::new(id.clone(), outputs(&id, power, view)))
    }

    /// A server that was ordered and is not up yet is one all the same: `create` with the token waits for it.
    pub(super) fn find_by_token(&self, token: &str) -> Result<Option<Made<Outputs>>, Failed> {
        let cloud = &self.0.cloud;
        let Some(id) = cloud.look(|truth| by_token(truth, token))? else {
            return Ok(None);
        };
        let server = self.server(&id)?;
        if cloud.is_lost(&id, &server) {
            return Ok(None);
        }
        let view = cloud.bring_up(&id)?;
        Ok(Some(Made::new(
            id.clone(),
            outputs(&id, server.power, view),
        )))
    }

    pub(super) fn state(&self, id: &str) -> Result<Option<State<Outputs>>, Failed> {
        let cloud = &self.0.cloud;
        let Some(server) = cloud.look(|truth| truth.servers().get(id).cloned())? else {
            return Ok(None);
        };
        let view = cloud.view(id, &server)?;
        Ok(view.map(|view| State::new(outputs(id, server.power, view))))
    }

    pub(super) fn change(&self, id: &str, options: &Options) -> Result<State<Outputs>, Failed> {
        self.0.cloud.change(|truth| {
            check::require(truth, options)?;
            let mut server = truth.servers().get(id).ok_or_else(gone)?.clone();
            server.size = options.size;
            server.ssh_keys.clone_from(&options.ssh_keys);
            truth.set(Entry::Server(id.to_owned(), Some(server.clone())));
            self.attach(truth, (id, &server), &options.volumes)
        })?;
        self.0.cloud.tell(id)?;
        self.state(id)?.ok_or_else(gone)
    }

    /// Takes a server away, or what is left of it.
    pub(super) fn lose(&self, id: &str) -> Result<(), CloudError> {
        self.0.cloud.discard(id)
    }

    /// Attaches the volumes with these names, and no other: in the truth, which their data follow.
    fn attach(
        &self,
        truth: &mut Truth,
        (id, server): (&str, &Server),
        names: &[String],
    ) -> Result<(), Failed> {
        let is_here = |volume: &Volume| volume.server.as_deref() == Some(id);
        let wanted = |volume: &Volume| names.contains(&volume.name);
        let ours = names.iter().filter_map(|name| truth.volume(name));
        let moving: Vec<_> = truth
            .attached_to(id)
            .filter(|(_, volume)| !wanted(volume))
            .chain(ours.filter(|(_, volume)| !is_here(volume)))
            .map(|(volume_id, volume)| (volume_id.clone(), volume.clone()))
            .collect();
        for (_, volume) in moving.iter().filter(|(_, volume)| wanted(volume)) {
            self.may_attach(truth, volume, server)?;
        }
        for (volume_id, volume) in moving {
            let server = wanted(&volume).then(|| id.to_owned());
            truth.set(Entry::Volume(volume_id, Some(Volume { server, ..volume })));
        }
        Ok(())
    }

    fn may_attach(&self, truth: &Truth, volume: &Volume, server: &Server) -> Result<(), Failed> {
        if volume.region != server.region {
            return Err(Failed::invalid(format!(
                "volume `{}` is in another region than the server",
                volume.name
            )));
        }
        let Some(holder_id) = &volume.server else {
            return Ok(());
        };
        // A server that is lost holds nothing.
        match truth.servers().get(holder_id) {
            Some(holder) if self.0.cloud.view(holder_id, holder)?.is_some() => {
                Err(attached_elsewhere(&volume.name, &holder.name))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn act(
        &self,
        id: &str,
        action: &str,
        arguments: &Attributes,
    ) -> Result<Value, Failed> {
        let server = self.server(id)?;
        let cloud = &self.0.cloud;
        match action {
            "start" => cloud.switch(id, &server, Power::Running)?,
            "stop" => cloud.switch(id, &server, Power::Stopped)?,
            "reboot" => cloud.reboot(id, &server)?,
            "backups" => return Ok(json!(cloud.backups(id)?)),
            "backup" | "remove-backup" | "restore" => {
                let backup = arguments.get("id").and_then(Value::as_str);
                let backup = backup.ok_or_else(|| Failed::invalid("which backup is not said"))?;
                match action {
                    "backup" => cloud.back_up(id, &server, backup)?,
                    "restore" => cloud.restore(id, &server, backup)?,
                    _ => cloud.remove_backup(id, backup)?,
                }
                return Ok(json!({ "id": backup }));
            }
            _ => {
                let lines = arguments.get("lines").and_then(Value::as_u64);
                let lines = lines.and_then(|lines| usize::try_from(lines).ok());
                return Ok(json!(cloud.console(id, &server, lines.unwrap_or(20))?));
            }
        }
        let state = self.server(id)?.power;
        Ok(json!({ "state": state }))
    }

    pub(super) fn server(&self, id: &str) -> Result<Server, Failed> {
        let server = self
            .0
            .cloud
            .look(|truth| truth.servers().get(id).cloned())?;
        server.ok_or_else(gone)
    }
}

fn order(name: &str, options: &Options, token: &str, fake: bool) -> Server {
    Server {
        name: name.to_owned(),
        token: token.to_owned(),
        size: options.size,
        region: options.region,
        image: options.image.clone(),
        ssh_keys: options.ssh_keys.clone(),
        power: Power::Running,
        fake,
    }
}

fn by_token(truth: &Truth, token: &str) -> Option<String> {
    Some(truth.server_of_token(token)?.0.clone())
}

fn outputs(id: &str, state: Power, view: View) -> Outputs {
    let address = view.address.to_string();
    let ssh = view.ssh.map(|(port, host_key)| Ssh {
        host: address.clone(),
        port: Some(port),
        user: Some("root".to_owned()),
        private_key: view.private_key,
        host_keys: vec![host_key],
    });
    Outputs {
        id: id.to_owned(),
        state,
        reached: MachineOutputs {
            ssh,
            command: view.command,
            private_ipv4: Some(address.clone()),
            public_ipv4: Some(address),
        },
    }
}

fn attached_elsewhere(volume: &str, server: &str) -> Failed {
    Failed::invalid(format!(
        "volume `{volume}` is attached to server `{server}`"
    ))
    .hint("a volume is attached to one server at a time")
}

/// The failure of a call about a server that is not there.
pub(super) fn gone() -> Failed {
    Failed::not_found("the cloud has no such server")
}
