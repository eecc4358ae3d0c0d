//! How a host fares: its load, its units, its file systems.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Host, Remote, Result};
use crate::process::{self, Stream};

/// How a host fares, as far as it told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// How many programs wanted to run, on average over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Units that are not at rest; none where there is no systemd to ask.
    pub units: Option<Units>,
    /// File systems; none where nothing told.
    pub file_systems: Option<Vec<FileSystem>>,
    /// Whether all was told in time.
    pub is_complete: bool,
}

/// Units of systemd that are not at rest.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Units {
    /// Those that failed, and those that systemd starts again and again because they do.
    pub failed: Vec<String>,
    /// Those that start, stop or reload.
    pub in_progress: Vec<String>,
}

/// A file system of a host.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileSystem {
    /// Where it is mounted.
    pub mounted_on: String,
    /// How much of its room is used, in percent.
    pub used: u8,
    /// How many of its inodes are used, in percent; null where it has no fixed number of them.
    pub inodes_used: Option<u8>,
}

/// Written before the first answer; what login scripts print comes earlier.
const BEGIN: &str = "nixops-health-begin";

/// Written after the last answer.
const END: &str = "nixops-health-end";

/// Asks for everything; what may hang comes last, and is ended where there is a `timeout`.
///
/// One line without single quotes, as [`SCRIPT`](super::look::SCRIPT).
const SCRIPT: &str = r#"echo; echo nixops-health-begin; echo "load=$(cat /proc/loadavg 2>/dev/null)"; limit=""; command -v timeout >/dev/null 2>&1 && limit="timeout 10"; if [ -d /run/systemd/system ] && units=$($limit systemctl list-units --all --full --plain --no-legend --no-pager --state=failed,activating,deactivating,reloading 2>/dev/null); then echo units=known; echo "$units" | while read -r unit; do echo "unit=$unit"; done; fi; ($limit df -PTkl || $limit df -Pk) 2>/dev/null | while read -r row; do echo "room=$row"; done; ($limit df -PTil || $limit df -Pi) 2>/dev/null | while read -r row; do echo "inodes=$row"; done; echo nixops-health-end"#;

/// Types of file systems that are full by their nature.
const ALWAYS_FULL: [&str; 7] = [
    "squashfs", "iso9660", "udf", "erofs", "cramfs", "romfs", "efivarfs",
];

impl Host {
    /// Asks how the host fares. What it does not tell within the time stays unknown.
    pub fn health(&self, within: Duration) -> Result<Health> {
        let mut told = Vec::new();
        let mut lines = |stream, line: &str| {
            if stream == Stream::Stdout {
                told.push(line.to_owned());
            }
        };
        let remote = Remote::script("asking", SCRIPT);
        match self.run(remote.timeout(within).lines(&mut lines)) {
            Ok(_) | Err(super::Error::Process(process::Error::TimedOut { .. })) => {
                Ok(Health::read(told.iter().map(String::as_str)))
            }
            Err(error) => Err(error),
        }
    }
}

impl Health {
    /// Reads the answers; what is not understood is left out.
    fn read<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let lines = lines.into_iter().map(str::trim_end);
        let mut health = Self::default();
        let mut rooms: Vec<Row<'_>> = Vec::new();
        let mut inodes: Vec<Row<'_>> = Vec::new();
        for line in lines.skip_while(|line| *line != BEGIN) {
            match line.split_once('=') {
                Some(("load", text)) => health.load = load(text),
                Some(("units", "known")) => health.units = Some(Units::default()),
                Some(("unit", text)) => health.units.get_or_insert_default().add(text),
                Some(("room", text)) => add(&mut rooms, text),
                Some(("inodes", text)) => add(&mut inodes, text),
                None if line == END => health.is_complete = true,
                _ => {}
            }
        }
        if !rooms.is_empty() {
            let of = |room: &Row<'_>| inodes.iter().find(|row| row.mounted_on == room.mounted_on);
            let rooms = rooms.iter().filter(|room| !room.is_always_full());
            let file_systems = rooms.map(|room| FileSystem {
                mounted_on: room.mounted_on.to_owned(),
                used: room.used,
                inodes_used: of(room).map(|row| row.used),
            });
            health.file_systems = Some(file_systems.collect());
        }
        health
    }
}

impl FileSystem {
    /// Whether it is full: whether that many percent of its room, or of its inodes, are used.
    pub fn is_full(&self, percent: u8) -> bool {
        self.used >= percent || self.inodes_used.is_some_and(|used| used >= percent)
    }
}

impl Units {
    /// Takes a line of `systemctl list-units`: name, load, active, sub, description.
    fn add(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let name = words.next();
        let (_, active, sub) = (words.next(), words.next(), words.next());
        match (name, active, sub) {
            (Some(name), Some("failed"), _)
            | (Some(name), Some("activating"), Some("auto-restart")) => {
                self.failed.push(name.to_owned());
            }
            (Some(name), Some("activating" | "deactivating" | "reloading"), _) => {
                self.in_progress.push(name.to_owned());
            }
            _ => {}
        }
    }
}

/// A row of `df -P`, with the type of the file system or without.
struct Row<'a> {
    kind: Option<&'a str>,
    used: u8,
    mounted_on: &'a str,
}

impl<'a> Row<'a> {
    /// Reads a row. Those of what has no size, and the titles, have no number before their sign of percent.
    fn parse(text: &'a str) -> Option<Self> {
        let percent = |word: &str| word.strip_suffix('%')?.parse::<u8>().ok();
        let words: Vec<&str> = text.split_whitespace().collect();
        let at = words.iter().position(|word| percent(word).is_some())?;
        let (_, mounted_on) = text.split_once(words[at])?;
        let mounted_on = mounted_on.trim();
        let kind = (at >= 5).then(|| words[at - 4]);
        Some(Self {
            kind,
            used: percent(words[at])?,
            mounted_on,
        })
        .filter(|row| !row.mounted_on.is_empty())
    }

    fn is_always_full(&self) -> bool {
        self.kind.is_some_and(|kind| ALWAYS_FULL.contains(&kind))
    }
}

/// Adds a row, unless the same file system has one: a `df` that fails half-way is asked again.
fn add<'a>(rows: &mut Vec<Row<'a>>, text: &'a str) {
    let row = Row::parse(text);
    let is_new = |row: &Row<'_>| rows.iter().all(|other| other.mounted_on != row.mounted_on);
    let row = row.filter(is_new);
    rows.extend(row);
}

fn load(text: &str) -> Option<[f64; 3]> {
    let mut words = text.split_whitespace().map(|word| word.parse().ok());
    let mut next = || words.next().flatten();
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "welcome
nixops-health-begin
load=0.15 0.10 0.05 2/345 6789
units=known
unit=nginx.service loaded failed failed A web server
unit=flap.service loaded activating auto-restart Falls over
unit=backup.service loaded activating start Start of a backup
unit=
room=Filesystem Type 1024-blocks Used Available Capacity Mounted on
room=/dev/vda1 ext4 1000 970 30 97% /
room=tmpfs tmpfs 1000 10 990 1% /run
room=/dev/loop0 squashfs 500 500 0 100% /nix/.ro-store
room=/dev/vdb ext4 1000 500 500 50% /srv/my data
inodes=Filesystem Type Inodes IUsed IFree IUse% Mounted on
inodes=/dev/vda1 ext4 100 20 80 20% /
inodes=/dev/vdb ext4 100 100 0 100% /srv/my data
inodes=tmpfs tmpfs 0 0 0 - /run
nixops-health-end";

    #[test]
    fn the_script_survives_every_login_shell() {
        assert!(!SCRIPT.contains('\'') && !SCRIPT.contains('\n') && !SCRIPT.contains('\\'));
        assert!(SCRIPT.contains(BEGIN) && SCRIPT.contains(END));
    }

    #[test]
    fn the_script_runs_in_a_plain_shell_and_its_answers_are_read() {
        let mut shell = std::process::Command::new("sh");
        let output = shell.args(["-c", SCRIPT]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let health = Health::read(text.lines());
        assert!(health.is_complete && health.load.is_some(), "{text}");
        let systems = health.file_systems.unwrap();
        assert!(
            systems
                .iter()
                .all(|system| system.mounted_on.starts_with('/')),
            "{systems:?}"
        );
    }

    #[test]
    fn units_that_failed_or_are_started_again_and_again_are_told_from_those_under_way() {
        let health = Health::read(TOLD.lines());
        let units = health.units.unwrap();
        assert_eq!(units.failed, ["nginx.service", "flap.service"]);
        assert_eq!(units.in_progress, ["backup.service"]);
        assert_eq!(health.load, Some([0.15, 0.10, 0.05]));
    }

    #[test]
    fn file_systems_are_full_by_their_room_or_by_their_inodes_and_images_never() {
        let systems = Health::read(TOLD.lines()).file_systems.unwrap();
        let full = |percent| {
            let full = systems.iter().filter(|system| system.is_full(percent));
            full.map(|system| system.mounted_on.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(full(95), ["/", "/srv/my data"]);
        assert_eq!(full(98), ["/srv/my data"]);
        assert_eq!(systems.len(), 3);
        assert_eq!(systems[1].inodes_used, None);
    }

    #[test]
    fn rows_without_a_type_are_read_too() {
        let row = Row::parse("/dev/vda1 1000 970 30 97% /").unwrap();
        assert_eq!((row.kind, row.used, row.mounted_on), (None, 97, "/"));
        assert!(Row::parse("none 0 0 0 - /x").is_none());
    }

    #[test]
    fn a_host_without_systemd_has_unknown_units_not_none_that_failed() {
        let told = TOLD.lines().filter(|line| !line.starts_with("unit"));
        assert_eq!(Health::read(told).units, None);
    }

    #[test]
    fn what_was_cut_off_is_not_complete_and_what_came_is_kept() {
        let health = Health::read(TOLD.lines().take(4));
        assert!(!health.is_complete && health.load.is_some());
        assert_eq!(health.file_systems, None);
    }
}
