//! What judging a body takes in memory, before it is done, and who may do it at a time.
//!
//! Ordinary reviews are judged where they arrive, one a thread of the runtime. The others wait here for their turn: for
//! one of a few threads, and until there is memory for the types that are built from them.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, EnvVar, Volume};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::engine::Cancellation;
use jobguard_manifest::limits::{Count, Scanner, Which};

/// The memory that all bodies that are judged on threads of their own may take together while types are built from
/// them and judged, in bytes. A review that would take more alone is judged alone.
const MAX_TOGETHER: usize = 112 << 20;

/// Up to which weight a body is judged where it arrived, in bytes.
pub(super) const LIGHT: usize = 4 << 20;

/// How many elements a body may hold that is judged where it arrived without having been counted.
pub(super) const FEW: usize = LIGHT / (2 * size_of::<Volume>());

/// What memory is counted in, in bytes.
const UNIT: usize = 4 << 10;

/// How many bodies are judged on threads of their own at a time, at most.
const MAX_THREADS: usize = 4;

/// How long an evaluation must have run for a missed deadline to be its own fault, or half of the time that there was,
/// where that is less. What may be judged takes a fraction of it.
const OWN_TIME: std::time::Duration = std::time::Duration::from_secs(1);

/// The memory that building types from what was counted takes at most, in bytes. Lists grow by doubling, and hold
/// their items twice while they do. What is neither volume nor container takes no more than an environment variable.
pub(super) fn weight_of(count: &Count) -> usize {
    let other = (count.elements + count.exempt).saturating_sub(count.volumes + count.containers);
    2 * (count.volumes * size_of::<Volume>()
        + count.containers * size_of::<Container>()
        + other * size_of::<EnvVar>())
}

/// What building types from a review takes, of `length` bytes, in bytes.
pub(super) fn weight_of_review(scanner: &Scanner, length: usize) -> usize {
    length + weight_of(scanner.count(Which::New)) + weight_of(scanner.count(Which::Old))
}

/// Room for evaluations on threads of their own.
#[derive(Debug, Clone)]
pub(crate) struct Heavy {
    threads: Arc<Semaphore>,
    memory: Arc<Semaphore>,
}

impl Default for Heavy {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).clamp(2, MAX_THREADS);
        Self {
            threads: Arc::new(Semaphore::new(threads)),
            memory: Arc::new(Semaphore::new(MAX_TOGETHER / UNIT)),
        }
    }
}

/// Why an evaluation came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotDone {
    /// Its turn did not come in time, or too late to be done.
    NoTurn,
    /// It took too much time of its own.
    TooSlow,
    /// It panicked.
    Panicked,
    /// The server is ending.
    ShuttingDown,
}

/// Cancels an evaluation whose client has gone.
struct StopWhenDropped(Arc<Cancellation>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Heavy {
    /// Evaluates on another thread, once it is its turn. Where the deadline passes, or the caller goes away, the
    /// evaluation is cancelled, and gives back its place as soon as it has seen that.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        weight: usize,
        deadline: Instant,
        evaluate: impl FnOnce(&Cancellation) -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let permits = u32::try_from(weight.min(MAX_TOGETHER).div_ceil(UNIT)).unwrap_or(u32::MAX);
        let turn = async {
            // A thread first: what waits for memory then keeps no more than the few threads from others.
            let thread = Arc::clone(&self.threads).acquire_owned().await;
            let memory = Arc::clone(&self.memory).acquire_many_owned(permits).await;
            (thread, memory)
        };
        let places = match timeout_at(deadline, turn).await {
            Ok((Ok(thread), Ok(memory))) => (thread, memory),
            // They are never closed.
            Ok(_) => return Err(NotDone::ShuttingDown),
            Err(_) => return Err(NotDone::NoTurn),
        };
        let begun = Instant::now();
        let own_time = OWN_TIME.min(deadline.saturating_duration_since(begun) / 2);
        let cancellation = Arc::new(Cancellation::default());
        let _stop = StopWhenDropped(Arc::clone(&cancellation));
        let evaluating = tokio::task::spawn_blocking(move || {
            // Held until it has ended, even when its client has gone.
            let _places = places;
            evaluate(&cancellation)
        });
        match timeout_at(deadline, evaluating).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(failed)) if failed.is_panic() => Err(NotDone::Panicked),
            Ok(Err(_)) => Err(NotDone::ShuttingDown),
            Err(_) if begun.elapsed() >= own_time => Err(NotDone::TooSlow),
            Err(_) => Err(NotDone::NoTurn),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    /// Longer than anything here should take, even on a busy machine.
    const LONG: Duration = Duration::from_secs(60);

    fn later() -> Instant {
        Instant::now() + LONG
    }

    #[tokio::test]
    async fn an_evaluation_without_a_client_is_cancelled() {
        let heavy = Heavy::default();
        let (begun, has_begun) = channel();
        let (ended, has_ended) = channel();
        let waiter = tokio::spawn(async move {
            heavy
                .run(1, later(), move |cancellation| {
                    begun.send(()).unwrap();
                    while !cancellation.is_cancelled() {
                        std::thread::yield_now();
                    }
                    ended.send(()).unwrap();
                })
                .await
        });
        tokio::task::spawn_blocking(move || has_begun.recv_timeout(LONG).unwrap()).await.unwrap();
        waiter.abort();
        assert!(waiter.await.is_err());
        tokio::task::spawn_blocking(move || has_ended.recv_timeout(LONG).unwrap()).await.unwrap();
    }

    #[tokio::test]
    async fn a_missed_deadline_ends_it_too() {
        let heavy = Heavy::default();
        let (ended, has_ended) = channel();
        let deadline = Instant::now() + Duration::from_millis(50);
        let slow = heavy.run(1, deadline, move |cancellation| {
            while !cancellation.is_cancelled() {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
        });
        assert!(matches!(slow.await, Err(NotDone::NoTurn | NotDone::TooSlow)));
        tokio::task::spawn_blocking(move || has_ended.recv_timeout(LONG).unwrap()).await.unwrap();
    }

    #[tokio::test]
    async fn few_run_at_a_time_and_the_rest_wait_for_their_turn() {
        let heavy = Heavy::default();
        let threads = heavy.threads.available_permits();
        let most = Arc::new(std::sync::Mutex::new((0, 0)));
        let runs = (0..4 * threads).map(|_| {
            let (heavy, most) = (heavy.clone(), Arc::clone(&most));
            tokio::spawn(async move {
                heavy
                    .run(1, later(), move |_| {
                        let mut now = most.lock().unwrap();
                        now.0 += 1;
                        now.1 = now.1.max(now.0);
                        drop(now);
                        std::thread::sleep(Duration::from_millis(5));
                        most.lock().unwrap().0 -= 1;
                    })
                    .await
            })
        });
        for run in runs.collect::<Vec<_>>() {
            run.await.unwrap().unwrap();
        }
        let (running, most) = *most.lock().unwrap();
        assert_eq!(running, 0);
        assert!((1..=threads).contains(&most), "{most}");
        assert_eq!(heavy.threads.available_permits(), threads);
        assert_eq!(heavy.memory.available_permits(), MAX_TOGETHER / UNIT);
    }

    #[tokio::test]
    async fn what_takes_all_memory_gets_in_alone() {
        let heavy = Heavy::default();
        let (go, may_go) = channel::<()>();
        let first = tokio::spawn({
            let heavy = heavy.clone();
            async move { heavy.run(usize::MAX, later(), move |_| may_go.recv_timeout(LONG)).await }
        });
        while heavy.memory.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let second = heavy.run(1, Instant::now() + Duration::from_millis(20), |_| ()).await;
        assert_eq!(second, Err(NotDone::NoTurn));
        go.send(()).unwrap();
        first.await.unwrap().unwrap().unwrap();
        heavy.run(1, later(), |_| ()).await.unwrap();
    }

    #[test]
    fn nothing_but_volumes_and_containers_weighs_more_than_an_environment_variable() {
        use k8s_openapi::api::batch::v1::{PodFailurePolicyRule, SuccessPolicyRule};
        use k8s_openapi::api::core::v1::{
            ContainerPort, ContainerResizePolicy, ContainerStatus, EnvFromSource, EphemeralContainer,
            HostAlias, KeyToPath, LocalObjectReference, NodeSelectorTerm, ObjectReference, PodAffinityTerm,
            PodReadinessGate, PodResourceClaim, PodSchedulingGate, PreferredSchedulingTerm, Toleration,
            TopologySpreadConstraint, VolumeDevice, VolumeMount, WeightedPodAffinityTerm,
        };
        use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelectorRequirement, OwnerReference};
        let sizes = [
            size_of::<PodFailurePolicyRule>(),
            size_of::<SuccessPolicyRule>(),
            size_of::<ContainerPort>(),
            size_of::<ContainerResizePolicy>(),
            size_of::<EnvFromSource>(),
            size_of::<HostAlias>(),
            size_of::<KeyToPath>(),
            size_of::<LocalObjectReference>(),
            size_of::<NodeSelectorTerm>(),
            size_of::<ObjectReference>(),
            size_of::<PodAffinityTerm>(),
            size_of::<PodReadinessGate>(),
            size_of::<PodResourceClaim>(),
            size_of::<PodSchedulingGate>(),
            size_of::<PreferredSchedulingTerm>(),
            size_of::<Toleration>(),
            size_of::<TopologySpreadConstraint>(),
            size_of::<VolumeDevice>(),
            size_of::<VolumeMount>(),
            size_of::<WeightedPodAffinityTerm>(),
            size_of::<LabelSelectorRequirement>(),
            size_of::<OwnerReference>(),
        ];
        assert!(sizes.iter().all(|size| *size <= size_of::<EnvVar>()), "{sizes:?}");
        assert!(size_of::<EphemeralContainer>() <= size_of::<Container>() + 64);
        assert!(size_of::<Container>() < size_of::<Volume>());
        // Statuses of containers are Pods', not Jobs'.
        let _ = size_of::<ContainerStatus>();
    }
}
