//! Reads the URL form.

use std::str::FromStr;

use super::names::{GIT_SWITCHES, checked_ref, is_flake_id, is_rev};
use super::query::{Query, percent_decode};
use super::url::Url;
use super::{Attribute, FlakeRef, FlakeRefError, Repository, Source};

/// Splits `REF#FRAGMENT`, and decodes the fragment; an empty one is none.
pub fn split_fragment(text: &str) -> Result<(&str, Option<String>), FlakeRefError> {
    let (reference, fragment) = text.split_once('#').unwrap_or((text, ""));
    let fragment = percent_decode(fragment)?;
    Ok((reference, Some(fragment).filter(|text| !text.is_empty())))
}

impl FlakeRef {
    /// Reads `REF#FRAGMENT`; a missing reference is the directory `.`.
    pub fn parse_with_fragment(text: &str) -> Result<(Self, Option<String>), FlakeRefError> {
        let (reference, fragment) = split_fragment(text)?;
        let reference = if reference.is_empty() && text.starts_with('#') {
            "."
        } else {
            reference
        };
        Ok((reference.parse()?, fragment))
    }
}

impl FromStr for FlakeRef {
    type Err = FlakeRefError;

    fn from_str(text: &str) -> Result<Self, FlakeRefError> {
        if text.is_empty() {
            return Err(FlakeRefError::Empty);
        }
        if text.contains('#') {
            return Err(FlakeRefError::UnexpectedFragment(text.to_owned()));
        }
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let query = Query::parse(query)?;
        if place.starts_with(['/', '.', '~']) || place.is_empty() {
            return Url {
                text,
                rest: place,
                query,
            }
            .directory(place.to_owned());
        }
        match place.split_once(':') {
            Some((scheme, rest)) => Url { text, rest, query }.read(scheme),
            None if text.contains('?') => Err(FlakeRefError::Unrecognised(text.to_owned())),
            None => Url {
                text,
                rest: place,
                query,
            }
            .indirect(),
        }
    }
}

type Parsed = Result<FlakeRef, FlakeRefError>;

impl Url<'_> {
    fn read(self, scheme: &str) -> Parsed {
        match scheme {
            "flake" => self.indirect(),
            "github" => self.repository(Source::GitHub),
            "gitlab" => self.repository(Source::GitLab),
            "sourcehut" => self.repository(Source::SourceHut),
            "path" => {
                let rest = self.rest.strip_prefix("//").unwrap_or(self.rest);
                let path = percent_decode(rest)?;
                self.directory(path)
            }
            "git" => self.git("git"),
            "http" | "https" | "file" => self.download(scheme, |url| Source::Tarball { url }),
            _ => self.read_compound(scheme),
        }
    }

    fn read_compound(self, scheme: &str) -> Parsed {
        match scheme.split_once('+') {
            Some(("git", transport @ ("http" | "https" | "ssh" | "git" | "file"))) => {
                self.git(transport)
            }
            Some(("hg", transport @ ("http" | "https" | "ssh" | "file"))) => {
                self.mercurial(transport)
            }
            Some(("tarball", transport @ ("http" | "https" | "file"))) => {
                self.download(transport, |url| Source::Tarball { url })
            }
            Some(("file", transport @ ("http" | "https" | "file"))) => {
                self.download(transport, |url| Source::File { url })
            }
            _ => Err(FlakeRefError::UnknownScheme {
                text: self.text.to_owned(),
                scheme: scheme.to_owned(),
            }),
        }
    }

    /// `id[/ref][/rev]`
    fn indirect(mut self) -> Parsed {
        const FORM: &str = "ID[/REF][/REV]";
        let mut parts = self.rest.split('/');
        let id = parts.next().unwrap_or("").to_owned();
        if !is_flake_id(&id) {
            return Err(if self.text.contains(':') {
                self.form(FORM)
            } else {
                FlakeRefError::Unrecognised(self.text.to_owned())
            });
        }
        let mut reference = FlakeRef::new(Source::Indirect { id });
        match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => {}
            (Some(rev), None, _) if is_rev(rev) => reference.rev = Some(rev.to_owned()),
            (Some(name), None, _) => reference.r#ref = Some(checked_ref(name.to_owned())?),
            (Some(name), Some(rev), None) if is_rev(rev) => {
                reference.r#ref = Some(checked_ref(name.to_owned())?);
                reference.rev = Some(rev.to_owned());
            }
            _ => return Err(self.form(FORM)),
        }
        reference.dir = self.query.take("dir");
        self.reject_rest()?;
        Ok(reference)
    }

    /// `owner/repo[/ref-or-rev]`, where a branch may have slashes.
    fn repository(mut self, source: fn(Repository) -> Source) -> Parsed {
        let mut parts = self.rest.splitn(3, '/');
        let (owner, repo) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        if owner.is_empty() || repo.is_empty() {
            return Err(self.form("OWNER/REPO[/REF-OR-REV]"));
        }
        let mut reference = FlakeRef::new(source(Repository {
            owner: owner.to_owned(),
            repo: repo.to_owned(),
            host: self.query.take("host"),
        }));
        match parts.next().filter(|rest| !rest.is_empty()) {
            Some(rev) if is_rev(rev) => reference.rev = Some(rev.to_owned()),
            Some(name) => reference.r#ref = Some(checked_ref(percent_decode(name)?)?),
            None => {}
        }
        self.take_pins(&mut reference)?;
        if reference.r#ref.is_some() && reference.rev.is_some() {
            return Err(FlakeRefError::RefAndRev(self.text.to_owned()));
        }
        self.reject_rest()?;
        Ok(reference)
    }

    fn directory(mut self, path: String) -> Parsed {
        let path = if path.is_empty() {
            ".".to_owned()
        } else {
            path
        };
        let mut reference = FlakeRef::from_path(path);
        self.take_pins(&mut reference)?;
        self.take_numbers(&mut reference)?;
        self.reject_rest()?;
        Ok(reference)
    }

    fn git(mut self, transport: &str) -> Parsed {
        let mut reference = FlakeRef::new(Source::Git { url: String::new() });
        self.take_pins(&mut reference)?;
        for switch in GIT_SWITCHES {
            if let Some(value) = self.query.take(switch) {
                let value = Attribute::Bool(value == "1");
                reference.other.insert(switch.to_owned(), value);
            }
        }
        let url = self.query.append_to(&format!("{transport}:{}", self.rest));
        reference.source = Source::Git { url };
        Ok(reference)
    }

    fn mercurial(mut self, transport: &str) -> Parsed {
        let mut reference = FlakeRef::new(Source::Mercurial { url: String::new() });
        self.take_pins(&mut reference)?;
        let url = self.query.append_to(&format!("{transport}:{}", self.rest));
        reference.source = Source::Mercurial { url };
        Ok(reference)
    }

    fn download(mut self, transport: &str, source: fn(String) -> Source) -> Parsed {
        let mut reference = FlakeRef::new(source(String::new()));
        // A branch means nothing to an archive, so `ref` is the server's to understand.
        reference.dir = self.query.take("dir");
        self.take_locks(&mut reference)?;
        self.take_numbers(&mut reference)?;
        let url = self.query.append_to(&format!("{transport}:{}", self.rest));
        reference.source = source(url);
        Ok(reference)
    }

    fn form(&self, form: &'static str) -> FlakeRefError {
        let text = self.text.to_owned();
        FlakeRefError::Form { text, form }
    }
}
