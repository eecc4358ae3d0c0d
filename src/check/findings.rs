use std::ops::{BitOr, BitOrAssign};

/// What is not well, as bits of an exit code.
///
/// The first five are those of `nixops check` of NixOps 2.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Findings(u16);

impl Findings {
    /// Something does not exist.
    pub const MISSING: Self = Self(1);
    /// A machine is not up.
    pub const DOWN: Self = Self(2);
    /// A machine cannot be reached.
    pub const UNREACHABLE: Self = Self(4);
    /// A file system is full.
    pub const DISKS: Self = Self(8);
    /// Units failed.
    pub const UNITS: Self = Self(16);
    /// A health check failed.
    pub const HEALTH: Self = Self(256);
    /// Something is not as it was deployed.
    pub const DRIFT: Self = Self(32);
    /// Something could not be found out.
    pub const UNKNOWN: Self = Self(64);

    /// All of them with what is said of them.
    pub const ALL: [(Self, &str); 8] = [
        (Self::MISSING, "missing"),
        (Self::DOWN, "down"),
        (Self::UNREACHABLE, "unreachable"),
        (Self::DISKS, "with full disks"),
        (Self::UNITS, "with failed units"),
        (Self::HEALTH, "with failed health checks"),
        (Self::DRIFT, "not as deployed"),
        (Self::UNKNOWN, "unknown"),
    ];

    /// This, if it is so.
    #[must_use]
    pub fn when(self, is_so: bool) -> Self {
        if is_so { self } else { Self::default() }
    }

    /// Whether all of these are among them.
    pub fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Whether all is well.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The same as an exit code, which has no bit of its own for health checks: they are told as units.
    pub fn exit_code(self) -> u8 {
        let units = Self::UNITS.when(self.has(Self::HEALTH));
        (self | units).0.to_le_bytes()[0]
    }
}

impl BitOr for Findings {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Findings {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl FromIterator<Findings> for Findings {
    fn from_iter<I: IntoIterator<Item = Self>>(all: I) -> Self {
        all.into_iter().fold(Self::default(), BitOr::bitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_are_those_of_nixops_2_and_two_more() {
        let bits = Findings::ALL.map(|(finding, _)| finding.exit_code());
        assert_eq!(bits, [1, 2, 4, 8, 16, 16, 32, 64]);
    }

    #[test]
    fn findings_add_up() {
        let all = [Findings::DOWN, Findings::UNITS, Findings::DOWN];
        let all: Findings = all.into_iter().collect();
        assert_eq!(all.exit_code(), 18);
        assert!(all.has(Findings::UNITS) && !all.has(Findings::DISKS));
        assert!(Findings::DISKS.when(false).is_empty());
    }
}
