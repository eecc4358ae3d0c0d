//! Where a shared state is: a directory here, or one that ssh reaches.

use std::{fmt, str::FromStr};

use camino::Utf8PathBuf;

use super::Error;

/// The directory of a shared state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A directory of this computer, perhaps of a network file system.
    Directory(Utf8PathBuf),
    /// A directory of another one.
    Ssh(SshLocation),
}

/// A directory of a computer that ssh reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshLocation {
    /// The user there, if it is not the one that ssh takes.
    pub user: Option<String>,
    /// Its name, as ssh knows it, or its address.
    pub host: String,
    /// Its port, if it is not the one that ssh takes.
    pub port: Option<u16>,
    /// The directory: absolute, or relative to the user's home there.
    pub path: Utf8PathBuf,
}

impl FromStr for Location {
    type Err = Error;

    /// Reads `/directory` or `ssh://[USER@]HOST[:PORT]/directory`; `/~/directory` is in the home there.
    fn from_str(text: &str) -> Result<Self, Error> {
        let read = match text.split_once("://") {
            Some(("ssh", rest)) => ssh(rest).map(Self::Ssh),
            Some(_) => Err("only `ssh://` leads elsewhere"),
            None if text.starts_with('/') => path(text).map(Self::Directory),
            None => Err("it is neither an absolute path nor begins with `ssh://`"),
        };
        read.map_err(|reason| Error::Location {
            text: shown(text),
            reason,
        })
    }
}

/// A text without the password that may be in it.
fn shown(text: &str) -> String {
    let hidden = || {
        let (scheme, rest) = text.split_once("://")?;
        let (user, rest) = rest.rsplit_once('@')?;
        let (user, _) = user.split_once(':')?;
        Some(format!("{scheme}://{user}:…@{rest}"))
    };
    hidden().unwrap_or_else(|| text.to_owned())
}

fn ssh(text: &str) -> Result<SshLocation, &'static str> {
    let (authority, directory) = text.split_at(text.find('/').ok_or("it names no directory")?);
    let (user, rest) = match authority.rsplit_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, authority),
    };
    if user.is_some_and(|user| user.contains(':')) {
        return Err("it has a password in it, which ssh does not take");
    }
    let (host, port) = host_and_port(rest)?;
    if !user.into_iter().chain([host]).all(is_word) {
        return Err("its user or host is no word that ssh can be given");
    }
    let directory = directory.strip_prefix("/~/").unwrap_or(directory);
    Ok(SshLocation {
        user: user.map(str::to_owned),
        host: host.to_owned(),
        port,
        path: path(directory)?,
    })
}

fn host_and_port(text: &str) -> Result<(&str, Option<u16>), &'static str> {
    let (host, port) = match text.strip_prefix('[') {
        Some(address) => address.split_once(']').ok_or("its address has no end")?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    if port.is_empty() {
        return Ok((host, None));
    }
    let number = port.strip_prefix(':').and_then(|port| port.parse().ok());
    let number = number.filter(|number| *number > 0);
    Ok((host, Some(number.ok_or("its port is no number")?)))
}

/// Whether it is one word that no program takes for an option.
fn is_word(text: &str) -> bool {
    let odd = |sign: char| {
        sign.is_whitespace() || sign.is_control() || "\"'\\`$;&|<>(){}#".contains(sign)
    };
    !text.is_empty() && !text.starts_with('-') && !text.contains(odd)
}

fn path(text: &str) -> Result<Utf8PathBuf, &'static str> {
    if text.trim_matches('/').is_empty() {
        return Err("it names no directory");
    }
    if text.contains(char::is_control) {
        return Err("it has several lines, or signs that cannot be seen");
    }
    let path = match text.trim_end_matches('/') {
        path if path.starts_with('-') => format!("./{path}"),
        path => path.to_owned(),
    };
    Ok(path.into())
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(formatter, "{path}"),
            Self::Ssh(ssh) => write!(formatter, "{ssh}"),
        }
    }
}

impl fmt::Display for SshLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ssh://")?;
        if let Some(user) = &self.user {
            write!(formatter, "{user}@")?;
        }
        if self.host.contains(':') {
            write!(formatter, "[{}]", self.host)?;
        } else {
            formatter.write_str(&self.host)?;
        }
        if let Some(port) = self.port {
            write!(formatter, ":{port}")?;
        }
        let home = if self.path.is_absolute() { "" } else { "/~/" };
        write!(formatter, "{home}{}", self.path)
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn explain(text: &str) -> String {
        text.parse::<Location>().unwrap_err().to_string()
    }

    #[test]
    fn directories_here_and_elsewhere_are_read() {
        let local = "/srv/state/".parse().unwrap();
        assert_eq!(Location::Directory("/srv/state".into()), local);
        let all = "ssh://ada@[fd00::1]:2222/srv/the state".parse().unwrap();
        let expected = SshLocation {
            user: Some("ada".into()),
            host: "fd00::1".into(),
            port: Some(2222),
            path: "/srv/the state".into(),
        };
        assert_eq!(Location::Ssh(expected), all);
        for text in [
            "ssh://web/~/state",
            "ssh://web:22/s",
            "ssh://a@web/s",
            "/s",
            "ssh://[::1]/s",
        ] {
            assert_eq!(text.parse::<Location>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        assert_snapshot!(explain("state"), @"the state cannot be shared in `state`: it is neither an absolute path nor begins with `ssh://`");
        assert_snapshot!(explain("https://web/state"), @"the state cannot be shared in `https://web/state`: only `ssh://` leads elsewhere");
        assert_snapshot!(explain("ssh://web"), @"the state cannot be shared in `ssh://web`: it names no directory");
        assert_snapshot!(explain("ssh://web/"), @"the state cannot be shared in `ssh://web/`: it names no directory");
        assert_snapshot!(explain("ssh://-oProxyCommand=sh/state"), @"the state cannot be shared in `ssh://-oProxyCommand=sh/state`: its user or host is no word that ssh can be given");
        assert_snapshot!(explain("ssh:///state"), @"the state cannot be shared in `ssh:///state`: its user or host is no word that ssh can be given");
        assert_snapshot!(explain("ssh://web:0/state"), @"the state cannot be shared in `ssh://web:0/state`: its port is no number");
        assert_snapshot!(explain("ssh://[::1/state"), @"the state cannot be shared in `ssh://[::1/state`: its address has no end");
        assert_snapshot!(explain("ssh://ada:hunter2@web/state"), @"the state cannot be shared in `ssh://ada:…@web/state`: it has a password in it, which ssh does not take");
        assert_snapshot!(explain("/state\n"), @"
        the state cannot be shared in `/state
        `: it has several lines, or signs that cannot be seen
        ");
    }

    proptest! {
        #[test]
        fn what_was_read_is_read_again(text in "(ssh://([a-z]{1,3}@)?([a-z-]{1,3}|\\[[0-9:]{2,4}\\])(:[0-9]{1,5})?)?/[a-z~/ -]{0,6}") {
            if let Ok(location) = text.parse::<Location>() {
                prop_assert_eq!(location.to_string().parse::<Location>().unwrap(), location);
            }
        }
    }
}
