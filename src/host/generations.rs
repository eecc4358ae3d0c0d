//! The generations of a host's system profile.

use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Host, Remote, Result};

/// A generation of the system profile.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Generation {
    /// Its number.
    pub number: u32,
    /// When it was made, in seconds since 1970.
    pub made: i64,
    /// The system that it is.
    #[schemars(with = "String")]
    pub system: Utf8PathBuf,
    /// The profile names it: it boots next.
    pub current: bool,
    /// It runs.
    pub running: bool,
    /// It was booted.
    pub booted: bool,
}

/// Tells of the profile and its links.
///
/// One line without single quotes, as [`SCRIPT`](super::look::SCRIPT).
const SCRIPT: &str = r#"cd /nix/var/nix/profiles 2>/dev/null || exit 0; echo "profile $(readlink system)"; for link in system-*-link; do if [ -L "$link" ]; then echo "$link $(stat -c %Y "$link") $(readlink -f "$link")"; fi; done"#;

impl Host {
    /// The generations of the system profile, oldest first.
    pub fn generations(&self) -> Result<Vec<Generation>> {
        let output = self.succeed(Remote::script("listing the generations", SCRIPT))?;
        let mut generations = read(&output.stdout_text());
        let look = self.look();
        mark(&mut generations, look.system.as_ref(), |one| {
            &mut one.running
        });
        mark(&mut generations, look.booted.as_ref(), |one| {
            &mut one.booted
        });
        Ok(generations)
    }

    /// Deletes generations of the system profile; the store keeps what they need until it is collected.
    pub fn delete_generations(&self, numbers: &[u32]) -> Result<()> {
        let profile = "/nix/var/nix/profiles/system";
        let words = ["nix-env", "--profile", profile, "--delete-generations"].map(str::to_owned);
        let numbers = numbers.iter().map(ToString::to_string);
        let remote = Remote::argv("deleting generations", words.into_iter().chain(numbers));
        self.succeed(remote.elevated()).map(drop)
    }
}

/// Says that a generation is the system at a path. Of several that are, it is the profile's own, or else the
/// newest.
fn mark(
    generations: &mut [Generation],
    system: Option<&Utf8PathBuf>,
    mark: impl Fn(&mut Generation) -> &mut bool,
) {
    let all = generations.iter_mut().rev();
    let same = all.filter(|one| Some(&one.system) == system);
    if let Some(one) = same.max_by_key(|one| (one.current, one.number)) {
        *mark(one) = true;
    }
}

fn read(text: &str) -> Vec<Generation> {
    let mut profile = None;
    let mut generations = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["profile", link] => profile = number(link),
            [link, made, system] => {
                generations.extend(number(link).zip(made.parse().ok()).map(|(number, made)| {
                    Generation {
                        number,
                        made,
                        system: system.into(),
                        current: false,
                        running: false,
                        booted: false,
                    }
                }));
            }
            _ => {}
        }
    }
    generations.sort_by_key(|one| one.number);
    for one in &mut generations {
        one.current = Some(one.number) == profile;
    }
    generations
}

/// The number in `system-12-link`.
fn number(link: &str) -> Option<u32> {
    let link = link.rsplit('/').next()?;
    link.strip_prefix("system-")?
        .strip_suffix("-link")?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_survives_every_login_shell() {
        assert!(!SCRIPT.contains('\'') && !SCRIPT.contains('\n') && !SCRIPT.contains('\\'));
    }

    #[test]
    fn generations_are_read_in_their_order_and_what_runs_is_one_of_them() {
        let mut all = read(
            "profile system-3-link\nsystem-10-link 30 /nix/store/b\nsystem-3-link 20 /nix/store/a\n\
             system-2-link 10 /nix/store/a\nmotd\n",
        );
        let system = Utf8PathBuf::from("/nix/store/a");
        mark(&mut all, Some(&system), |one| &mut one.running);
        mark(&mut all, None, |one| &mut one.booted);
        let told = all
            .iter()
            .map(|one| (one.number, one.made, one.current, one.running));
        let told: Vec<_> = told.collect();
        assert_eq!(
            told,
            [
                (2, 10, false, false),
                (3, 20, true, true),
                (10, 30, false, false)
            ]
        );
        assert!(all.iter().all(|one| !one.booted));
    }
}
