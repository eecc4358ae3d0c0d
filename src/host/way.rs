//! The way for programs that a person runs: ssh itself, scp and sshfs, with what we know of the machine.

use std::process::Command;

use super::ssh::Files;

/// How a program that a person runs reaches a machine. Its files are there as long as this lives.
#[derive(Debug)]
pub struct Way(Kind);

#[derive(Debug)]
enum Kind {
    Ssh { host: String, files: Files },
    Prefix(Vec<String>),
}

impl Way {
    pub(super) fn ssh(host: &str, files: Files) -> Self {
        let host = host.to_owned();
        Self(Kind::Ssh { host, files })
    }

    pub(super) fn prefix(words: &[String]) -> Self {
        Self(Kind::Prefix(words.to_vec()))
    }

    /// A command of the person on the machine, or a shell if there are no words. Each word arrives as it is:
    /// no shell on the way reads anything in it.
    ///
    /// None if flags of ssh, or a user, are asked for where there is no ssh.
    pub fn session(
        &self,
        user: Option<&str>,
        flags: &[String],
        words: &[String],
    ) -> Option<Command> {
        match &self.0 {
            Kind::Ssh { host, files } => {
                let mut command = Command::new("ssh");
                command.args(["-F", files.config.as_str()]);
                command.args(user.into_iter().flat_map(|user| ["-l", user]));
                command.args(flags).args(["--", host]);
                command.args((!words.is_empty()).then(|| shell_words::join(words)));
                Some(command)
            }
            Kind::Prefix(_) if user.is_some() || !flags.is_empty() => None,
            Kind::Prefix(prefix) => {
                let shell = ["sh", "-c", "exec \"${SHELL:-sh}\" -l"].map(str::to_owned);
                let words = if words.is_empty() { &shell } else { words };
                let mut all = prefix.iter().chain(words);
                let mut command = Command::new(all.next().map_or("", String::as_str));
                command.args(all);
                Some(command)
            }
        }
    }

    /// The file of the machine at `path`, and the configuration with which scp and sshfs find it; none where
    /// there is no ssh.
    pub fn file(&self, user: Option<&str>, path: &str) -> Option<(String, &str)> {
        let Kind::Ssh { host, files } = &self.0 else {
            return None;
        };
        let (own, name) = match host.rsplit_once('@') {
            Some((own, name)) => (Some(own), name),
            None => (None, host.as_str()),
        };
        let name = if name.contains(':') {
            format!("[{name}]")
        } else {
            name.to_owned()
        };
        let user = user
            .or(own)
            .map_or_else(String::new, |user| format!("{user}@"));
        Some((format!("{user}{name}:{path}"), files.config.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(host: &str) -> Way {
        let files = Files {
            config: "/nowhere/config".into(),
            control: "/nowhere/control".into(),
            key: None,
            known_hosts: None,
        };
        Way::ssh(host, files)
    }

    fn line(command: &Command) -> String {
        crate::process::command_line(command)
    }

    #[test]
    fn words_arrive_as_they_are() {
        let words = ["echo", "a b", "$(x)"].map(str::to_owned);
        let command = way("web").session(Some("ada"), &["-t".to_owned()], &words);
        assert_eq!(
            line(&command.unwrap()),
            "ssh -F /nowhere/config -l ada -t -- web 'echo '\\''a b'\\'' '\\''$(x)'\\'''"
        );
        let shell = way("web").session(None, &[], &[]).unwrap();
        assert_eq!(line(&shell), "ssh -F /nowhere/config -- web");
    }

    #[test]
    fn a_file_is_named_with_its_user_and_an_address_in_brackets() {
        let file = |host, user| way(host).file(user, "/etc").unwrap().0;
        assert_eq!(file("web", None), "web:/etc");
        assert_eq!(file("ada@::1", None), "ada@[::1]:/etc");
        assert_eq!(file("ada@web", Some("root")), "root@web:/etc");
    }

    #[test]
    fn a_prefix_has_a_shell_and_no_ssh() {
        let way = Way::prefix(&["docker", "exec", "web"].map(str::to_owned));
        let shell = way.session(None, &[], &[]).unwrap();
        assert_eq!(
            line(&shell),
            "docker exec web sh -c 'exec \"${SHELL:-sh}\" -l'"
        );
        assert!(way.session(Some("ada"), &[], &[]).is_none());
        assert!(way.file(None, "/etc").is_none());
    }
}
