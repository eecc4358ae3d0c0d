use camino::Utf8PathBuf;

/// What a host told at the first look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an answer of its own"
)]
pub struct Look {
    /// What runs: `/run/current-system`. None if the host is not NixOS, or was never activated.
    pub system: Option<Utf8PathBuf>,
    /// What the system profile points to.
    pub profile: Option<Utf8PathBuf>,
    /// What was booted: `/run/booted-system`.
    pub booted: Option<Utf8PathBuf>,
    /// Changes with each boot.
    pub boot_id: Option<String>,
    /// An activation failed, or was cut off, and none has succeeded since the last boot.
    pub unfinished: bool,
    /// It is NixOS: it says so (`/etc/NIXOS`), or the system that runs can be switched.
    pub nixos: bool,
    /// Nix is on the search path.
    pub nix: bool,
    /// SHA-256 of what it knows of the network's addresses, if it knows any.
    pub network: Option<String>,
    /// Keys were sent to it, and it keeps a list of them.
    pub keys: bool,
    /// The user's number; 0 needs no privilege escalation.
    pub uid: u32,
    /// The user's name.
    pub user: String,
}

/// Written before the first answer, on a line of its own: what login scripts print comes earlier.
pub(super) const BEGIN: &str = "nixops-look-begin";

/// Written after the last answer.
pub(super) const END: &str = "nixops-look-end";

/// The first command on a host: it answers, and then waits for the end of its input, which keeps the connection open.
///
/// One line without single quotes, so that every login shell hands it to `sh` unchanged. What the shell can do by itself starts no
/// program: a fleet is looked at all at once.
pub(super) const SCRIPT: &str = r#"echo; echo nixops-look-begin; for pair in system=/run/current-system profile=/nix/var/nix/profiles/system booted=/run/booted-system; do printf %s "${pair%%=*}="; cd -P "${pair#*=}" 2>/dev/null && pwd -P || echo; done; cd /; boot=""; { read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null; echo "boot_id=$boot"; for mark in /run/nixops/activating/*; do [ ! -e "$mark" ] || echo "unfinished=$mark"; done; { [ -e /etc/NIXOS ] || [ -e /run/current-system/bin/switch-to-configuration ]; } && echo nixos=yes; command -v nix-store >/dev/null 2>&1 && echo nix=yes; [ ! -e /var/lib/nixops/network.json ] || echo "network=$(sha256sum </var/lib/nixops/network.json)"; [ -d /var/lib/nixops/keys ] && echo keys=yes; LC_ALL=C id; echo nixops-look-end; while read -r rest; do :; done"#;

impl Look {
    /// Reads the answers from all that was written; none if they are not complete.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (answers, _) = text.rsplit_once(END)?;
        let (_, answers) = answers.rsplit_once(BEGIN)?;
        Self::parse(answers.lines())
    }

    /// Reads the answers; lines that are not known are left out.
    pub(super) fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut look = Self::default();
        let mut has_uid = false;
        for (key, value) in lines
            .into_iter()
            .filter_map(|line| line.trim_end().split_once('='))
        {
            match key {
                "system" => look.system = store_path(value),
                "profile" => look.profile = store_path(value),
                "booted" => look.booted = store_path(value),
                "boot_id" => look.boot_id = (!value.is_empty()).then(|| value.to_owned()),
                "unfinished" => look.unfinished |= !value.is_empty(),
                "network" => look.network = value.split_whitespace().next().map(str::to_owned),
                "keys" => look.keys = value == "yes",
                "nixos" => look.nixos = value == "yes",
                "nix" => look.nix = value == "yes",
                // As `id` writes it: `uid=0(root) gid=0(root) groups=0(root)`.
                "uid" => {
                    let who = value.split_whitespace().next()?;
                    let (uid, user) = who.split_once('(').unwrap_or((who, ""));
                    look.uid = uid.parse().ok()?;
                    user.trim_end_matches(')').clone_into(&mut look.user);
                    has_uid = true;
                }
                _ => {}
            }
        }
        has_uid.then_some(look)
    }
}

/// Of places where links may point, only store paths count.
fn store_path(value: &str) -> Option<Utf8PathBuf> {
    value.starts_with("/nix/store/").then(|| value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_survives_every_login_shell() {
        assert!(!SCRIPT.contains('\'') && !SCRIPT.contains('\n') && !SCRIPT.contains('\\'));
        assert!(SCRIPT.contains(BEGIN) && SCRIPT.contains(END));
    }

    #[test]
    fn what_a_login_script_leaves_without_a_line_end_does_not_hide_the_answer() {
        let script = format!("printf 'welcome'; {SCRIPT}");
        let mut shell = std::process::Command::new("sh");
        let output = shell.args(["-c", &script]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines = text.lines().skip_while(|line| *line != BEGIN);
        assert!(Look::parse(&mut lines).is_some(), "{text}");
    }

    #[test]
    fn what_was_cut_off_is_no_answer() {
        let whole = format!("hello\n{BEGIN}\nuid=0(root) gid=0(root)\n{END}\n");
        assert_eq!(Look::read(&whole).unwrap().user, "root");
        assert_eq!(Look::read(whole.split(END).next().unwrap()), None);
        assert_eq!(Look::read(""), None);
    }

    #[test]
    fn answers_are_read_and_missing_links_are_none() {
        let look = Look::parse([
            "system=/nix/store/aaa-nixos",
            "profile=/nix/var/nix/profiles/system",
            "booted=",
            "boot_id=8f2",
            "unfinished=switch",
            "nixos=yes",
            "nix=yes",
            "uid=1000(ada) gid=100(users) groups=100(users),1(wheel)",
        ]);
        let look = look.unwrap();
        assert_eq!(look.system.unwrap(), "/nix/store/aaa-nixos");
        assert_eq!((look.profile, look.booted), (None, None));
        assert!(look.unfinished && look.nixos);
        assert_eq!(
            (look.nix, look.uid, look.user.as_str()),
            (true, 1000, "ada")
        );
    }

    #[test]
    fn an_answer_without_a_user_is_none() {
        assert_eq!(
            Look::parse(["This account is currently not available."]),
            None
        );
    }
}
