//! Watches single objects, so that what others do to them is noticed at once.
//!
//! A watch says only *that* something happened: what stands there is read anew. So nothing depends on it. Where it is not
//! allowed, or breaks, changes are noticed as late as the next look.

use std::fmt::Debug;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use kube::Api;
use kube::api::{WatchEvent, WatchParams};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// How long one watch lasts, in seconds.
const WATCH_SECONDS: u32 = 240;

/// How long to wait before the next watch after one that failed: doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Reports every change of the object with this name, for ever. The metadata alone is sent.
pub(super) async fn report<K>(kind: &'static str, api: &Api<K>, name: &str, changed: &Notify)
where
    K: Clone + DeserializeOwned + Debug,
{
    // RBAC grants a watch of objects by name to those only that ask for no other.
    // With bookmarks, an API server before an etcd older than 3.5 refuses a watch that begins with what is there.
    let params = WatchParams::default()
        .fields(&format!("metadata.name={name}"))
        .timeout(WATCH_SECONDS)
        .disable_bookmarks();
    let mut pause = FIRST_PAUSE;
    let mut logged = false;
    loop {
        let begin = Instant::now();
        match follow(api, &params, changed).await {
            Ok(()) => {}
            Err(error) if !logged => {
                logged = true;
                tracing::warn!(kind, name, %error, "cannot watch: changes are noticed seconds later");
            }
            Err(_) => {}
        }
        if begin.elapsed() > LONGEST_PAUSE {
            (pause, logged) = (FIRST_PAUSE, false);
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One watch, from what stands there now until it ends.
async fn follow<K>(api: &Api<K>, params: &WatchParams, changed: &Notify) -> kube::Result<()>
where
    K: Clone + DeserializeOwned + Debug,
{
    let events = api.watch_metadata(params, "0").await?;
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.try_next().await? {
        match event {
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(status) => return Err(kube::Error::Api(status)),
            _ => changed.notify_one(),
        }
    }
    Ok(())
}
