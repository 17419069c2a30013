//! The table of open connections: the state of each, and which one is evicted when the table is full.
//!
//! Any client can open connections, send nothing, request probes or leave bodies unfinished. Only a connection on which a
//! review was answered is trusted. When all places are taken, a new connection takes the place of an untrusted one: the
//! oldest of the address that holds most of them. Trusted connections leave a part of the places to the others, so that
//! there is always room for a probe or for an API server's next connection; among themselves, addresses share the rest.
//! So idle clients, however many, exclude no other, and one address excludes no other.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::server::admission::intake::MAX_BODY;

/// How long a trusted connection must be idle before it has to make room for one of the same address.
const IDLE: Duration = Duration::from_secs(5);

/// How many connections may be evicted and not closed yet. They hold file descriptors for that long.
pub(crate) const LEAVING: usize = 64;

/// How much bodies that are still arriving may hold together, in bytes: more than the largest, and less than there is
/// room for, so that those that do not end leave some to those that do.
const MAX_UNFINISHED: u64 = 32 << 20;

/// How often that is looked at, in bytes of one body.
const LOOK_EVERY: u64 = 32 << 10;

/// How long a body may arrive before it can be given up for others. API servers send theirs at once.
const SLOW: Duration = Duration::from_secs(1);

const READING: u8 = 0;
const RECEIVING: u8 = 1;
const ANSWERING: u8 = 2;
const WAITING: u8 = 3;

/// One connection.
#[derive(Debug)]
pub(crate) struct Slot {
    id: u64,
    address: IpAddr,
    begin: Instant,
    state: AtomicU8,
    /// Milliseconds from `begin` to the last change of state.
    since: AtomicU64,
    /// Whether a review has been answered on it.
    trusted: AtomicBool,
    /// How much of a body has arrived, in bytes.
    received: AtomicU64,
    evicted: Notify,
}

impl Slot {
    fn new(id: u64, address: IpAddr) -> Self {
        Self {
            id,
            address,
            begin: Instant::now(),
            state: AtomicU8::new(READING),
            since: AtomicU64::new(0),
            trusted: AtomicBool::new(false),
            received: AtomicU64::new(0),
            evicted: Notify::new(),
        }
    }

    fn set(&self, state: u8) {
        let since = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since.store(since, Ordering::Relaxed);
        self.state.store(state, Ordering::Relaxed);
    }

    fn state(&self) -> u8 {
        self.state.load(Ordering::Relaxed)
    }

    /// The client sends the header of a request, or is still to begin.
    pub(crate) fn reading(&self) {
        self.set(READING);
    }

    /// Whether a header is awaited, or on its way.
    pub(crate) fn is_reading(&self) -> bool {
        self.state() == READING
    }

    /// Whether a request was answered and the next has not begun.
    pub(crate) fn is_waiting(&self) -> bool {
        self.state() == WAITING
    }

    /// The client sends the body of a request.
    pub(crate) fn receiving(&self) {
        self.received.store(0, Ordering::Relaxed);
        self.set(RECEIVING);
    }

    /// A request is there as a whole, and is being answered.
    pub(crate) fn answering(&self) {
        self.set(ANSWERING);
    }

    /// Whether a request that is there as a whole is being answered.
    fn is_answering(&self) -> bool {
        self.state() == ANSWERING
    }

    /// A request has been answered.
    pub(crate) fn answered(&self) {
        self.set(WAITING);
    }

    /// Whether a review has been answered on it.
    pub(crate) fn is_trusted(&self) -> bool {
        self.trusted.load(Ordering::Relaxed)
    }

    /// Waits for the eviction of this connection.
    pub(crate) async fn evicted(&self) {
        self.evicted.notified().await;
    }

    /// How long it has been as it is.
    pub(crate) fn idle(&self) -> Duration {
        let since = Duration::from_millis(self.since.load(Ordering::Relaxed));
        self.begin.elapsed().saturating_sub(since)
    }
}

/// All connections of a port.
#[derive(Debug)]
pub(crate) struct Table {
    max: usize,
    max_trusted: usize,
    slots: Mutex<Slots>,
    /// Notified when an evicted connection has been closed.
    closed: Notify,
}

#[derive(Debug, Default)]
struct Slots {
    next: u64,
    open: HashMap<u64, Arc<Slot>>,
    /// The same, by the clients' addresses.
    shares: HashMap<IpAddr, Share>,
    trusted: usize,
    /// How many are evicted and not closed yet.
    leaving: usize,
}

/// The connections of one address.
#[derive(Debug, Default)]
struct Share {
    untrusted: BTreeSet<u64>,
    trusted: BTreeSet<u64>,
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
    /// Room for `max` connections, of which trusted ones may take seven eighths.
    pub(crate) fn new(max: usize) -> Self {
        let reserve = (max / 8).max(1).min(max.saturating_sub(1));
        Self { max, max_trusted: max - reserve, slots: Mutex::default(), closed: Notify::new() }
    }

    /// A place for a new connection from `address`.
    pub(crate) fn enter(&self, address: IpAddr) -> Entry {
        let address = address.to_canonical();
        let mut slots = self.lock();
        let full = slots.open.len() >= self.max;
        if full {
            let victim = slots.untrusted_victim(address).or_else(|| slots.trusted_victim(address));
            let Some(victim) = victim else { return Entry::Full };
            slots.evict(victim);
        }
        let id = slots.next;
        slots.next += 1;
        let slot = Arc::new(Slot::new(id, address));
        slots.open.insert(id, Arc::clone(&slot));
        slots.shares.entry(address).or_default().untrusted.insert(id);
        if full { Entry::Taken(slot) } else { Entry::Free(slot) }
    }

    /// A review has been answered on a connection. Returns whether it may be kept for the next: not where as many are
    /// trusted as may be, and none of them can be given up for it.
    pub(crate) fn trust(&self, slot: &Slot) -> bool {
        if slot.is_trusted() {
            return true;
        }
        let mut slots = self.lock();
        if !slots.open.contains_key(&slot.id) {
            return false;
        }
        if slots.trusted >= self.max_trusted {
            let Some(victim) = slots.trusted_victim(slot.address) else { return false };
            slots.evict(victim);
        }
        let share = slots.shares.entry(slot.address).or_default();
        share.untrusted.remove(&slot.id);
        share.trusted.insert(slot.id);
        slots.trusted += 1;
        slot.trusted.store(true, Ordering::Relaxed);
        true
    }

    /// A part of a body has arrived. Where those that are still arriving hold too much together, the slow ones are given
    /// up: untrusted ones first, of the address that holds most.
    pub(crate) fn received(&self, slot: &Slot, bytes: usize) {
        let before = slot.received.fetch_add(bytes as u64, Ordering::Relaxed);
        if before / LOOK_EVERY != (before + bytes as u64) / LOOK_EVERY {
            self.lock().give_up_slow_bodies();
        }
    }

    /// Closes a connection that is of no use at present, if there is one: the system has run out of file descriptors.
    pub(crate) fn make_room(&self) {
        let mut slots = self.lock();
        // As for a client from an address that has none yet.
        let unspecified = IpAddr::from([0, 0, 0, 0]);
        if let Some(victim) =
            slots.untrusted_victim(unspecified).or_else(|| slots.trusted_victim(unspecified))
        {
            slots.evict(victim);
        }
    }

    /// A connection has been closed.
    pub(crate) fn leave(&self, slot: &Slot) {
        let mut slots = self.lock();
        if slots.remove(slot.id).is_none() {
            slots.leaving = slots.leaving.saturating_sub(1);
            drop(slots);
            self.closed.notify_one();
        }
    }

    /// Waits while too many evicted connections are still to be closed: each holds a file descriptor.
    pub(crate) async fn settled(&self) {
        loop {
            let closed = self.closed.notified();
            if self.lock().leaving < LEAVING {
                return;
            }
            closed.await;
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().open.len()
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn remove(&mut self, id: u64) -> Option<Arc<Slot>> {
        let slot = self.open.remove(&id)?;
        if slot.is_trusted() {
            self.trusted = self.trusted.saturating_sub(1);
        }
        if let Some(share) = self.shares.get_mut(&slot.address) {
            share.untrusted.remove(&id);
            share.trusted.remove(&id);
            if share.untrusted.is_empty() && share.trusted.is_empty() {
                self.shares.remove(&slot.address);
            }
        }
        Some(slot)
    }

    fn evict(&mut self, id: u64) {
        if let Some(slot) = self.remove(id) {
            self.leaving += 1;
            slot.evicted.notify_one();
        }
    }

    fn give_up_slow_bodies(&mut self) {
        let mut addresses: HashMap<IpAddr, u64> = HashMap::new();
        let mut bodies = Vec::new();
        let mut held = 0;
        for slot in self.open.values().filter(|slot| slot.state() == RECEIVING) {
            let bytes = slot.received.load(Ordering::Relaxed).min(MAX_BODY as u64);
            held += bytes;
            *addresses.entry(slot.address).or_default() += bytes;
            bodies.push((slot, bytes));
        }
        if held <= MAX_UNFINISHED {
            return;
        }
        let mut slow: Vec<_> = bodies
            .into_iter()
            .filter(|(slot, bytes)| *bytes >= LOOK_EVERY && slot.idle() >= SLOW)
            .map(|(slot, bytes)| (slot.is_trusted(), Reverse(addresses[&slot.address]), slot.id, bytes))
            .collect();
        slow.sort_unstable();
        for (_, _, id, bytes) in slow {
            if held <= MAX_UNFINISHED {
                break;
            }
            self.evict(id);
            held -= bytes;
        }
    }

    fn is_answering(&self, id: u64) -> bool {
        self.open.get(&id).is_some_and(|slot| slot.is_answering())
    }

    /// The oldest untrusted connection of the address that has most of them. One whose request is being answered is
    /// spared, unless there is no other and `newcomer` is another address than its.
    fn untrusted_victim(&self, newcomer: IpAddr) -> Option<u64> {
        let heaviest = |spare: bool| {
            let shares = self.shares.iter().filter_map(|(address, share)| {
                let mut ids = share.untrusted.iter();
                let oldest = if spare { ids.find(|id| !self.is_answering(**id)) } else { ids.next() };
                oldest.map(|oldest| (share.untrusted.len(), Reverse(*oldest), *address))
            });
            shares.max().map(|(_, Reverse(oldest), address)| (oldest, address))
        };
        if let Some((oldest, _)) = heaviest(true) {
            return Some(oldest);
        }
        heaviest(false).filter(|(_, address)| *address != newcomer).map(|(oldest, _)| oldest)
    }

    /// Of the address that has most trusted connections, the one that has been idle the longest. For an address that
    /// has as many itself, it must have been so for a while.
    fn trusted_victim(&self, newcomer: IpAddr) -> Option<u64> {
        let (most, _, heaviest) = self
            .shares
            .values()
            .filter_map(|share| Some((share.trusted.len(), Reverse(*share.trusted.first()?), share)))
            .max_by_key(|(count, oldest, _)| (*count, *oldest))?;
        let own = self.shares.get(&newcomer).map_or(0, |share| share.trusted.len());
        let idle = if own < most { Duration::ZERO } else { IDLE };
        heaviest
            .trusted
            .iter()
            .filter_map(|id| self.open.get(id))
            .filter(|slot| !slot.is_answering())
            .map(|slot| (slot.idle(), Reverse(slot.id)))
            .filter(|(time, _)| *time >= idle)
            .max()
            .map(|(_, Reverse(id))| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const API_SERVER: [u8; 4] = [10, 0, 0, 1];
    const KUBELET: [u8; 4] = [10, 0, 0, 2];
    const TENANT: [u8; 4] = [10, 1, 0, 7];

    fn enter(table: &Table, address: [u8; 4]) -> Arc<Slot> {
        match table.enter(address.into()) {
            Entry::Free(slot) | Entry::Taken(slot) => slot,
            Entry::Full => panic!("full"),
        }
    }

    fn trusted(table: &Table, address: [u8; 4]) -> Arc<Slot> {
        let slot = enter(table, address);
        assert!(table.trust(&slot));
        slot.answered();
        slot
    }

    fn is_open(table: &Table, slot: &Slot) -> bool {
        table.lock().open.contains_key(&slot.id)
    }

    #[tokio::test]
    async fn connections_without_an_answered_review_go_first() {
        let table = Table::new(3);
        let proven = trusted(&table, API_SERVER);
        let silent = enter(&table, API_SERVER);
        let _other = enter(&table, API_SERVER);
        assert!(matches!(table.enter(API_SERVER.into()), Entry::Taken(_)));
        tokio::time::timeout(Duration::from_secs(5), silent.evicted()).await.unwrap();
        assert_eq!(table.len(), 3);
        // Leaving after an eviction frees no other slot.
        table.leave(&silent);
        assert_eq!(table.len(), 3);
        table.leave(&proven);
        assert!(matches!(table.enter(API_SERVER.into()), Entry::Free(_)));
    }

    #[test]
    fn unfinished_bodies_and_answered_probes_make_room() {
        let table = Table::new(40);
        let honest: Vec<_> = (0..4).map(|_| trusted(&table, API_SERVER)).collect();
        for _ in 0..50 {
            // The same address, as behind a proxy.
            let probe = enter(&table, API_SERVER);
            probe.answered();
            let unfinished = enter(&table, API_SERVER);
            unfinished.answered();
            unfinished.receiving();
        }
        let new = enter(&table, API_SERVER);
        assert!(is_open(&table, &new) && honest.iter().all(|slot| is_open(&table, slot)));
    }

    #[test]
    fn one_address_keeps_out_no_other() {
        // Everybody may ask: a tenant makes as many trusted connections as it can, and others as well.
        let table = Table::new(64);
        let honest: Vec<_> = (0..4).map(|_| trusted(&table, API_SERVER)).collect();
        let mut kept = 0;
        for _ in 0..200 {
            let slot = enter(&table, TENANT);
            kept += usize::from(table.trust(&slot));
            slot.answered();
            enter(&table, TENANT);
        }
        assert_eq!(kept, 64 - 8 - 4, "what trusted connections may take");
        let probe = enter(&table, KUBELET);
        for _ in 0..200 {
            enter(&table, TENANT);
        }
        let another = trusted(&table, API_SERVER);
        assert!(is_open(&table, &probe) && is_open(&table, &another));
        assert!(honest.iter().all(|slot| is_open(&table, slot)));
    }

    #[test]
    fn a_request_that_is_there_is_answered_first() {
        let table = Table::new(8);
        let first = enter(&table, API_SERVER);
        first.answering();
        for _ in 0..20 {
            enter(&table, API_SERVER);
        }
        assert!(is_open(&table, &first));
        // Clients from other addresses are accepted all the same.
        let table = Table::new(8);
        (0..8).for_each(|_| enter(&table, TENANT).answering());
        assert!(matches!(table.enter(TENANT.into()), Entry::Full));
        assert!(matches!(table.enter(KUBELET.into()), Entry::Taken(_)));
    }

    #[test]
    fn busy_connections_of_one_address_stay() {
        let table = Table::new(1);
        let slot = trusted(&table, API_SERVER);
        assert!(matches!(table.enter(API_SERVER.into()), Entry::Full), "idle, but not for long");
        slot.answering();
        assert!(matches!(table.enter(KUBELET.into()), Entry::Full));
        // Where there is more room, the next one is served too, and not kept.
        let table = Table::new(2);
        trusted(&table, API_SERVER);
        let next = enter(&table, API_SERVER);
        assert!(!table.trust(&next));
        assert!(is_open(&table, &next));
    }

    #[tokio::test]
    async fn evicted_connections_hold_up_new_ones_until_they_are_closed() {
        let table = Table::new(1);
        let evicted: Vec<_> = (0..=LEAVING).map(|_| enter(&table, TENANT)).collect();
        let settled = tokio::time::timeout(Duration::from_millis(20), table.settled());
        assert!(settled.await.is_err(), "too many file descriptors");
        table.leave(&evicted[0]);
        tokio::time::timeout(Duration::from_secs(5), table.settled()).await.unwrap();
    }
}
