//! The providers of a run, each started when it is first asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fmt,
    fs::File,
    io,
    os::unix::fs::MetadataExt as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    core_provider,
    nix::{BuildOptions, BuildQueue, Nix},
    process::Processes,
};

use super::{Error, Plugin, PluginSet, Program, Provider, ProviderEvent, lock_keeper::LockKeeper};

/// How long a provider may think about a question that changes nothing.
pub const QUESTION: Duration = Duration::from_mins(5);

/// How long a provider may take to make, change or delete something.
pub const WORK: Duration = Duration::from_mins(30);

/// How long a provider may take to end once its input is closed.
const END: Duration = Duration::from_secs(20);

/// Hears what providers say, and of which plugin they are.
pub type Heard = Arc<dyn Fn(&str, ProviderEvent) + Send + Sync>;

/// The providers of a run.
///
/// A provider is built, kept from collection and started when the first question comes for one of
/// its types, and ends with this value.
pub struct Providers {
    plugins: PluginSet,
    nix: Nix,
    processes: Processes,
    /// Directory of the links that keep providers from collection.
    roots: Utf8PathBuf,
    /// Programs that stand in for those of plugins, by plugin.
    instead: BTreeMap<String, Utf8PathBuf>,
    listener: Heard,
    /// NixOps' own program, where it is not the one that runs.
    nixops: Option<Utf8PathBuf>,
    /// The lock of the run, which stays taken as long as a provider lives.
    lock: Option<Arc<File>>,
    keeper: Mutex<Option<LockKeeper>>,
    /// One lock a plugin, so that two are started side by side, and one is started once.
    started: BTreeMap<String, Mutex<Option<Arc<Provider>>>>,
}

impl Providers {
    /// Prepares the providers of these plugins. `instead` names programs that are used in place of
    /// those that plugins bring, for work on a provider.
    pub fn new(
        plugins: PluginSet,
        nix: Nix,
        processes: Processes,
        roots: Utf8PathBuf,
        instead: BTreeMap<String, Utf8PathBuf>,
        listener: Heard,
    ) -> Result<Self, Error> {
        let all = plugins.iter().chain([Plugin::core()]);
        let names = all.map(|plugin| plugin.manifest.name.clone());
        let started: BTreeMap<_, _> = names.map(|name| (name, Mutex::default())).collect();
        if let Some(name) = instead.keys().find(|name| !started.contains_key(*name)) {
            return Err(Error::UnknownPlugin {
                name: name.clone(),
                known: plugins
                    .iter()
                    .map(|one| one.manifest.name.clone())
                    .collect(),
            });
        }
        Ok(Self {
            nixops: None,
            lock: None,
            keeper: Mutex::default(),
            plugins,
            nix,
            processes,
            roots,
            instead,
            listener,
            started,
        })
    }

    /// Keeps a lock taken until the last provider has ended, even if this process is killed. It is that
    /// of the file, by `flock`.
    #[must_use]
    pub fn holding(mut self, lock: Arc<File>) -> Self {
        self.lock = Some(lock);
        self
    }

    /// Names the program of NixOps, where it is not the one that runs.
    #[must_use]
    pub fn with_nixops(mut self, program: Utf8PathBuf) -> Self {
        self.nixops = Some(program);
        self
    }

    /// The plugins.
    pub fn plugins(&self) -> &PluginSet {
        &self.plugins
    }

    /// Names of the plugins, and that of NixOps for its own types.
    pub fn plugin_names(&self) -> BTreeSet<String> {
        let plugins = self.plugins.iter().chain([Plugin::core()]);
        plugins.map(|plugin| plugin.manifest.name.clone()).collect()
    }

    /// Name of the plugin that has a type.
    pub fn owner_name(&self, kind: &str) -> Option<String> {
        let owner = self.owner(kind)?;
        Some(owner.manifest.name.clone())
    }

    /// Whether a provider has this type, be it one of resources or of machines.
    pub fn has(&self, kind: &str) -> bool {
        self.owner(kind)
            .is_some_and(|plugin| self.is_served(plugin))
    }

    /// All backends of machines.
    pub fn backends(&self) -> Vec<String> {
        let plugins = self.plugins.iter().filter(|plugin| self.is_served(plugin));
        let backends = plugins.flat_map(|plugin| &plugin.manifest.backends);
        backends.cloned().collect()
    }

    /// The provider of a type, started if it is not yet.
    pub fn of(&self, kind: &str) -> Result<Arc<Provider>, Error> {
        let plugin = self.owner(kind).ok_or_else(|| Error::UnknownType {
            kind: kind.to_owned(),
        })?;
        let slot = self.started.get(&plugin.manifest.name);
        let Some(slot) = slot else {
            return Err(Error::UnknownType {
                kind: kind.to_owned(),
            });
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(provider) = slot.as_ref() {
            return Ok(Arc::clone(provider));
        }
        let provider = Arc::new(self.start(plugin)?);
        *slot = Some(Arc::clone(&provider));
        Ok(provider)
    }

    fn owner(&self, kind: &str) -> Option<&Plugin> {
        let resources = self.plugins.of_type(kind);
        resources.or_else(|| self.plugins.of_backend(kind))
    }

    fn is_served(&self, plugin: &Plugin) -> bool {
        plugin.has_provider() || self.instead.contains_key(&plugin.manifest.name)
    }

    fn start(&self, plugin: &Plugin) -> Result<Provider, Error> {
        let program = self.launched(plugin)?;
        let (heard, name) = (Arc::clone(&self.listener), plugin.manifest.name.clone());
        let listener = Arc::new(move |event| heard(&name, event));
        let provider = Provider::start(&self.processes, plugin.origin.clone(), program, listener)?;
        // Nothing has been asked yet, so nothing is lost if this process is killed before.
        if let Some(lock) = &self.lock {
            self.keep(lock, provider.process()).map_err(Error::Lock)?;
        }
        Ok(provider)
    }

    fn keep(&self, lock: &File, process: u32) -> io::Result<()> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if keeper.is_none() {
            let started = LockKeeper::start(&self.processes, &self.nixops(), lock);
            *keeper = Some(started.map_err(io::Error::other)?);
        }
        let keeper = keeper.as_ref();
        keeper.map_or(Ok(()), |keeper| keeper.watch(process))
    }

    fn nixops(&self) -> Utf8PathBuf {
        self.nixops.clone().unwrap_or_else(own_program)
    }

    fn launched(&self, plugin: &Plugin) -> Result<Program, Error> {
        let name = &plugin.manifest.name;
        if plugin.origin.is_core() && !self.instead.contains_key(name) {
            return Ok(Program {
                path: self.nixops(),
                arguments: vec![core_provider::VERB.to_owned()],
            });
        }
        Ok((&self.program(plugin)?).into())
    }

    /// Where the program of a plugin is, built if it has to be.
    pub fn program(&self, plugin: &Plugin) -> Result<Utf8PathBuf, Error> {
        if let Some(program) = self.instead.get(&plugin.manifest.name) {
            return Ok(program.clone());
        }
        let provider = plugin.provider()?;
        if let (Some(drv), Some(out)) = (&provider.drv, &provider.out) {
            self.build(plugin, drv, out)?;
        }
        Ok(provider.program.clone())
    }

    fn build(&self, plugin: &Plugin, drv: &str, out: &str) -> Result<(), Error> {
        if self
            .nix
            .invalid_paths(&self.processes, [out.into()])
            .is_ok_and(|invalid| !invalid.is_empty())
        {
            (self.listener)(&plugin.manifest.name, ProviderEvent::Building);
        }
        let options = BuildOptions::default();
        let queue = BuildQueue::new(self.nix.clone(), self.processes.clone(), options);
        queue.build(drv, out).map_err(|source| Error::Build {
            origin: plugin.origin.clone(),
            source: Box::new(source),
        })?;
        let link = self.roots.join(&plugin.manifest.name);
        let rooted = self.nix.root(&self.processes, &link, out.into());
        rooted.map_err(|source| Error::Root {
            origin: plugin.origin.clone(),
            source: Box::new(source),
        })
    }
}

impl Drop for Providers {
    fn drop(&mut self) {
        for slot in self.started.values_mut() {
            let provider = slot.get_mut().unwrap_or_else(PoisonError::into_inner);
            if let Some(provider) = provider.take() {
                // Whatever it had to say was an answer to a question.
                let _ = provider.close(END);
            }
        }
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Providers")
            .field("plugins", &self.plugins)
            .field("instead", &self.instead)
            .finish_non_exhaustive()
    }
}

/// The program that runs: by the kernel's name for it where another has come in its place since.
fn own_program() -> Utf8PathBuf {
    const KERNELS: &str = "/proc/self/exe";
    let path = env::current_exe().ok();
    let path = path.and_then(|path| Utf8PathBuf::from_path_buf(path).ok());
    let number = |path: &Utf8Path| path.metadata().ok().map(|data| (data.dev(), data.ino()));
    path.filter(|path| number(path) == number(KERNELS.into()))
        .unwrap_or_else(|| KERNELS.into())
}
