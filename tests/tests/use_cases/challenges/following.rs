//! Following a challenge: nothing is told to who has signed out, whatever carries it.

use bellwether_domain::Fault;
use bellwether_domain::challenges::{ChallengeStatus as Status, Steer};
use bellwether_domain::viewer::ClientInfo;
use bellwether_tests::{PATIENCE, TestDomain, both_databases};
use futures_util::{Stream, StreamExt};

use super::steering::steer;
use super::support::*;
use crate::trading::support::*;

/// What is told next.
async fn told<T>(followed: &mut (impl Stream<Item = T> + Unpin)) -> T {
    tokio::time::timeout(PATIENCE, followed.next()).await.expect("nothing was told").expect("it goes on")
}

both_databases! {
    /// What happens after the end of a session is not told, be it told of by the clock, before the challenge is begun, or by
    /// its account, and that is the end.
    async fn who_has_signed_out_is_told_nothing_more(app: TestDomain) {
        open_market(&app);
        for is_begun in [false, true] {
            let (_, challenge) = if is_begun { begun(&app, vec![usual()]).await } else { granted(&app, vec![usual()]).await };
            let viewer = app.viewer("a", bellwether_domain::permission::Role::Trader).await;
            let mut followed = Box::pin(app.domain.follow_challenge(&viewer, challenge.id).await.unwrap());
            let first = told(&mut followed).await.unwrap();
            assert_eq!(first.status, if is_begun { Status::Active } else { Status::Pending });
            app.domain.logout(&viewer, None, &ClientInfo::default()).await.unwrap();
            steer(&app, &challenge, Steer::Cancel).await.unwrap();
            let refused = told(&mut followed).await;
            assert!(matches!(refused, Err(Fault::Unauthenticated(_))), "{refused:?}");
            let end = tokio::time::timeout(PATIENCE, followed.next()).await.expect("it goes on");
            assert!(end.is_none(), "{end:?}");
        }
    }
}
