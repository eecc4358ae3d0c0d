use camino::{Utf8Path, Utf8PathBuf};

use super::super::Error;

/// Why the output of a derivation is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A derivation failed to build: the wanted one, or one that it needs.
    #[error("{}", sentence(wanted, failed))]
    Failed {
        /// The derivation that was handed in.
        wanted: Utf8PathBuf,
        /// The derivation that failed.
        failed: FailedDerivation,
    },

    /// Nix could not get as far as building it.
    #[error("cannot build {wanted}: {reason}")]
    Nix {
        /// The derivation that was handed in.
        wanted: Utf8PathBuf,
        /// What Nix said.
        reason: String,
    },

    /// The run was interrupted.
    #[error("building {wanted} was interrupted")]
    Interrupted {
        /// The derivation that was handed in.
        wanted: Utf8PathBuf,
    },

    /// The store could not be asked.
    #[error("cannot build {wanted}")]
    Store {
        /// The derivation that was handed in.
        wanted: Utf8PathBuf,
        /// Why not.
        #[source]
        source: Box<Error>,
    },
}

/// A derivation whose build failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedDerivation {
    /// The derivation.
    pub drv: Utf8PathBuf,
    /// What Nix said of it, such as `builder … failed with exit code 1`.
    pub reason: String,
    /// The last lines that its builder wrote.
    pub log: Vec<String>,
}

impl BuildError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Failed { failed, .. } if failed.lacks_builder() => Some(
                "no builder of this Nix can do that: check nixpkgs.hostPlatform of the machine, or \
                 give Nix a builder with `--option builders`"
                    .to_owned(),
            ),
            Self::Failed { failed, .. } => Some(format!("the whole log: nix log {}", failed.drv)),
            Self::Nix { reason, .. } if reason.contains("No space left on device") => Some(
                "make room where the store is, for instance with `nix-collect-garbage`".to_owned(),
            ),
            _ => None,
        }
    }

    /// Tells whether the run was interrupted, which is no fault of the build.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted { .. })
    }
}

impl FailedDerivation {
    /// Whether it was never begun, for want of a machine of its system or with its features.
    fn lacks_builder(&self) -> bool {
        self.reason.contains("is required to build")
            || self
                .reason
                .to_lowercase()
                .contains("required system or feature not available")
    }
}

fn sentence(wanted: &Utf8Path, failed: &FailedDerivation) -> String {
    let needed_by = if failed.drv == wanted {
        String::new()
    } else {
        format!(", which `{}` needs", name(wanted))
    };
    let first = format!(
        "building `{}` failed{needed_by}: {}",
        name(&failed.drv),
        failed.reason
    );
    let log = failed.log.iter().flat_map(|line| ["\n  ", line]);
    std::iter::once(first.as_str()).chain(log).collect()
}

/// The name of a derivation: what stands between digest and `.drv`.
pub(super) fn name(drv: &Utf8Path) -> &str {
    let file = drv.file_name().unwrap_or(drv.as_str());
    let name = file.split_once('-').map_or(file, |(_, name)| name);
    name.strip_suffix(".drv").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_dependency_is_named_with_who_needs_it() {
        let error = BuildError::Failed {
            wanted: "/nix/store/aaa-nixos-system-web.drv".into(),
            failed: FailedDerivation {
                drv: "/nix/store/bbb-nginx-1.drv".into(),
                reason: "builder failed with exit code 1".into(),
                log: vec!["no rule".into()],
            },
        };
        assert_eq!(
            error.to_string(),
            "building `nginx-1` failed, which `nixos-system-web` needs: builder failed with exit code 1\n  no rule"
        );
        assert_eq!(
            error.hint().as_deref(),
            Some("the whole log: nix log /nix/store/bbb-nginx-1.drv")
        );
    }

    #[test]
    fn what_was_never_begun_has_no_log() {
        let old = "a 'aarch64-linux' with features {} is required to build '/nix/store/bbb-x.drv', \
                   but I am a 'x86_64-linux' with features {}";
        let new = "required system or feature not available Required system: 'aarch64-linux'";
        for reason in [old, new] {
            let error = BuildError::Failed {
                wanted: "/nix/store/aaa-nixos-system-web.drv".into(),
                failed: FailedDerivation {
                    drv: "/nix/store/bbb-x.drv".into(),
                    reason: reason.into(),
                    log: Vec::new(),
                },
            };
            assert!(error.hint().unwrap().starts_with("no builder"));
        }
    }
}
