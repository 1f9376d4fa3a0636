//! The end of sessions and API keys, for connections that would outlive them.

use std::time::Duration;

use bellwether_domain::{Domain, Fault, Viewer};

/// How often it is asked whether a session is still open. The answer is at most three seconds old: within five, an end
/// on another instance is known here.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// Waits until the viewer's session or API key has ended, and tells why. For whoever is not signed in there is none to end.
pub(super) async fn ended(domain: Domain, viewer: Viewer) -> Fault {
    if viewer.member().is_err() {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(ASK_EVERY).await;
        // In a box, because thousands of sockets wait here and few of them ask at a time.
        if let Err(fault @ Fault::Unauthenticated(_)) = Box::pin(domain.still_signed_in(&viewer)).await {
            return fault;
        }
    }
}
