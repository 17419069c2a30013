//! Certificates that the server manages itself: an authority in a Secret, a certificate of its own in each replica's
//! memory, and the `caBundle` of the webhook configurations.
//!
//! [`state`] decides, [`keys`] makes and reads certificates, [`objects`] reads and writes what stands in the cluster, [`changes`]
//! says when that changes, and this file is the control loop: look, decide, act.

mod changes;
mod keys;
mod lifetimes;
mod objects;
mod options;
mod state;
#[cfg(test)]
mod state_tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join;
use jiff::Timestamp;
use kube::Client;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

pub use self::lifetimes::{Lifetimes, LifetimesError};
pub use self::options::SelfManaged;

use self::objects::{Objects, Seen, Written};
use self::state::{Action, Clock, Replica, Terms};
use crate::server::{Identity, ManagedCertificate};

/// How long to wait after a round in which something was done, and while nothing is served that every `caBundle` verifies.
/// Otherwise, see [`Lifetimes::pause`]. A change ends each of these waits, but the first.
const AGAIN: Duration = Duration::from_millis(100);
const SOON: Duration = Duration::from_secs(1);

/// How many changes in a row are handled at once. Where objects keep changing, a round every [`SOON`] is enough.
const BURST: u32 = 30;

/// How long a request to the API server may take.
const API_TIMEOUT: Duration = Duration::from_secs(20);

/// Keeps this replica's certificate, for ever.
pub(super) async fn keep(client: Client, options: SelfManaged, certificate: ManagedCertificate) {
    let lifetimes = options.lifetimes;
    let mut manager = Manager {
        objects: Objects::new(client, options),
        certificate,
        terms: lifetimes.terms(),
        later: lifetimes.pause(),
        replica: Replica::default(),
        newest: None,
        begin: Instant::now(),
        problem: None,
    };
    let changed = Notify::new();
    let watched = manager.objects.clone();
    let rounds = async {
        let mut at_once = BURST;
        loop {
            let pause = manager.round().await;
            if timeout(pause, changed.notified()).await.is_err() {
                if pause >= SOON {
                    at_once = BURST;
                }
            } else if at_once == 0 {
                sleep(SOON).await;
            } else {
                at_once -= 1;
            }
        }
    };
    join(rounds, watched.watch(&changed)).await;
}

struct Manager {
    objects: Objects,
    certificate: ManagedCertificate,
    terms: Terms,
    /// How long to wait after a round while all is well.
    later: Duration,
    replica: Replica,
    /// The key and the certificate of `replica.newest`.
    newest: Option<Arc<keys::Signed>>,
    begin: Instant,
    /// The problem that was logged last, so that each is logged once.
    problem: Option<String>,
}

/// Whether the rest of a plan still holds.
enum Done {
    Go,
    LookAgain,
}

impl Manager {
    /// Looks, decides and acts once. Returns how long to wait.
    async fn round(&mut self) -> Duration {
        let looked = timeout(API_TIMEOUT, self.objects.look()).await;
        let seen = match looked.unwrap_or(Err(keys::CaError::Slow)) {
            Ok(seen) => seen,
            Err(error) => {
                self.log_problem(Some(format!("cannot look at the cluster: {error}")));
                // What was verified stays, for as long as it is valid.
                if self.replica.has_expired(Timestamp::now().as_second()) {
                    tracing::error!("the certificate has expired: serving none until there is another");
                    self.withdraw();
                }
                return self.pause();
            }
        };
        let steady = i64::try_from(self.begin.elapsed().as_secs()).unwrap_or(i64::MAX);
        let clock = Clock { wall: Timestamp::now().as_second(), steady };
        let actions = self.replica.decide(&seen.view, clock, &self.terms);
        let mut problem = seen.missing.clone();
        let mut busy = !actions.is_empty();
        for action in actions {
            let acted = timeout(API_TIMEOUT, self.act(&seen, action, clock)).await;
            match acted.unwrap_or(Err(keys::CaError::Slow)) {
                Ok(Done::Go) => {}
                Ok(Done::LookAgain) => break,
                Err(error) => {
                    problem = Some(error.to_string());
                    busy = false;
                    break;
                }
            }
        }
        self.log_problem(problem);
        if busy { AGAIN } else { self.pause() }
    }

    fn pause(&self) -> Duration {
        match self.replica.serving.is_some() && !self.replica.is_unverified() {
            true => self.later,
            false => SOON,
        }
    }

    async fn act(&mut self, seen: &Seen, action: Action, clock: Clock) -> Result<Done, keys::CaError> {
        let written = match action {
            Action::Withdraw => {
                tracing::warn!("a caBundle no longer verifies the certificate: serving none until it does");
                self.withdraw();
                return Ok(Done::Go);
            }
            Action::Found => {
                let authority = keys::authority(clock.wall, &self.terms)?;
                let written = self.objects.found(seen, &authority).await?;
                if written == Written::Yes {
                    tracing::info!("made a certificate authority");
                }
                written
            }
            Action::Restore => {
                let written = self.objects.restore(seen).await?;
                if written == Written::Yes {
                    tracing::warn!("the Secret was emptied: put the certificate authority back");
                }
                written
            }
            Action::Prepare => {
                let authority = keys::authority(clock.wall, &self.terms)?;
                let written = self.objects.prepare(seen, &authority).await?;
                if written == Written::Yes {
                    tracing::info!("made the next certificate authority");
                }
                written
            }
            Action::Promote => {
                let written = self.objects.promote(seen).await?;
                if written == Written::Yes {
                    tracing::info!("the next certificate authority signs from now on");
                }
                written
            }
            Action::Publish { webhook, bundle } => {
                // One write for all webhooks of a configuration: the others find their object changed, and come again.
                self.objects.publish(seen, webhook, &bundle).await?
            }
            Action::Sign { names } => {
                let signed = keys::sign(seen.signer()?, &names, clock.wall, &self.terms)?;
                self.replica.newest = Some(signed.leaf.clone());
                self.newest = Some(Arc::new(signed));
                return Ok(Done::Go);
            }
            Action::Serve => {
                let Some(signed) = self.newest.clone() else { return Ok(Done::LookAgain) };
                // The plan reasons about names of authorities; this asks the TLS library itself.
                for bundle in &seen.bundles {
                    keys::verify(&signed, bundle)?;
                }
                let not_after = signed.leaf.not_after;
                let identity =
                    Identity { key: Arc::clone(&signed.key), not_before: signed.leaf.not_before, not_after };
                self.certificate.install(Some(identity)).map_err(keys::CaError::Tls)?;
                self.replica.serving = Some(signed.leaf.clone());
                let until = Timestamp::from_second(not_after).unwrap_or(Timestamp::MAX);
                tracing::info!(%until, hosts = ?signed.leaf.names, "serving a new certificate");
                return Ok(Done::Go);
            }
        };
        Ok(if written == Written::Yes { Done::Go } else { Done::LookAgain })
    }

    fn withdraw(&mut self) {
        self.replica.serving = None;
        if let Err(error) = self.certificate.install(None) {
            tracing::error!(%error, "cannot withdraw the certificate");
        }
    }

    /// Logs a problem once, for as long as it lasts, and its end.
    fn log_problem(&mut self, problem: Option<String>) {
        if problem != self.problem {
            match &problem {
                Some(problem) => {
                    tracing::warn!(problem, "certificates cannot be managed for now: trying again")
                }
                None => tracing::info!("certificates are managed again"),
            }
            self.problem = problem;
        }
    }
}
