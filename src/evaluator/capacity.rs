//! How many Nix processes evaluate at the same time.

use std::{fs, num::NonZero, thread};

use super::heap::Heap;

/// Memory that a process is expected to need as long as none was measured, in MiB.
///
/// A NixOS system takes 0.5 to 1.3 GiB while it is evaluated; nothing of it stays.
pub const EXPECTED_MEMORY: u64 = 1536;

/// The least that is expected of a process, whatever earlier runs have measured, in MiB.
const LEAST_EXPECTED_MEMORY: u64 = 256;

/// Memory that is left to the rest of the machine, in MiB.
const RESERVED_MEMORY: u64 = 512;

/// Resources that are worth a process of their own.
const RESOURCES_PER_PROCESS: usize = 200;

/// Limits that a user sets; what is not set follows from the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Number of processes.
    pub workers: Option<NonZero<usize>>,
    /// Memory that all processes together may be expected to use, in MiB.
    pub memory: Option<u64>,
}

/// How many processes there may be, and what they share.
#[derive(Clone, Copy, Debug)]
pub struct Workers {
    /// The most at a time.
    pub most: NonZero<usize>,
    /// Whether there are as many, whatever they use.
    is_exact: bool,
    /// Memory for all of them, in MiB; what is not known is no limit.
    memory: Option<u64>,
    /// What one has needed in earlier runs, in MiB.
    pub remembered: Option<u64>,
    /// Whether what a process needs says which heap it begins with.
    fits_heaps: bool,
}

/// Processes for `machines` machines.
pub fn workers(limits: Limits, machines: usize) -> Workers {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    Workers {
        most: at_least_one(limits.workers.map_or(cores, NonZero::get).min(machines)),
        is_exact: limits.workers.is_some(),
        memory: limits.memory.or_else(available_memory),
        remembered: None,
        fits_heaps: false,
    }
}

/// Processes for `resources` resources, which need little memory.
pub fn workers_of_resources(limits: Limits, resources: usize) -> Workers {
    workers(limits, resources.div_ceil(RESOURCES_PER_PROCESS))
}

impl Workers {
    /// The same with heaps that fit what is measured, where earlier runs have measured that a process needs `size`.
    pub fn remembering(self, size: Option<u64>) -> Self {
        Self {
            remembered: size,
            fits_heaps: !Heap::is_set(),
            ..self
        }
    }

    /// Memory that a process is expected to need as long as none was measured, in MiB. Machines grow, so that is half as
    /// much again as one has needed in earlier runs.
    pub fn expected(self) -> u64 {
        let grown = |size: u64| size.saturating_add(size / 2).max(LEAST_EXPECTED_MEMORY);
        self.remembered.map_or(EXPECTED_MEMORY, grown)
    }

    /// Whether another process that needs `need` fits beside those of these sizes.
    pub fn admit(self, running: &[u64], need: u64) -> bool {
        self.is_exact || self.fit(running.iter().sum::<u64>() + need)
    }

    /// Whether a process of this size, one of those that run, may grow further where another one would
    /// need `least` to `need`.
    pub fn let_go_on(self, size: u64, running: &[u64], least: u64, need: u64) -> bool {
        let is_crowded =
            !self.is_exact && running.len() > 1 && !self.fit(running.iter().sum::<u64>());
        if is_crowded && running.len() > self.fitting(need).get() {
            return false;
        }
        let fits = self.share(need).is_none_or(|share| size <= share) && !is_crowded;
        // Nothing is gained by a process that would be as large.
        fits || size <= least + least / 4
    }

    /// The heap that a process begins with that needs at least `need`, where `size` was measured.
    pub fn heap(self, size: Option<u64>, need: u64) -> Heap {
        let size = size.filter(|_| self.fits_heaps);
        Heap::fitting(size).within(self.share(need))
    }

    /// What one process may use, in MiB, if it needs at least `need`.
    fn share(self, need: u64) -> Option<u64> {
        let processes = self.fitting(need).get();
        Some(self.memory? / u64::try_from(processes).unwrap_or(u64::MAX))
    }

    /// How many processes that need so much there may be.
    fn fitting(self, need: u64) -> NonZero<usize> {
        match self.memory {
            Some(memory) if !self.is_exact => {
                let fitting = usize::try_from(memory / need.max(1)).unwrap_or(usize::MAX);
                at_least_one(fitting.min(self.most.get()))
            }
            _ => self.most,
        }
    }

    fn fit(self, sum: u64) -> bool {
        self.memory.is_none_or(|memory| sum <= memory)
    }
}

fn at_least_one(number: usize) -> NonZero<usize> {
    NonZero::new(number).unwrap_or(NonZero::<usize>::MIN)
}

/// Memory that is there for us, in MiB, with some left to others.
fn available_memory() -> Option<u64> {
    let machine = || free_memory(&fs::read_to_string("/proc/meminfo").ok()?);
    let container = || {
        let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?;
        let used = fs::read_to_string("/sys/fs/cgroup/memory.current").ok()?;
        free_memory_of_container(&limit, &used)
    };
    let free = [machine(), container()].into_iter().flatten().min()?;
    Some(free.saturating_sub(RESERVED_MEMORY))
}

/// Memory that is available, in MiB, from the text of `/proc/meminfo` (see proc(5)).
fn free_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024)
}

/// Memory that a container may still take, in MiB, from the texts of `memory.max` and
/// `memory.current` of its control group (version 2); none if there is no limit.
fn free_memory_of_container(limit: &str, used: &str) -> Option<u64> {
    let limit: u64 = limit.trim().parse().ok()?;
    let used: u64 = used.trim().parse().ok()?;
    Some(limit.saturating_sub(used) / (1024 * 1024))
}

#[cfg(test)]
impl Workers {
    /// At most so many, as far as they fit into memory.
    pub fn sharing(most: usize, memory: u64) -> Self {
        Self {
            most: at_least_one(most),
            is_exact: false,
            memory: Some(memory),
            remembered: None,
            fits_heaps: false,
        }
    }

    /// As many as this.
    pub fn exactly(most: usize, memory: Option<u64>) -> Self {
        Self {
            most: at_least_one(most),
            is_exact: true,
            memory,
            remembered: None,
            fits_heaps: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_workers_than_machines_and_never_none() {
        let limits = Limits {
            workers: NonZero::new(8),
            memory: None,
        };
        assert_eq!(workers(limits, 100).most.get(), 8);
        assert_eq!(workers(limits, 3).most.get(), 3);
        assert_eq!(workers(limits, 0).most.get(), 1);
    }

    #[test]
    fn memory_is_shared_by_those_that_fit() {
        let workers = Workers::sharing(16, 4000);
        assert_eq!(workers.share(1500), Some(2000));
        assert_eq!(workers.share(100), Some(250));
        assert_eq!(workers.share(5000), Some(4000));
        assert_eq!(Workers::exactly(2, Some(4000)).share(3000), Some(2000));
        assert_eq!(Workers::exactly(2, None).share(3000), None);
    }

    #[test]
    fn what_is_remembered_is_expected_with_something_to_spare() {
        let expected = |size| Workers::sharing(4, 4000).remembering(size).expected();
        assert_eq!(expected(None), EXPECTED_MEMORY);
        assert_eq!(expected(Some(10)), LEAST_EXPECTED_MEMORY);
        assert_eq!(expected(Some(1000)), 1500);
        assert_eq!(expected(Some(u64::MAX)), u64::MAX);
    }

    #[test]
    fn a_heap_fits_what_was_measured_of_machines_and_the_share() {
        let of_resources = Workers::sharing(16, 4000);
        let heap = |workers: Workers, memory| workers.heap(Some(100), memory);
        assert_eq!(heap(of_resources, 1500), Heap::default());
        assert_eq!(heap(of_resources, 100), Heap::fitting(Some(125)));
        let of_machines = of_resources.remembering(None);
        assert_eq!(heap(of_machines, 1500), Heap::fitting(Some(100)));
        assert_eq!(of_machines.heap(None, 1500), Heap::default());
    }

    #[test]
    fn a_container_without_a_limit_has_what_the_machine_has() {
        assert_eq!(free_memory_of_container("max\n", "1048576\n"), None);
        assert_eq!(free_memory_of_container("3145728\n", "1048576\n"), Some(2));
    }

    #[test]
    fn available_memory_is_read_in_mebibytes() {
        let meminfo = "MemTotal:       24576000 kB\nMemAvailable:    2048000 kB\n";
        assert_eq!(free_memory(meminfo), Some(2000));
        assert_eq!(free_memory("nothing"), None);
    }
}
