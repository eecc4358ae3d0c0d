use std::fmt;

/// The oldest Nix that has what we need (Debian 12 carries it).
pub const OLDEST: Version = Version {
    major: 2,
    minor: 8,
    patch: 0,
};

/// A version of Nix, or the one that a relative of it is compatible with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// 2 in 2.26.3.
    pub major: u32,
    /// 26 in 2.26.3.
    pub minor: u32,
    /// 3 in 2.26.3; 0 where there is none.
    pub patch: u32,
}

impl Version {
    /// Reads the first line of `nix --version`: `nix (<name>) <version>`.
    ///
    /// The name may hold a version of its own (`nix (Determinate Nix 3.6.2) 2.29.0`), so the last word counts.
    /// Development versions end in a date and a revision (`2.27.0pre20250101_abcdef`), which is left out.
    pub fn parse(said: &str) -> Option<Self> {
        let line = said.lines().next()?.trim();
        let rest = line.strip_prefix("nix ")?;
        let number = rest.rsplit(' ').next()?;
        let mut parts = number.split('.').map(leading_number);
        Some(Self {
            major: parts.next()??,
            minor: parts.next()??,
            patch: parts.next().flatten().unwrap_or(0),
        })
    }
}

impl Version {
    /// Whether `nix repl` takes what it shows as other commands do, and a file with `--file` (2.10 and newer).
    pub fn repl_takes_installables(self) -> bool {
        (self.major, self.minor) >= (2, 10)
    }

    /// Whether it was seen that each process reads what it evaluates and copies of a tree that is in the store.
    pub fn reads_what_it_copies(self) -> bool {
        let version = (self.major, self.minor);
        version < (2, 19) || version == (2, 26) || version == (2, 34)
    }

    /// The words by which `nix` may tell all settings, first those that are likely: `config show` since 2.20, but
    /// not every relative of Nix that counts higher has that.
    pub fn show_settings(self) -> [&'static [&'static str]; 2] {
        let (new, old): (&[&str], &[&str]) = (&["config", "show"], &["show-config"]);
        if (self.major, self.minor) >= (2, 20) {
            [new, old]
        } else {
            [old, new]
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

fn leading_number(part: &str) -> Option<u32> {
    let end = part
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(part.len());
    part[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_nix_and_its_relatives_are_read() {
        let cases = [
            ("nix (Nix) 2.8.0", "2.8.0"),
            ("nix (Nix) 2.34.8\n", "2.34.8"),
            ("nix (Lix, like Nix) 2.93", "2.93.0"),
            (
                "nix (Lix, like Nix) 2.93.0-dev-pre20250301-abcdef0\nSystem type: x",
                "2.93.0",
            ),
            ("nix (Determinate Nix 3.6.2) 2.29.0", "2.29.0"),
            ("nix (Nix) 2.27.0pre20250101_abcdef0", "2.27.0"),
            ("nix (Nix) 3.0pre", "3.0.0"),
        ];
        for (said, expected) in cases {
            assert_eq!(
                Version::parse(said)
                    .map(|version| version.to_string())
                    .as_deref(),
                Some(expected),
                "{said}"
            );
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for said in ["", "nix", "nix (Nix)", "bash 5.1", "nix (Nix) two"] {
            assert_eq!(Version::parse(said), None, "{said}");
        }
    }

    #[test]
    fn versions_are_ordered_by_number() {
        assert!(Version::parse("nix (Nix) 2.10.0") > Some(OLDEST));
        assert!(Version::parse("nix (Nix) 2.4") < Some(OLDEST));
    }
}
