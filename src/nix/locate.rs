use std::{env, process::Command};

use camino::{Utf8Path, Utf8PathBuf};

use super::{Error, OLDEST, Result, Version, store::Open};
use crate::process::Processes;

/// The programs of Nix that we start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `nix`
    Nix,
    /// `nix-instantiate`
    Instantiate,
    /// `nix-store`
    Store,
    /// `nix-daemon`
    Daemon,
}

impl Program {
    const ALL: [Self; 4] = [Self::Nix, Self::Instantiate, Self::Store, Self::Daemon];

    /// The name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nix => "nix",
            Self::Instantiate => "nix-instantiate",
            Self::Store => "nix-store",
            Self::Daemon => "nix-daemon",
        }
    }
}

/// The programs of one installation of Nix.
#[derive(Clone, Debug)]
pub struct Nix {
    /// In the order of [`Program::ALL`].
    programs: [Utf8PathBuf; 4],
    version: Version,
    is_relative: bool,
    settings: Vec<(String, String)>,
    pub(super) open: Open,
}

impl Nix {
    /// Finds the programs of Nix and checks their version.
    ///
    /// `place` is what the user named with `--nix-bin`, else `NIXOPS_NIX` counts; both may be the directory of the programs
    /// or the path of a program in it. Without either the programs come from the search path.
    pub fn locate(place: Option<&Utf8Path>, processes: &Processes) -> Result<Self> {
        let named = env::var("NIXOPS_NIX")
            .ok()
            .filter(|value| !value.is_empty());
        let place = place
            .map(Utf8Path::to_owned)
            .or(named.map(Utf8PathBuf::from));
        let programs = find(place.as_deref())?;
        let (version, is_relative) = ask_version(&programs[Program::Nix as usize], processes)?;
        Ok(Self {
            programs,
            version,
            is_relative,
            settings: Vec::new(),
            open: Open::default(),
        })
    }

    /// Gives every program these settings, as `--option NAME VALUE`.
    #[must_use]
    pub fn with_settings(self, settings: Vec<(String, String)>) -> Self {
        Self { settings, ..self }
    }

    /// The settings that every program gets.
    pub fn settings(&self) -> &[(String, String)] {
        &self.settings
    }

    /// The version of this Nix.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Whether it is a relative of Nix, which counts as Nix does and may work in other ways.
    pub fn is_relative(&self) -> bool {
        self.is_relative
    }

    /// The path of a program.
    pub fn path(&self, program: Program) -> &Utf8Path {
        &self.programs[program as usize]
    }

    /// Starts a command line with a program of Nix, in an environment that has flakes.
    pub fn command(&self, program: Program) -> Command {
        let mut command = Command::new(self.path(program));
        command.env(
            "NIX_CONFIG",
            configuration(env::var("NIX_CONFIG").ok().as_deref()),
        );
        for (name, value) in &self.settings {
            command.args(["--option", name, value]);
        }
        command
    }
}

/// Adds the features that we need to the user's `NIX_CONFIG`.
fn configuration(users: Option<&str>) -> String {
    const FEATURES: &str = "extra-experimental-features = nix-command flakes";
    match users.map(str::trim_end) {
        None | Some("") => FEATURES.to_owned(),
        Some(users) => format!("{users}\n{FEATURES}"),
    }
}

fn find(place: Option<&Utf8Path>) -> Result<[Utf8PathBuf; 4]> {
    let Some(place) = place else {
        return try_all(|program| find_in_path(program, None).ok_or(Error::Missing { program }));
    };
    let directory = if place.is_file() {
        place.parent().unwrap_or(place)
    } else {
        place
    };
    try_all(|program| {
        let found = find_in_path(program, Some(directory));
        found.ok_or_else(|| Error::MissingAt {
            program,
            path: place.to_owned(),
        })
    })
}

fn try_all(find: impl Fn(&'static str) -> Result<Utf8PathBuf>) -> Result<[Utf8PathBuf; 4]> {
    let [nix, instantiate, store, daemon] = Program::ALL.map(|program| find(program.name()));
    Ok([nix?, instantiate?, store?, daemon?])
}

fn find_in_path(program: &str, directory: Option<&Utf8Path>) -> Option<Utf8PathBuf> {
    let found = match directory {
        Some(directory) => which::which_in(program, Some(directory), env::current_dir().ok()?),
        None => which::which(program),
    };
    Utf8PathBuf::from_path_buf(found.ok()?).ok()
}

/// The version, and whether it is that of a relative.
fn ask_version(nix: &Utf8Path, processes: &Processes) -> Result<(Version, bool)> {
    let mut command = Command::new(nix);
    command.arg("--version");
    let output = processes
        .output(&mut command, "look for Nix", None)?
        .checked()?;
    let said = output.stdout_text();
    let version = Version::parse(&said).ok_or_else(|| Error::UnknownVersion {
        path: nix.to_owned(),
        said: said.trim().to_owned(),
    })?;
    if version < OLDEST {
        return Err(Error::TooOld {
            path: nix.to_owned(),
            version,
        });
    }
    Ok((version, !said.starts_with("nix (Nix) ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt as _};

    fn directory_with(programs: &[&str], version: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for program in programs {
            let path = directory.path().join(program);
            fs::write(&path, format!("#!/bin/sh\necho '{version}'\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        directory
    }

    fn locate(directory: &tempfile::TempDir, file: &str) -> Result<Nix> {
        let place = Utf8Path::from_path(directory.path()).unwrap().join(file);
        Nix::locate(Some(&place), &Processes::new())
    }

    const ALL: [&str; 4] = ["nix", "nix-instantiate", "nix-store", "nix-daemon"];

    #[test]
    fn a_directory_or_a_program_in_it_names_nix() {
        let directory = directory_with(&ALL, "nix (Nix) 2.9.1");
        for file in ["", "nix"] {
            let nix = locate(&directory, file).unwrap();
            assert_eq!(nix.version().to_string(), "2.9.1");
            assert_eq!(nix.path(Program::Store), directory.path().join("nix-store"));
        }
    }

    #[test]
    fn a_relative_of_nix_says_so() {
        for (said, is_relative) in [
            ("nix (Nix) 2.34.8", false),
            ("nix (Determinate Nix 3.17.0) 2.34.0", true),
            ("nix (Lix, like Nix) 2.93.0", true),
        ] {
            let nix = locate(&directory_with(&ALL, said), "").unwrap();
            assert_eq!(nix.is_relative(), is_relative, "{said}");
        }
    }

    #[test]
    fn a_place_without_all_programs_is_refused() {
        let directory = directory_with(&["nix", "nix-store"], "nix (Nix) 2.9.1");
        let error = locate(&directory, "").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("there is no program `nix-instantiate` at "),
            "{error}"
        );
        assert!(error.hint().is_some());
    }

    #[test]
    fn an_old_nix_is_refused() {
        let error = locate(&directory_with(&ALL, "nix (Nix) 2.3.16"), "").unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("is too old: at least 2.8.0 is needed"),
            "{error}"
        );
    }

    #[test]
    fn the_users_settings_are_kept() {
        assert_eq!(
            configuration(None),
            "extra-experimental-features = nix-command flakes"
        );
        assert_eq!(
            configuration(Some("cores = 2\n")),
            "cores = 2\nextra-experimental-features = nix-command flakes"
        );
    }
}
