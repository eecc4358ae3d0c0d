//! `nixops-neatcloud cloud`: what there is, and away with it.

use std::{
    io::{self, Write},
    num::NonZeroU32,
};

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::cloud::{Cloud, Entry, Power, Server, Truth, Volume};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists servers, volumes, SSH keys and tokens
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows one of them
    Show {
        /// Its name or its id
        name: String,
    },
    /// Loses a server, as clouds do
    Kill {
        /// Its name or its id
        name: String,
    },
    /// Gives a volume another size, behind the back of who made it
    Resize {
        /// Its name or its id
        volume: String,
        /// Size in GiB; it may be smaller
        size: NonZeroU32,
    },
    /// Takes everything away
    Down,
}

impl Verb {
    pub fn run(self) -> Result<()> {
        let cloud = Cloud::from_environment()?;
        match self {
            Self::List { json: true } => print(&format!("{:#}\n", all(&cloud)?)),
            Self::List { json: false } => print(&table(&cloud)?),
            Self::Show { name } => print(&format!("{:#}\n", show(&cloud, &name)?)),
            Self::Kill { name } => kill(&cloud, &name),
            Self::Resize { volume, size } => resize(&cloud, &volume, size),
            Self::Down => Ok(cloud.down()?),
        }
    }
}

fn print(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn all(cloud: &Cloud) -> Result<Value> {
    let truth = cloud.look(Truth::clone)?;
    let mut all = json!(truth);
    for (id, server) in truth.servers() {
        all["servers"][id] = describe(cloud, id, server)?;
    }
    for id in truth.tokens().keys() {
        if let Some(token) = all["tokens"][id].as_object_mut() {
            token.retain(|name, _| !["secret", "password"].contains(&&**name));
        }
    }
    Ok(all)
}

/// A server as the truth has it, with what can be seen of it.
fn describe(cloud: &Cloud, id: &str, server: &Server) -> Result<Value> {
    let mut value = json!(server);
    let view = cloud.view(id, server)?;
    value["state"] = json!(state(server, view.is_some()));
    if let Some(view) = view {
        value["address"] = json!(view.address);
        value["port"] = json!(view.ssh.map(|(port, _)| port));
        value["command"] = json!(view.command);
    }
    Ok(value)
}

fn state(server: &Server, there: bool) -> &'static str {
    match (there, server.power) {
        (false, _) => "lost",
        (true, Power::Running) => "running",
        (true, Power::Stopped) => "stopped",
    }
}

fn table(cloud: &Cloud) -> Result<String> {
    let truth = cloud.look(Truth::clone)?;
    let mut rows = Vec::new();
    for (id, server) in truth.servers() {
        let view = cloud.view(id, server)?;
        let state = state(server, view.is_some());
        let address = view
            .map(|view| view.address.to_string())
            .unwrap_or_default();
        rows.push(["server", id, &server.name, state, &address].map(str::to_owned));
    }
    for (id, volume) in truth.volumes() {
        let (size, at) = (
            format!("{} GiB", volume.size),
            volume.server.as_deref().unwrap_or(""),
        );
        rows.push(["volume", id, &volume.name, &size, at].map(str::to_owned));
    }
    for (id, key) in truth.ssh_keys() {
        rows.push(["ssh key", id, &key.name, "", ""].map(str::to_owned));
    }
    for (id, token) in truth.tokens() {
        rows.push(["token", id, &token.note, "", ""].map(str::to_owned));
    }
    Ok(aligned(&rows))
}

fn aligned(rows: &[[String; 5]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<_> = (0..5).map(width).collect();
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn show(cloud: &Cloud, name: &str) -> Result<Value> {
    let all = all(cloud)?;
    for kind in ["servers", "volumes", "sshKeys", "tokens"] {
        for (id, value) in all[kind].as_object().into_iter().flatten() {
            if id == name || value["name"] == name || value["note"] == name {
                let mut value = value.clone();
                value["id"] = json!(id);
                return Ok(value);
            }
        }
    }
    bail!("the cloud has nothing called `{name}`")
}

fn kill(cloud: &Cloud, name: &str) -> Result<()> {
    let ids: Vec<String> = cloud.look(|truth| {
        let servers = truth.servers().iter();
        servers
            .filter(|(id, server)| *id == name || server.name == name)
            .map(|(id, _)| id.clone())
            .collect()
    })?;
    match ids.as_slice() {
        [] => bail!("the cloud has no server `{name}`"),
        [id] => Ok(cloud.discard(id)?),
        ids => bail!(
            "there are {} servers `{name}`: {}",
            ids.len(),
            ids.join(", ")
        ),
    }
}

fn resize(cloud: &Cloud, name: &str, size: NonZeroU32) -> Result<()> {
    cloud.change(|truth| {
        let found = truth.volumes().get_key_value(name);
        let Some((id, volume)) = found.or_else(|| truth.volume(name)) else {
            bail!("the cloud has no volume `{name}`");
        };
        let (id, size) = (id.clone(), size.get());
        let volume = Volume {
            size,
            ..volume.clone()
        };
        truth.set(Entry::Volume(id, Some(volume)));
        Ok(())
    })
}
