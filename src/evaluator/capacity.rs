//! How many Nix processes evaluate at the same time.

use std::{fs, num::NonZero, thread};

/// Memory that a process is expected to need, in MiB.
///
/// A NixOS system takes 0.5 to 1.3 GiB while it is evaluated; nothing of it stays.
const EXPECTED_MEMORY: u64 = 1536;

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

/// Number of processes for `machines` machines, at least one.
pub fn workers(limits: Limits, machines: usize) -> NonZero<usize> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let memory = limits.memory.or_else(available_memory);
    choose(limits.workers, cores, memory, machines)
}

/// Number of processes for `resources` resources, which need little memory.
pub fn workers_of_resources(limits: Limits, resources: usize) -> NonZero<usize> {
    workers(limits, resources.div_ceil(RESOURCES_PER_PROCESS))
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

fn choose(
    wanted: Option<NonZero<usize>>,
    cores: usize,
    memory: Option<u64>,
    machines: usize,
) -> NonZero<usize> {
    let fitting = memory.map_or(usize::MAX, |memory| {
        usize::try_from(memory / EXPECTED_MEMORY).unwrap_or(usize::MAX)
    });
    let chosen = wanted.map_or(cores.min(fitting), NonZero::get);
    NonZero::new(chosen.min(machines)).unwrap_or(NonZero::<usize>::MIN)
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
mod tests {
    use super::*;

    #[test]
    fn little_memory_means_few_workers_but_never_none() {
        assert_eq!(choose(None, 16, Some(8 * 1024), 100).get(), 5);
        assert_eq!(choose(None, 16, Some(100), 100).get(), 1);
        assert_eq!(choose(None, 4, None, 100).get(), 4);
    }

    #[test]
    fn no_more_workers_than_machines() {
        assert_eq!(choose(None, 16, None, 3).get(), 3);
        assert_eq!(choose(NonZero::new(8), 2, None, 3).get(), 3);
    }

    #[test]
    fn what_the_user_says_counts_more_than_the_machine() {
        assert_eq!(choose(NonZero::new(8), 2, Some(10), 100).get(), 8);
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
