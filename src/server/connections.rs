//! Which connections there are, how far each has come, and who goes when there is no room.
//!
//! Anybody can open connections and say nothing. When all places are taken, the next client takes the place of the
//! one that has been without a finished request for the longest; only where all others are at work is the new one
//! closed. So those who are silent, however many, keep nobody out who speaks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How long a connection that has been of use must be idle before it has to make room.
const IDLE: Duration = Duration::from_secs(5);

const READING: u8 = 0;
const BUSY: u8 = 1;
const WAITING: u8 = 2;

/// One connection.
#[derive(Debug)]
pub(crate) struct Slot {
    id: u64,
    begin: Instant,
    state: AtomicU8,
    /// Milliseconds from `begin` to the last change of state.
    since: AtomicU64,
    /// Whether a request has been answered on it.
    proven: AtomicBool,
    evicted: Notify,
}

impl Slot {
    fn set(&self, state: u8) {
        let since = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since.store(since, Ordering::Relaxed);
        self.state.store(state, Ordering::Relaxed);
    }

    /// The client sends the header of a request, or is still to begin.
    pub(crate) fn reading(&self) {
        self.set(READING);
    }

    /// Whether a header is awaited, or on its way.
    pub(crate) fn is_reading(&self) -> bool {
        self.state.load(Ordering::Relaxed) == READING
    }

    /// Whether a request was answered and the next has not begun.
    pub(crate) fn is_waiting(&self) -> bool {
        self.state.load(Ordering::Relaxed) == WAITING
    }

    /// A request is being answered.
    pub(crate) fn busy(&self) {
        self.set(BUSY);
    }

    /// A request has been answered.
    pub(crate) fn answered(&self) {
        self.proven.store(true, Ordering::Relaxed);
        self.set(WAITING);
    }

    /// Waits until somebody else needs the place.
    pub(crate) async fn evicted(&self) {
        self.evicted.notified().await;
    }

    /// How long it has been as it is.
    pub(crate) fn idle(&self) -> Duration {
        let since = Duration::from_millis(self.since.load(Ordering::Relaxed));
        self.begin.elapsed().saturating_sub(since)
    }
}

/// How many files the process needs besides its connections: ports, logs, policies, watches.
const OTHER_FILES: u32 = 64;

/// As many connections as were asked for, or as the system lets the process have.
pub(crate) fn within_limits(max: u32) -> u32 {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let Some(files) = open_files(&limits) else { return max };
    let possible = files.saturating_sub(OTHER_FILES).max(1);
    if possible < max {
        tracing::warn!(asked = max, possible, "the limit on open files allows fewer connections");
    }
    max.min(possible)
}

/// The soft limit on open files, from the text of `/proc/self/limits`.
fn open_files(limits: &str) -> Option<u32> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// All connections.
#[derive(Debug)]
pub(crate) struct Table {
    max: usize,
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    next: u64,
    open: HashMap<u64, Arc<Slot>>,
}

/// Whether there was room.
#[derive(Debug)]
pub(crate) enum Entry {
    /// There was.
    Free(Arc<Slot>),
    /// Another connection had to go.
    Taken(Arc<Slot>),
    /// All others are at work.
    Full,
}

impl Table {
    /// Room for `max` connections.
    pub(crate) fn new(max: u32) -> Self {
        Self { max: max as usize, slots: Mutex::default() }
    }

    /// A place for a new connection.
    pub(crate) fn enter(&self) -> Entry {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let full = slots.open.len() >= self.max;
        if full {
            let Some(victim) = slots.victim() else { return Entry::Full };
            if let Some(victim) = slots.open.remove(&victim) {
                victim.evicted.notify_one();
            }
        }
        let id = slots.next;
        slots.next += 1;
        let slot = Arc::new(Slot {
            id,
            begin: Instant::now(),
            state: AtomicU8::new(READING),
            since: AtomicU64::new(0),
            proven: AtomicBool::new(false),
            evicted: Notify::new(),
        });
        slots.open.insert(id, Arc::clone(&slot));
        if full { Entry::Taken(slot) } else { Entry::Free(slot) }
    }

    /// A connection has ended.
    pub(crate) fn leave(&self, slot: &Slot) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).open.remove(&slot.id);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).open.len()
    }
}

impl Slots {
    /// The oldest connection on which nothing was ever answered, or else the one that has been idle the longest.
    fn victim(&self) -> Option<u64> {
        let unproven = self.open.values().filter(|slot| !slot.proven.load(Ordering::Relaxed));
        if let Some(oldest) = unproven.map(|slot| slot.id).min() {
            return Some(oldest);
        }
        self.open
            .values()
            .filter(|slot| slot.state.load(Ordering::Relaxed) != BUSY)
            .map(|slot| (slot.idle(), slot.id))
            .filter(|(idle, _)| *idle >= IDLE)
            .max()
            .map(|(_, id)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(table: &Table) -> Arc<Slot> {
        match table.enter() {
            Entry::Free(slot) | Entry::Taken(slot) => slot,
            Entry::Full => panic!("full"),
        }
    }

    #[tokio::test]
    async fn whoever_never_spoke_goes_first() {
        let table = Table::new(3);
        let proven = enter(&table);
        proven.busy();
        proven.answered();
        let silent = enter(&table);
        let _other = enter(&table);
        assert!(matches!(table.enter(), Entry::Taken(_)));
        tokio::time::timeout(Duration::from_secs(5), silent.evicted()).await.unwrap();
        assert_eq!(table.len(), 3);
        // Leaving after having been replaced takes nobody's place.
        table.leave(&silent);
        assert_eq!(table.len(), 3);
        table.leave(&proven);
        assert!(matches!(table.enter(), Entry::Free(_)));
    }

    #[test]
    fn the_limit_on_open_files_is_read() {
        let text = "Limit    Soft Limit   Hard Limit   Units\nMax open files     1024    524288    files\n";
        assert_eq!(open_files(text), Some(1024));
        assert_eq!(open_files("Max open files  unlimited  unlimited files"), None);
        assert_eq!(open_files(""), None);
        assert_eq!(within_limits(3), 3);
    }

    #[test]
    fn whoever_is_at_work_stays() {
        let table = Table::new(1);
        let slot = enter(&table);
        slot.busy();
        slot.answered();
        assert!(matches!(table.enter(), Entry::Full), "idle, but not for long");
        slot.busy();
        assert!(matches!(table.enter(), Entry::Full));
    }
}
