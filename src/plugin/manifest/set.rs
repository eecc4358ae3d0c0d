use std::{collections::BTreeMap, slice};

use serde_json::Value;

use super::{Error, Plugin, PluginRecord, Result};
use crate::plugin::provider::fitting;

/// The plugins of a network, in the order in which they are merged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginSet {
    plugins: Vec<Plugin>,
    types: Owners,
    backends: Owners,
}

/// Who owns what, by the place of the plugin in the set.
type Owners = BTreeMap<String, usize>;

impl PluginSet {
    /// Reads and checks what the evaluation tells of plugins.
    pub fn from_json(records: Vec<Value>) -> Result<Self> {
        let records = records.into_iter().enumerate().map(|(place, record)| {
            let whose = whose(place, &record);
            read(record).map_err(|reason| Error::Record { whose, reason })
        });
        Self::from_records(records.collect::<Result<_>>()?)
    }

    /// Checks what the evaluation tells of plugins.
    pub fn from_records(records: Vec<PluginRecord>) -> Result<Self> {
        let mut set = Self::default();
        for record in records {
            set.add(Plugin::new(record)?)?;
        }
        Ok(set)
    }

    /// The plugins in the order in which they are merged, without NixOps itself.
    pub fn iter(&self) -> slice::Iter<'_, Plugin> {
        self.plugins.iter()
    }

    /// The plugin of a name; NixOps itself is one too.
    pub fn get(&self, name: &str) -> Option<&Plugin> {
        let mut plugins = self.iter().chain([Plugin::core()]);
        plugins.find(|plugin| plugin.manifest.name == name)
    }

    /// The plugin that brings a resource type. NixOps itself does where no plugin overrides it.
    pub fn of_type(&self, name: &str) -> Option<&Plugin> {
        if let Some(place) = self.types.get(name) {
            return Some(&self.plugins[*place]);
        }
        let core = Plugin::core();
        let brings = core.manifest.types.iter().any(|kind| kind == name);
        brings.then_some(core)
    }

    /// The plugin that serves a backend of machines.
    pub fn of_backend(&self, name: &str) -> Option<&Plugin> {
        Some(&self.plugins[*self.backends.get(name)?])
    }

    /// All backends of machines.
    pub fn backends(&self) -> Vec<String> {
        self.backends.keys().cloned().collect()
    }

    fn add(&mut self, plugin: Plugin) -> Result<()> {
        if let Some(first) = self.get(&plugin.manifest.name) {
            return Err(Error::SameName {
                both: Box::new([first.origin.clone(), plugin.origin]),
            });
        }
        let place = self.plugins.len();
        self.plugins.push(plugin);
        let manifest = &self.plugins[place].manifest;
        claim(
            &self.plugins,
            &mut self.types,
            &manifest.types,
            "resource type",
        )?;
        claim(
            &self.plugins,
            &mut self.backends,
            &manifest.backends,
            "backend",
        )
    }
}

impl<'a> IntoIterator for &'a PluginSet {
    type Item = &'a Plugin;
    type IntoIter = slice::Iter<'a, Plugin>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Gives names to the last plugin. One that overrides wins, and of two such the later.
fn claim(
    plugins: &[Plugin],
    owners: &mut Owners,
    names: &[String],
    what: &'static str,
) -> Result<()> {
    let place = plugins.len() - 1;
    for name in names {
        let owner = owners.entry(name.clone()).or_insert(place);
        if *owner == place {
            continue;
        }
        let (first, second) = (&plugins[*owner], &plugins[place]);
        match (first.manifest.overrides, second.manifest.overrides) {
            (_, true) => *owner = place,
            (true, false) => {}
            (false, false) => {
                return Err(Error::Claimed {
                    both: Box::new([first.origin.clone(), second.origin.clone()]),
                    what,
                    name: name.clone(),
                });
            }
        }
    }
    Ok(())
}

fn read(record: Value) -> Result<PluginRecord, String> {
    if record.is_object() {
        fitting(record)
    } else {
        Err("it is no attribute set".to_owned())
    }
}

/// Names a plugin whose record cannot be read, as well as it can be.
fn whose(place: usize, record: &Value) -> String {
    let text = |field: &str| record.get(field).and_then(Value::as_str);
    match (text("name"), text("input")) {
        (Some(name), input) => super::Origin {
            plugin: name.to_owned(),
            input: input.map(str::to_owned),
        }
        .to_string(),
        (None, Some(input)) => format!("the plugin of input `{input}`"),
        (None, None) => format!("plugin {} of `network.plugins`", place + 1),
    }
}
