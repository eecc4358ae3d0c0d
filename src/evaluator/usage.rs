//! What the processes of a pool use, and whether that leaves room for another one.
//!
//! The heap of Nix hardly ever shrinks, so the most memory that a process has used (`VmHWM`, see proc(5)) is
//! what it costs. Its first machine says what a process needs at least; what comes on top is garbage that
//! is not collected yet, and what machines have retained. Where there is no `/proc`, nothing is
//! measured, and each process counts as what is expected of it.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
};

use super::{capacity::Workers, heap::Heap};

/// How many measurements count: so soon a heavy machine among light ones is forgotten.
const MEASUREMENTS: usize = 8;

/// What no Nix that has evaluated something gets by with, in MiB: a program around it was measured.
const LEAST_MEMORY: u64 = 16;

/// The processes of a pool.
#[derive(Debug)]
pub struct Usage {
    workers: Workers,
    /// The most memory that a process has used, in MiB.
    look: fn(u32) -> Option<u64>,
    running: BTreeMap<usize, Process>,
    /// What the last processes needed for their first machine, in MiB.
    measured: VecDeque<u64>,
    /// The largest of all that were measured, in MiB.
    largest: Option<u64>,
}

/// A process that was admitted.
#[derive(Debug, Default)]
struct Process {
    /// Its id, once it was started.
    id: Option<u32>,
    /// The heap that it began with.
    heap: Heap,
    /// Whether it is through with its first machine.
    is_measured: bool,
}

impl Usage {
    /// Nothing runs.
    pub fn new(workers: Workers) -> Self {
        Self {
            workers,
            look: peak,
            running: BTreeMap::new(),
            measured: VecDeque::new(),
            largest: None,
        }
    }

    /// Number of processes.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Whether there is room for another process.
    pub fn has_room(&self) -> bool {
        let (need, most) = (self.need(), self.workers.most.get());
        self.running.is_empty()
            || self.running.len() < most && self.workers.admit(&self.sizes(need), need)
    }

    /// Admits a process, and gives the heap that it is to begin with.
    pub fn admit(&mut self, process: usize) -> Heap {
        let heap = self.heap();
        let admitted = Process {
            heap,
            ..Process::default()
        };
        self.running.insert(process, admitted);
        heap
    }

    /// Takes note of the id of a process.
    pub fn started(&mut self, process: usize, id: u32) {
        if let Some(process) = self.running.get_mut(&process) {
            process.id = Some(id);
        }
    }

    /// Looks at a process that is through with a machine; whether it may go on with the next one.
    pub fn may_go_on(&mut self, process: usize) -> bool {
        let Some(process) = self.running.get_mut(&process) else {
            return true;
        };
        let Some(size) = process.id.and_then(self.look) else {
            return true;
        };
        if !process.is_measured {
            process.is_measured = true;
            self.measured.truncate(MEASUREMENTS - 1);
            self.measured.push_front(size);
            self.largest = self.largest.max(Some(size));
        }
        let least = self.measured.iter().copied().min().unwrap_or(size);
        self.workers
            .let_go_on(size, &self.sizes(0), least, self.need())
    }

    /// Whether a process began with a heap like that which it would begin with now.
    pub fn has_fitting_heap(&self, process: usize) -> bool {
        let process = self.running.get(&process);
        process.is_none_or(|process| process.heap.is_like(self.heap()))
    }

    /// Takes note of the end of a process.
    pub fn ended(&mut self, process: usize) {
        self.running.remove(&process);
    }

    /// What the largest process needed for its first machine, in MiB, if one was measured.
    pub fn largest(&self) -> Option<u64> {
        self.largest
    }

    /// What a process needs for a machine, in MiB: as much as the largest that was measured of late.
    fn need(&self) -> u64 {
        self.size().unwrap_or(self.workers.expected())
    }

    fn size(&self) -> Option<u64> {
        self.measured.iter().copied().max()
    }

    fn heap(&self) -> Heap {
        let size = self.size().or(self.workers.remembered);
        self.workers.heap(size, self.need())
    }

    /// What each process uses, in MiB, and what it is about to use if it is still with its first machine.
    fn sizes(&self, need: u64) -> Vec<u64> {
        let processes = self.running.values();
        processes
            .map(|process| {
                let size = process.id.and_then(self.look).unwrap_or(0);
                if process.is_measured {
                    size
                } else {
                    size.max(need)
                }
            })
            .collect()
    }
}

fn peak(process: u32) -> Option<u64> {
    let read = |file: &str| fs::read_to_string(format!("/proc/{process}/{file}")).ok();
    // Where a program is around it, as one that records, it is the child of that.
    let child = || {
        read(&format!("task/{process}/children"))?
            .trim()
            .parse()
            .ok()
    };
    peak_in(&read("status")?).or_else(|| peak(child()?))
}

fn peak_in(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024).filter(|size| *size >= LEAST_MEMORY)
}

#[cfg(test)]
mod tests {
    use super::super::capacity::EXPECTED_MEMORY;
    use super::*;

    /// Processes whose ids are their sizes.
    fn usage(workers: Workers) -> Usage {
        Usage {
            look: |id| Some(u64::from(id)),
            ..Usage::new(workers)
        }
    }

    /// Starts processes for as long as there is room, and gives their number.
    fn fill(usage: &mut Usage, size: u32) -> usize {
        while usage.has_room() {
            let process = usage.running();
            usage.admit(process);
            usage.started(process, size);
        }
        usage.running()
    }

    #[test]
    fn small_machines_use_all_cores_as_soon_as_one_is_measured() {
        let mut usage = usage(Workers::sharing(16, 4096));
        assert_eq!(fill(&mut usage, 130), 2);
        assert!(usage.may_go_on(0));
        assert_eq!(fill(&mut usage, 130), 16);
    }

    #[test]
    fn machines_that_were_measured_in_an_earlier_run_use_as_many_cores_as_they_can_at_once() {
        let start = |size| {
            let workers = Workers::sharing(16, 4096).remembering(Some(size));
            fill(&mut usage(workers), 130)
        };
        assert_eq!(start(130), 16);
        assert_eq!(start(900), 3);
        assert_eq!(start(1_000_000), 1);
    }

    #[test]
    fn large_machines_use_fewer_cores_than_were_expected_to_fit() {
        let mut usage = usage(Workers::sharing(16, 6144));
        assert_eq!(fill(&mut usage, 100), 4);
        (0..4).for_each(|process| usage.started(process, 3000));
        for process in 0..4 {
            let may_go_on = usage.may_go_on(process);
            assert_eq!(may_go_on, process >= 2, "{process}");
            if !may_go_on {
                usage.ended(process);
                assert!(!usage.has_room(), "{process}");
            }
        }
        usage.ended(3);
        assert!(usage.has_room());
    }

    #[test]
    fn a_process_that_has_grown_beyond_its_share_is_replaced() {
        let mut usage = usage(Workers::sharing(2, 2000));
        usage.admit(0);
        usage.started(0, 500);
        assert!(usage.may_go_on(0));
        usage.started(0, 1001);
        assert!(!usage.may_go_on(0));
    }

    #[test]
    fn what_is_larger_than_everything_runs_alone() {
        let mut usage = usage(Workers::sharing(4, 1000));
        assert_eq!(fill(&mut usage, 5000), 1);
        // Another process would be as large.
        assert!(usage.may_go_on(0));
        assert!(!usage.has_room());
        usage.started(0, 6500);
        assert!(!usage.may_go_on(0));
        usage.ended(0);
        assert!(usage.has_room());
    }

    #[test]
    fn others_make_room_for_what_grows_while_it_is_evaluated() {
        let mut usage = usage(Workers::sharing(4, 2000));
        assert_eq!(fill(&mut usage, 100), 1);
        assert!(usage.may_go_on(0));
        assert_eq!(fill(&mut usage, 100), 4);
        (1..4).for_each(|process| assert!(usage.may_go_on(process)));
        (1..4).for_each(|process| usage.started(process, 300));
        assert!(usage.may_go_on(1));
        usage.started(0, 1500);
        assert!(!usage.may_go_on(1));
        usage.ended(1);
        assert!(!usage.has_room());
        assert!(!usage.may_go_on(2));
        usage.ended(2);
        assert!(usage.may_go_on(3) && usage.has_room());
    }

    #[test]
    fn a_heavy_machine_is_forgotten() {
        let mut usage = usage(Workers::sharing(4, 4096));
        for (process, size) in [3000].into_iter().chain([100; MEASUREMENTS]).enumerate() {
            assert_eq!(usage.need(), [EXPECTED_MEMORY, 3000][process.min(1)]);
            usage.admit(process);
            usage.started(process, size);
            usage.may_go_on(process);
            usage.ended(process);
        }
        assert_eq!(usage.need(), 100);
        assert_eq!(usage.largest(), Some(3000));
    }

    #[test]
    fn the_first_process_of_small_machines_has_the_heap_of_nix_and_those_after_it_one_that_fits() {
        let mut first = usage(Workers::sharing(2, 4096).remembering(None));
        assert_eq!(first.admit(0), Heap::default());
        first.started(0, 100);
        assert!(first.has_fitting_heap(0));
        assert!(first.may_go_on(0) && !first.has_fitting_heap(0));
        assert_eq!(first.admit(1), Heap::fitting(Some(100)));
        assert!(first.has_fitting_heap(1));
        let mut next = usage(Workers::sharing(2, 4096).remembering(Some(100)));
        assert_eq!(next.admit(0), Heap::fitting(Some(100)));
    }

    #[test]
    fn large_machines_keep_the_heap_of_nix() {
        let mut usage = usage(Workers::sharing(2, 4096).remembering(None));
        usage.admit(0);
        usage.started(0, 900);
        assert!(usage.may_go_on(0) && usage.has_fitting_heap(0));
    }

    #[test]
    fn as_many_as_the_user_says_run_whatever_they_use() {
        let mut usage = usage(Workers::exactly(3, Some(900)));
        assert_eq!(fill(&mut usage, 800), 3);
        assert!(usage.may_go_on(0));
        usage.started(0, 1100);
        assert!(!usage.may_go_on(0));
        usage.ended(0);
        assert!(usage.has_room());
    }

    #[test]
    fn where_nothing_can_be_measured_what_is_expected_counts() {
        let mut usage = Usage {
            look: |_| None,
            ..Usage::new(Workers::sharing(16, 4096))
        };
        assert_eq!(fill(&mut usage, 1), 2);
        assert!(usage.may_go_on(0));
        assert!(!usage.has_room());
    }

    #[test]
    fn what_is_no_nix_is_not_measured() {
        assert_eq!(peak_in("VmPeak:\t 9 kB\nVmHWM:\t  131072 kB\n"), Some(128));
        assert_eq!(peak_in("VmHWM:\t  3400 kB\n"), None);
        assert_eq!(peak(0), None);
    }
}
