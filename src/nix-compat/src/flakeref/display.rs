//! Writes the URL form.

use std::fmt;

use super::names::GIT_SWITCHES;
use super::query::{IN_PATH, IN_VALUE, percent_encode};
use super::{Attribute, FlakeRef, Repository, Source};

impl fmt::Display for FlakeRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parameters = Parameters::default();
        parameters.add("dir", self.dir.as_deref());
        let place = match &self.source {
            Source::Indirect { id } => self.indirect(id),
            Source::GitHub(repository) => self.repository("github", repository, &mut parameters),
            Source::GitLab(repository) => self.repository("gitlab", repository, &mut parameters),
            Source::SourceHut(repository) => {
                self.repository("sourcehut", repository, &mut parameters)
            }
            Source::Git { url } => self.git(url, &mut parameters),
            Source::Mercurial { url } => self.mercurial(url, &mut parameters),
            Source::Path { path } => self.directory(path, &mut parameters),
            Source::Tarball { url } => {
                self.add_locks(&mut parameters);
                url.clone()
            }
            Source::File { url } => {
                self.add_locks(&mut parameters);
                format!("file+{url}")
            }
        };
        formatter.write_str(&parameters.append_to(&place))
    }
}

impl FlakeRef {
    fn indirect(&self, id: &str) -> String {
        let parts = [Some(id), self.r#ref.as_deref(), self.rev.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        format!("flake:{}", parts.join("/"))
    }

    fn repository(&self, scheme: &str, to: &Repository, parameters: &mut Parameters) -> String {
        parameters.add("host", to.host.as_deref());
        parameters.add("narHash", self.sri().as_deref());
        let place = format!("{scheme}:{}/{}", to.owner.replace('/', "%2F"), to.repo);
        match (&self.rev, &self.r#ref) {
            (Some(revision), _) => format!("{place}/{revision}"),
            (None, Some(name)) if is_plain(name) => format!("{place}/{name}"),
            (None, name) => {
                parameters.add("ref", name.as_deref());
                place
            }
        }
    }

    fn git(&self, url: &str, parameters: &mut Parameters) -> String {
        parameters.add("ref", self.r#ref.as_deref());
        parameters.add("rev", self.rev.as_deref());
        for name in GIT_SWITCHES {
            if let Some(Attribute::Bool(value)) = self.other.get(name) {
                parameters.add(name, Some(if *value { "1" } else { "0" }));
            }
        }
        if url.starts_with("git:") {
            url.to_owned()
        } else {
            format!("git+{url}")
        }
    }

    fn mercurial(&self, url: &str, parameters: &mut Parameters) -> String {
        parameters.add("ref", self.r#ref.as_deref());
        parameters.add("rev", self.rev.as_deref());
        format!("hg+{url}")
    }

    fn directory(&self, path: &str, parameters: &mut Parameters) -> String {
        self.add_locks(parameters);
        // Two slashes would begin the name of a host.
        let host = if path.starts_with("//") { "//" } else { "" };
        format!("path:{host}{}", percent_encode(path, IN_PATH))
    }

    fn add_locks(&self, parameters: &mut Parameters) {
        parameters.add("rev", self.rev.as_deref());
        parameters.add("narHash", self.sri().as_deref());
        let text = |number: Option<u64>| number.map(|number| number.to_string());
        parameters.add("lastModified", text(self.last_modified).as_deref());
        parameters.add("revCount", text(self.rev_count).as_deref());
    }

    fn sri(&self) -> Option<String> {
        self.nar_hash.as_ref().map(ToString::to_string)
    }
}

/// Tells whether a branch may stand in the path of a URL: Nix 2.26 decodes nothing there.
fn is_plain(name: &str) -> bool {
    percent_encode(name, "/@+") == name
}

/// Parameters, encoded, in the order of their names.
#[derive(Default)]
struct Parameters(Vec<String>);

impl Parameters {
    fn add(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            let value = percent_encode(value, IN_VALUE);
            self.0.push(format!("{}={value}", percent_encode(name, "")));
        }
    }

    /// Puts them behind a URL, which may have some already (Nix 2.8 leaves `dir` in it).
    fn append_to(mut self, url: &str) -> String {
        let (place, own) = url.split_once('?').unwrap_or((url, ""));
        let name = |parameter: &str| parameter.split('=').next().unwrap_or("").to_owned();
        let said: Vec<String> = self.0.iter().map(|parameter| name(parameter)).collect();
        let kept = own
            .split('&')
            .filter(|own| !own.is_empty() && !said.contains(&name(own)));
        self.0.extend(kept.map(str::to_owned));
        self.0.sort_unstable();
        match self.0.as_slice() {
            [] => place.to_owned(),
            parameters => format!("{place}?{}", parameters.join("&")),
        }
    }
}
