//! What no schema can say about a server.

use nixops_plugin::{Diagnostic, Failed, ResourceRef};

use super::Options;
use crate::cloud::Truth;

/// Finds what is wrong. What the cloud does not have yet may come with the same deploy, and is a warning.
pub fn diagnostics(truth: &Truth, resource: &ResourceRef, options: &Options) -> Vec<Diagnostic> {
    let own = format!("nixops-{}-", resource.deployment);
    let mut found: Vec<_> = host_name(&resource.name).into_iter().collect();
    found.extend(twice("sshKeys", &options.ssh_keys));
    found.extend(twice("volumes", &options.volumes));
    let missing = unknown(truth, options);
    let foreign = missing
        .iter()
        .filter(|missing| !missing.name.starts_with(&own));
    found.extend(foreign.map(Missing::warning));
    found.extend(wrong_region(truth, options));
    found
}

/// Fails if a key or volume of a server is not there.
pub fn require(truth: &Truth, options: &Options) -> Result<(), Failed> {
    let missing = unknown(truth, options);
    let Some(first) = missing.first() else {
        return Ok(());
    };
    let failed = Failed::invalid(first.message());
    Err(missing
        .iter()
        .fold(failed, |failed, missing| failed.diagnostic(missing.error())))
}

struct Missing<'a> {
    list: &'static str,
    at: usize,
    name: &'a str,
    what: &'static str,
    kind: &'static str,
}

impl Missing<'_> {
    fn message(&self) -> String {
        format!("the cloud has no {} `{}`", self.what, self.name)
    }

    fn error(&self) -> Diagnostic {
        Diagnostic::error([self.list, &self.at.to_string()], self.message())
    }

    fn warning(&self) -> Diagnostic {
        let message = format!("{} yet", self.message());
        Diagnostic::warning([self.list, &self.at.to_string()], message)
            .hint(format!("resources.{} can make it", self.kind))
    }
}

fn unknown<'a>(truth: &Truth, options: &'a Options) -> Vec<Missing<'a>> {
    let keys = missing(&options.ssh_keys, |name| truth.ssh_key(name).is_none());
    let volumes = missing(&options.volumes, |name| truth.volume(name).is_none());
    let keys = keys.map(|(at, name)| Missing {
        list: "sshKeys",
        at,
        name,
        what: "SSH key",
        kind: "neatcloudSshKeys",
    });
    let volumes = volumes.map(|(at, name)| Missing {
        list: "volumes",
        at,
        name,
        what: "volume",
        kind: "neatcloudVolumes",
    });
    keys.chain(volumes).collect()
}

fn missing(
    names: &[String],
    is_missing: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (usize, &str)> {
    let names = names.iter().map(String::as_str).enumerate();
    names.filter(move |(_, name)| is_missing(name))
}

fn host_name(name: &str) -> Option<Diagnostic> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let fits = (1..=63).contains(&name.len()) && name.bytes().all(good) && !name.starts_with('-');
    (!fits).then(|| {
        Diagnostic::error::<&str>(
            [],
            format!("a server of the cloud cannot be called `{name}`"),
        )
        .hint("use 1 to 63 letters, digits and hyphens")
    })
}

fn twice(list: &'static str, names: &[String]) -> Vec<Diagnostic> {
    let repeated = names
        .iter()
        .enumerate()
        .filter(|(at, name)| names[..*at].contains(name));
    repeated
        .map(|(at, name)| {
            Diagnostic::error(
                [list, &at.to_string()],
                format!("`{name}` stands here twice"),
            )
        })
        .collect()
}

fn wrong_region(truth: &Truth, options: &Options) -> Vec<Diagnostic> {
    let volumes = options.volumes.iter().enumerate();
    let elsewhere = volumes.filter(|(_, name)| {
        truth
            .volume(name)
            .is_some_and(|(_, volume)| volume.region != options.region)
    });
    elsewhere
        .map(|(at, name)| {
            let message = format!("volume `{name}` is in another region than the server");
            Diagnostic::error(["volumes", &at.to_string()], message)
        })
        .collect()
}
