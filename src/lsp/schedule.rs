//! What is to be done when, one thing at a time: a later wish for the same takes the place of an earlier one, and ends it
//! where it has begun.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::Cancellation;

/// What one thread works on: documents by their URIs, or folders by their names.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    due: BTreeMap<String, Instant>,
    running: Option<(String, Arc<Cancellation>)>,
    is_over: bool,
}

impl Schedule {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for `what` after `delay`. What runs for it is of no use any more.
    pub(super) fn ask(&self, what: &str, delay: Duration) {
        let mut queue = self.queue();
        queue.cancel(what);
        queue.due.insert(what.to_owned(), Instant::now() + delay);
        self.changed.notify_all();
    }

    /// Takes a wish back.
    pub(super) fn drop_wish(&self, what: &str) {
        let mut queue = self.queue();
        queue.cancel(what);
        queue.due.remove(what);
    }

    /// Ends it all.
    pub(super) fn stop(&self) {
        let mut queue = self.queue();
        queue.is_over = true;
        if let Some((_, cancellation)) = &queue.running {
            cancellation.cancel();
        }
        self.changed.notify_all();
    }

    /// Does what is asked for with `work`, until it is stopped.
    pub(super) fn run(&self, mut work: impl FnMut(&str, &Cancellation)) {
        while let Some((what, cancellation)) = self.next() {
            work(&what, &cancellation);
            self.queue().running = None;
        }
    }

    /// Waits for what is due first.
    fn next(&self) -> Option<(String, Arc<Cancellation>)> {
        let mut queue = self.queue();
        loop {
            if queue.is_over {
                return None;
            }
            let first = queue.due.iter().min_by_key(|(_, due)| **due).map(|(what, due)| (what.clone(), *due));
            queue = match first {
                Some((what, due)) => {
                    let left = due.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        queue.due.remove(&what);
                        let cancellation = Arc::new(Cancellation::default());
                        queue.running = Some((what.clone(), Arc::clone(&cancellation)));
                        return Some((what, cancellation));
                    }
                    self.changed.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Queue {
    fn cancel(&self, what: &str) {
        if let Some((running, cancellation)) = &self.running
            && running == what
        {
            cancellation.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn a_newer_wish_ends_what_runs() {
        let schedule = Schedule::default();
        let (sender, done) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut times = 0;
                schedule.run(|what, cancellation| {
                    times += 1;
                    if times == 1 {
                        sender.send("begun".to_owned()).unwrap();
                        while !cancellation.is_cancelled() {
                            thread::yield_now();
                        }
                    }
                    sender.send(format!("{what} {}", cancellation.is_cancelled())).unwrap();
                });
            });
            schedule.ask("a", Duration::ZERO);
            assert_eq!(done.recv().unwrap(), "begun");
            // Several wishes are one.
            schedule.ask("a", Duration::from_secs(600));
            schedule.ask("a", Duration::ZERO);
            assert_eq!(done.recv().unwrap(), "a true");
            assert_eq!(done.recv().unwrap(), "a false");
            schedule.ask("b", Duration::from_secs(600));
            schedule.ask("c", Duration::from_secs(600));
            schedule.drop_wish("b");
            schedule.stop();
        });
        drop(sender);
        assert_eq!(done.iter().count(), 0);
    }
}
