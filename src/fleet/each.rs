use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

/// Does work for each item, `at_once` of them at a time, and hands on what came of each in the order of the
/// items, as soon as all before it are done.
pub fn each<T: Sync, R: Send>(
    items: &[T],
    at_once: usize,
    work: impl Fn(&T) -> R + Sync,
    mut hear: impl FnMut(&T, R),
) {
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::channel();
    let run = |sender: mpsc::Sender<(usize, R)>| {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { break };
            // Nobody listens any more only if who hears has panicked.
            let _ = sender.send((place, work(item)));
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_once.max(1).min(items.len()) {
            let sender = sender.clone();
            scope.spawn(|| run(sender));
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut due = items.iter().enumerate().peekable();
        for (place, result) in results {
            waiting.insert(place, result);
            while let Some((place, item)) = due.peek()
                && let Some(result) = waiting.remove(place)
            {
                hear(item, result);
                due.next();
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::Duration};

    use super::*;

    #[test]
    fn results_come_in_order_and_no_more_work_is_done_at_once_than_is_allowed() {
        let items: Vec<u64> = (0..20).collect();
        let (now, most) = (AtomicUsize::new(0), Mutex::new(0));
        let mut heard = Vec::new();
        let work = |item: &u64| {
            let under_way = now.fetch_add(1, Ordering::SeqCst) + 1;
            let mut most = most.lock().unwrap();
            *most = under_way.max(*most);
            drop(most);
            // The first takes longest.
            thread::sleep(Duration::from_millis(20 - item));
            now.fetch_sub(1, Ordering::SeqCst);
            item * 2
        };
        each(&items, 5, work, |item, result| heard.push((*item, result)));
        let expected: Vec<_> = items.iter().map(|item| (*item, item * 2)).collect();
        assert_eq!(heard, expected);
        let most = *most.lock().unwrap();
        assert!((2..=5).contains(&most), "{most} at once");
    }

    #[test]
    fn nothing_is_done_for_nobody() {
        let none: [u8; 0] = [];
        each(&none, 0, |_| (), |_, ()| panic!("heard of nobody"));
    }
}
