//! The heap that a process of Nix begins with.
//!
//! Nix asks for 384 MiB, or a quarter of memory if that is less, and collects garbage when that is full: ten small
//! machines, all but one of which nobody needs any more. Collecting costs what is in use, which is a machine and a half
//! in the middle of one, and next to nothing between two of them. So a process of small machines begins with a heap that
//! holds one of them, and between machines it is made to collect what the last one has left (`collection` of
//! `lib/bridge.nix`). That takes a quarter of the memory, and hardly more time.
//!
//! A machine that is larger collects while it grows, and the more often the smaller the heap was at first. So nobody begins
//! with a small one before it is known that machines are small.

use std::env;

/// By this variable the garbage collector of Nix is told how large a heap is at the start, in bytes.
const VARIABLE: &str = "GC_INITIAL_HEAP_SIZE";

/// What Nix asks for, in MiB.
const OF_NIX: u64 = 384;

/// The least that is worth being asked for instead, where memory is little.
const LEAST: u64 = 32;

/// The least that is asked for instead, where it is not.
const LEAST_FITTING: u64 = 64;

/// What a process begins with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Heap(Option<u64>);

impl Heap {
    /// Whether the user has said what processes begin with.
    pub fn is_set() -> bool {
        env::var_os(VARIABLE).is_some()
    }

    /// One that holds a machine for which a process needs `size` MiB; that of Nix if it is not known, or large.
    pub fn fitting(size: Option<u64>) -> Self {
        let small = size.filter(|size| *size < OF_NIX / 2);
        Self(small.map(|size| size.max(LEAST_FITTING)))
    }

    /// The same where the process may use no more than `share` MiB for everything.
    pub fn within(self, share: Option<u64>) -> Self {
        let Some(half) = share.map(|share| share / 2) else {
            return self;
        };
        let size = self.0.unwrap_or(OF_NIX).min(half);
        Self(Some(size.max(LEAST)).filter(|size| *size < OF_NIX))
    }

    /// Whether a process that began with this one need not be replaced where another one would begin with `fitting`.
    pub fn is_like(self, fitting: Self) -> bool {
        match (self.0, fitting.0) {
            (Some(size), Some(fitting)) => fitting < 2 * size,
            (size, fitting) => size == fitting,
        }
    }

    /// The variable of the environment that asks for it where it is not that of Nix, unless the user has set that.
    pub fn variable(self) -> Option<(&'static str, String)> {
        let size = self.0.filter(|_| !Self::is_set())?;
        Some((VARIABLE, (size * 1024 * 1024).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_machines_have_a_small_heap_as_soon_as_they_are_known_to_be_small() {
        assert_eq!(Heap::fitting(None), Heap(None));
        assert_eq!(Heap::fitting(Some(40)), Heap(Some(LEAST_FITTING)));
        assert_eq!(Heap::fitting(Some(100)), Heap(Some(100)));
        assert_eq!(Heap::fitting(Some(500)), Heap(None));
    }

    #[test]
    fn a_small_share_means_a_small_heap() {
        assert_eq!(Heap(None).within(None), Heap(None));
        assert_eq!(Heap(None).within(Some(2000)), Heap(None));
        assert_eq!(Heap(None).within(Some(250)), Heap(Some(125)));
        assert_eq!(Heap(Some(100)).within(Some(250)), Heap(Some(100)));
        assert_eq!(Heap(Some(100)).within(Some(150)), Heap(Some(75)));
        assert_eq!(Heap(Some(100)).within(Some(1)), Heap(Some(LEAST)));
    }

    #[test]
    fn a_heap_of_another_kind_is_another_one() {
        assert!(Heap(None).is_like(Heap(None)));
        assert!(!Heap(None).is_like(Heap(Some(64))));
        assert!(!Heap(Some(64)).is_like(Heap(None)));
        assert!(!Heap(Some(64)).is_like(Heap(Some(128))));
        assert!(Heap(Some(64)).is_like(Heap(Some(100))) && Heap(Some(100)).is_like(Heap(Some(64))));
    }
}
