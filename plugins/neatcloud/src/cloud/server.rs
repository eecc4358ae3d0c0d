//! Servers that run.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv4Addr},
};

use serde_json::json;

use super::{
    Cloud, CloudError, Entry, Power, Reach, Server, Truth, Volume, error::file, files, keeper,
};

/// A server as everybody sees it who may.
#[derive(Clone, Debug)]
pub struct View {
    /// Its address.
    pub address: IpAddr,
    /// Where sshd listens, and its public key.
    pub ssh: Option<(u16, String)>,
    /// A private key that lets root in, where no other does.
    pub private_key: Option<String>,
    /// The words before a command that make it run there.
    pub command: Option<Vec<String>>,
}

impl Cloud {
    /// Brings up a server that is in the truth, and waits for it.
    pub fn bring_up(&self, id: &str) -> Result<View, CloudError> {
        let (server, order) = self
            .look(|truth| {
                let server = truth.servers().get(id)?.clone();
                let order = self.order(truth, id, &server);
                Some((server, order))
            })?
            .ok_or_else(|| CloudError::NoServer { id: id.to_owned() })?;
        if server.fake {
            return Ok(fake_view(id));
        }
        let directory = self.server_directory(id);
        self.settle(id)?;
        if !keeper::is_alive(&directory) {
            keeper::order(&directory, &order)?;
        }
        let running = keeper::start(id, &directory)?;
        view(id, &server, &running)
    }

    /// Looks at a server; `None` if it does not run and never will again.
    pub fn view(&self, id: &str, server: &Server) -> Result<Option<View>, CloudError> {
        if server.fake {
            return Ok(Some(fake_view(id)));
        }
        let running = keeper::running(&self.server_directory(id))?;
        running
            .map(|running| view(id, server, &running))
            .transpose()
    }

    /// Whether a server was up, and its keeper has ended.
    pub fn is_lost(&self, id: &str, server: &Server) -> bool {
        let directory = self.server_directory(id);
        !server.fake && keeper::was_up(&directory) && !keeper::is_alive(&directory)
    }

    /// Ends a server, if it is one, and takes away all of it but the data of volumes.
    pub fn take_down(&self, id: &str) -> Result<(), CloudError> {
        let directory = self.server_directory(id);
        if directory.exists() {
            keeper::end(id, &directory)?;
        }
        self.take_data_from(id, |_| false)?;
        files::remove(&directory)
    }

    /// Takes a server away, in the truth too.
    pub fn discard(&self, id: &str) -> Result<(), CloudError> {
        self.take_down(id)?;
        self.forget_backups(id)?;
        self.change(|truth| {
            truth.set(Entry::Server(id.to_owned(), None));
            let attached = truth.attached_to(id);
            let attached: Vec<_> = attached
                .map(|(volume, of)| (volume.clone(), of.clone()))
                .collect();
            for (volume, of) in attached {
                let free = Volume { server: None, ..of };
                truth.set(Entry::Volume(volume, Some(free)));
            }
            Ok(())
        })
    }

    /// Takes everything away.
    pub fn down(&self) -> Result<(), CloudError> {
        let servers = self.home().join("servers");
        let directories = fs::read_dir(&servers).into_iter().flatten().flatten();
        let left = directories.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let known = self.look(|truth| truth.servers().keys().cloned().collect::<Vec<_>>())?;
        // Also those that the truth has forgotten.
        for id in left.chain(known) {
            self.discard(&id)?;
        }
        self.change(|truth| {
            for entry in truth.entries().collect::<Vec<_>>() {
                truth.set(entry.gone());
            }
            Ok::<_, CloudError>(())
        })?;
        files::remove(&self.home().join("volumes"))?;
        files::remove(&servers)
    }

    /// Tells a server of its keys, volumes and itself, after any was changed in the truth.
    pub fn tell(&self, id: &str) -> Result<(), CloudError> {
        let Some((server, order)) = self.look(|truth| {
            let server = truth.servers().get(id)?;
            Some((server.clone(), self.order(truth, id, server)))
        })?
        else {
            return Ok(());
        };
        if server.fake {
            return Ok(());
        }
        self.settle(id)?;
        let running = self.running(id)?;
        let host = running.host();
        if running.reach == Reach::Ssh {
            let own = running.identity.with_added_extension("pub");
            let keys = if order.keys.is_empty() {
                vec![fs::read_to_string(&own).map_err(file("read", own))?]
            } else {
                order.keys
            };
            host.authorize_root(&keys)?;
        }
        files::replace(&host.disk().join("etc/neatcloud/server.json"), &order.about)
    }

    /// Switches a server on or off.
    pub fn switch(&self, id: &str, server: &Server, power: Power) -> Result<(), CloudError> {
        if !server.fake && server.power != power {
            let host = self.running(id)?.host();
            match power {
                Power::Running => {
                    keeper::open(id, &host)?;
                    host.switch_on()?;
                }
                Power::Stopped => {
                    keeper::shut(id, &host)?;
                    host.switch_off()?;
                }
            }
        }
        self.change(|truth| {
            if let Some(server) = truth.servers().get(id) {
                let server = Server {
                    power,
                    ..server.clone()
                };
                truth.set(Entry::Server(id.to_owned(), Some(server)));
            }
            Ok(())
        })
    }

    /// Starts a server anew.
    pub fn reboot(&self, id: &str, server: &Server) -> Result<(), CloudError> {
        if !server.fake {
            let host = self.running(id)?.host();
            keeper::open(id, &host)?;
            host.reboot()?;
        }
        let on = Server {
            power: Power::Running,
            ..server.clone()
        };
        self.switch(id, &on, Power::Running)
    }

    /// The last lines of what a server has said.
    pub fn console(&self, id: &str, server: &Server, lines: usize) -> Result<String, CloudError> {
        if server.fake {
            return Ok(String::new());
        }
        let text = self.running(id)?.host().console();
        let all: Vec<_> = text.lines().collect();
        Ok(all[all.len().saturating_sub(lines)..].join("\n"))
    }

    pub(super) fn running(&self, id: &str) -> Result<keeper::Running, CloudError> {
        let running = keeper::running(&self.server_directory(id))?;
        running.ok_or_else(|| CloudError::NoServer { id: id.to_owned() })
    }

    fn order(&self, truth: &Truth, id: &str, server: &Server) -> keeper::Order {
        keeper::Order {
            id: id.to_owned(),
            name: server.name.clone(),
            reach: self.reach,
            keys: truth.public_keys(server),
            about: json!({
                "id": id,
                "name": server.name,
                "size": server.size,
                "region": server.region,
                "image": server.image,
                "volumes": truth.volumes_of(id),
            }),
        }
    }
}

fn view(id: &str, server: &Server, running: &keeper::Running) -> Result<View, CloudError> {
    let by_ssh = running.reach == Reach::Ssh;
    let private_key = if by_ssh && server.ssh_keys.is_empty() {
        let path = &running.identity;
        Some(fs::read_to_string(path).map_err(file("read", path))?)
    } else {
        None
    };
    Ok(View {
        address: running.address,
        ssh: by_ssh.then(|| (running.port, running.host_key.clone())),
        private_key,
        command: (!by_ssh)
            .then(|| rig::words_into_host(running.process, &format!("/etc/neatcloud/{id}"))),
    })
}

/// What looks like a server, always the same for an id. Nothing listens there.
fn fake_view(id: &str) -> View {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let [a, b, c, ..] = hasher.finish().to_ne_bytes();
    View {
        address: IpAddr::V4(Ipv4Addr::new(127, a.max(1), b, c.clamp(1, 254))),
        ssh: Some((22, FAKE_HOST_KEY.to_owned())),
        private_key: None,
        command: None,
    }
}

const FAKE_HOST_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
