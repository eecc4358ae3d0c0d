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

    /// Nix knows nobody who could build a derivation.
    #[error(
        "nobody can build {}: it takes {}",
        needed(wanted, lacking),
        features(needs)
    )]
    NoBuilder {
        /// The derivation that was handed in.
        wanted: Utf8PathBuf,
        /// The derivation that could not be begun.
        lacking: Utf8PathBuf,
        /// The system, and features behind it.
        needs: Vec<String>,
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
    /// The error of a derivation for which another one failed, or itself.
    pub(super) fn of(wanted: &Utf8Path, failed: FailedDerivation) -> Self {
        let wanted = wanted.to_owned();
        match failed.needs() {
            Some(needs) => Self::NoBuilder {
                wanted,
                lacking: failed.drv,
                needs,
            },
            None => Self::Failed { wanted, failed },
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoBuilder { needs, .. } => {
                let system = needs.first().map_or("", String::as_str);
                Some(format!(
                    "let the machine build its own system (deployment.buildOnTarget, or --build-on-target for once), \
                     or name a builder (--builders 'ssh://HOST {system}'); if the machine is of another system, \
                     correct nixpkgs.hostPlatform"
                ))
            }
            Self::Failed { failed, .. } => Some(format!("the whole log: nix log {}", failed.drv)),
            Self::Nix { reason, .. } if reason.contains("No space left on device") => Some(
                "make room where the store is, for instance with `nix-collect-garbage`".to_owned(),
            ),
            // Of Nix 2.3 and older; the one here is newer.
            Self::Nix { reason, .. } if reason.contains("unknown flag '--log-format'") => Some(
                "the machine needs Nix 2.4 to build its own system: build it here (--no-build-on-target)"
                    .to_owned(),
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
    /// The system and the features that it lacked a builder of, if it was never begun for that.
    ///
    /// Old Nix: `a 'aarch64-linux' with features {kvm} is required to build …`; newer: `Required system:
    /// 'aarch64-linux' with features {kvm}`.
    fn needs(&self) -> Option<Vec<String>> {
        let reason = &self.reason;
        let from = match reason.find("Required system: '") {
            Some(at) => &reason[at..],
            None if reason.contains("is required to build") => reason,
            None => return None,
        };
        let system = from.split('\'').nth(1)?;
        let (_, features) = from.split_once("with features {")?;
        let (features, _) = features.split_once('}')?;
        let features = features.split(',').map(str::trim);
        let features = features.filter(|feature| !feature.is_empty());
        Some(
            [system]
                .into_iter()
                .chain(features)
                .map(str::to_owned)
                .collect(),
        )
    }
}

/// A derivation, and who needs it.
fn needed(wanted: &Utf8Path, needed: &Utf8Path) -> String {
    if wanted == needed {
        return format!("`{}`", name(wanted));
    }
    format!("`{}`, which `{}` needs", name(needed), name(wanted))
}

/// A machine that can build, in words.
fn features(needs: &[String]) -> String {
    match needs.split_first() {
        Some((system, [])) => format!("a machine of the system {system}"),
        Some((system, features)) => {
            format!(
                "a machine of the system {system} with {}",
                features.join(", ")
            )
        }
        None => "another machine".to_owned(),
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
    fn a_machine_with_an_old_nix_cannot_build() {
        // As Nix 2.3.7 says it.
        let error = BuildError::Nix {
            wanted: "/nix/store/aaa-x.drv".into(),
            reason: "unknown flag '--log-format'".into(),
        };
        assert!(error.hint().unwrap().contains("Nix 2.4"));
    }

    #[test]
    fn what_nobody_can_build_says_what_it_takes() {
        let old = "a 'aarch64-linux' with features {} is required to build '/nix/store/bbb-x.drv', \
                   but I am a 'x86_64-linux' with features {kvm}";
        let new = "required system or feature not available Required system: 'aarch64-linux' with features {} \
                   Current system: 'x86_64-linux' with features {kvm}";
        let kvm = "a 'x86_64-linux' with features {big, kvm} is required to build '/nix/store/bbb-x.drv', but";
        let error = |reason: &str| {
            let failed = FailedDerivation {
                drv: "/nix/store/bbb-x.drv".into(),
                reason: reason.into(),
                log: Vec::new(),
            };
            BuildError::of("/nix/store/aaa-system.drv".into(), failed)
        };
        for reason in [old, new] {
            let error = error(reason);
            assert_eq!(
                error.to_string(),
                "nobody can build `x`, which `system` needs: it takes a machine of the system aarch64-linux"
            );
            assert!(error.hint().unwrap().contains("'ssh://HOST aarch64-linux'"));
        }
        let error = error(kvm).to_string();
        assert!(
            error.ends_with("of the system x86_64-linux with big, kvm"),
            "{error}"
        );
    }
}
