//! Following signals over a socket: everything recorded anywhere, once, in order, to those who may see it, until they
//! may no more.
//!
//! A subscription is not acknowledged. To know that one has begun, a test lets it replay a signal that was there: what
//! comes after that one is live.

use std::time::{Duration, Instant};

use bellwether_domain::permission::Role;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::mail::token as link_token;
use bellwether_tests::{Client, TestApp, both_databases};
use serde_json::{Value, json};

use crate::support::socket::Socket;
use crate::support::{DELIVERY, member, public_signal, record, record_many, signal, with, within_time};

/// What the study gives the end of a session, or of a role, to take effect everywhere.
const REVOKED_WITHIN: Duration = Duration::from_secs(5);

/// A socket that follows this filter, past the one signal that is there.
async fn live(client: &Client, filter: Value) -> Socket {
    let mut socket = Socket::ready(client).await;
    socket.follow("1", filter, Some("0")).await;
    assert_eq!(socket.confidence("1").await, 0);
    socket
}

/// Records a signal, and how long after its answer it was told.
async fn told_after(socket: &mut Socket, author: &Client, number: u32) -> Duration {
    record(author, public_signal(number)).await;
    let recorded = Instant::now();
    assert_eq!(socket.confidence("1").await, u64::from(number));
    recorded.elapsed()
}

both_databases! {
    async fn what_is_recorded_here_or_elsewhere_is_told_at_once(app: TestApp) {
        let (seller, trader) = (member(&app, Role::Seller).await, member(&app, Role::Trader).await);
        record(&seller, public_signal(0)).await;
        let mut socket = live(&trader, Value::Null).await;
        let here = told_after(&mut socket, &seller, 1).await;
        assert!(here < DELIVERY, "{here:?} after it was recorded on this server");
        let (_other, address) = app.another().await;
        let elsewhere = told_after(&mut socket, &seller.at(address), 2).await;
        assert!(elsewhere < DELIVERY, "{elsewhere:?} after it was recorded on another server");
        let again = told_after(&mut socket, &seller, 3).await;
        assert!(again < DELIVERY, "{again:?}");
        // The same on the other server, which was told nothing of these by anybody.
        let mut there = Socket::ready(&trader.at(address)).await;
        there.follow("1", Value::Null, Some("0")).await;
        for number in 0..4 {
            assert_eq!(there.confidence("1").await, number);
        }
        assert!(told_after(&mut there, &seller, 4).await < DELIVERY);
    }

    /// Sixty signals by two servers while the follower leaves and comes back.
    async fn who_resumes_misses_nothing_and_hears_nothing_twice(app: TestApp) {
        let (seller, trader) = (member(&app, Role::Seller).await, member(&app, Role::Trader).await);
        let (_other, address) = app.another().await;
        record(&seller, public_signal(0)).await;
        let mut socket = live(&trader, Value::Null).await;
        let writers: Vec<_> = [seller.clone(), seller.at(address)]
            .into_iter()
            .zip([1, 31])
            .map(|(author, first)| {
                tokio::spawn(async move {
                    for number in first..first + 30 {
                        record(&author, public_signal(number)).await;
                    }
                })
            })
            .collect();
        let (mut heard, mut sequences): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
        let mut next_server = [address, app.address].into_iter().cycle();
        while heard.len() < 60 {
            for _ in 0..7.min(60 - heard.len()) {
                let event = socket.event("1").await;
                heard.push(event["signal"]["confidence"].as_u64().unwrap());
                sequences.push(event["sequence"].as_str().unwrap().parse().unwrap());
            }
            let after = sequences.last().unwrap().to_string();
            socket = Socket::ready(&trader.at(next_server.next().unwrap())).await;
            socket.follow("1", Value::Null, Some(&after)).await;
        }
        assert!(sequences.is_sorted_by(|one, two| one < two), "{sequences:?}");
        for writer in writers {
            writer.await.unwrap();
        }
        let of = |first: u64| {
            heard.iter().copied().filter(|number| (first..first + 30).contains(number)).collect::<Vec<_>>()
        };
        assert_eq!(of(1), (1..31).collect::<Vec<_>>(), "each writer's in the order of its writing");
        assert_eq!(of(31), (31..61).collect::<Vec<_>>());
        assert_eq!(socket.settle().await, [] as [Value; 0], "and nothing beyond");
    }

    async fn who_missed_more_than_a_thousand_must_read_the_list_again(app: TestApp) {
        let (seller, trader) = (member(&app, Role::Seller).await, member(&app, Role::Trader).await);
        record_many(&seller, (0..1_000).map(public_signal).collect()).await;
        let mut socket = Socket::ready(&trader).await;
        socket.follow("1", Value::Null, Some("0")).await;
        let mut sequences = Vec::new();
        for number in 0..1_000 {
            let event = socket.event("1").await;
            assert_eq!(event["signal"]["confidence"], number % 101);
            sequences.push(event["sequence"].as_str().unwrap().parse::<u64>().unwrap());
        }
        assert!(sequences.is_sorted_by(|one, two| one < two));
        record(&seller, public_signal(1_000)).await;
        assert_eq!(socket.confidence("1").await, 1_000 % 101, "a thousand are not too many, and it goes on");

        socket.follow("2", Value::Null, Some("0")).await;
        let message = loop {
            let message = socket.next().await;
            if message["id"] == "2" {
                break message;
            }
        };
        // It was a good subscription that ends here: `next` with the error, then `complete`.
        assert_eq!(message["type"], "next", "{message}");
        crate::support::assert_error_list(message["payload"]["errors"].as_array().unwrap(), None);
        let extensions = &message["payload"]["errors"][0]["extensions"];
        assert_eq!(extensions["code"], "RESYNC_REQUIRED");
        let last = extensions["lastSequence"].as_str().unwrap().parse::<u64>().unwrap();
        assert!(last > *sequences.last().unwrap(), "the newest, where to go on after the list was read: {last}");
        assert_eq!(socket.next().await, json!({"type": "complete", "id": "2"}));
        let newest = sequences.last().unwrap().to_string();
        socket.follow("2", Value::Null, Some(&newest)).await;
        assert_eq!(socket.confidence("2").await, 1_000 % 101, "whoever read the list resumes from its newest");
    }

    async fn what_is_private_or_another_tenants_is_told_to_nobody_else(app: TestApp) {
        let (trader, seller) = (member(&app, Role::Trader).await, member(&app, Role::Seller).await);
        let (stranger, owner) = (app.sign_in("b", Role::Admin).await, member(&app, Role::Admin).await);
        record(&seller, public_signal(0)).await;
        record(&stranger, public_signal(0)).await;
        let mut sockets = Vec::new();
        for client in [&trader, &seller, &owner, &stranger] {
            sockets.push(live(client, Value::Null).await);
        }
        record(&trader, signal(1)).await;
        record(&stranger, public_signal(2)).await;
        record(&stranger, signal(3)).await;
        record(&seller, signal(4)).await;
        record(&seller, public_signal(5)).await;
        record(&stranger, public_signal(6)).await;
        for (socket, expected) in sockets.iter_mut().zip([&[1, 5][..], &[4, 5], &[5], &[2, 3, 6]]) {
            for number in expected {
                assert_eq!(socket.confidence("1").await, *number, "of {expected:?}");
            }
            assert_eq!(socket.settle().await, [] as [Value; 0], "and nothing but {expected:?}");
        }
        // Replaying hides the same.
        for (client, expected) in [(&trader, &[0, 1, 5][..]), (&owner, &[0, 5]), (&stranger, &[0, 2, 3, 6])] {
            let mut socket = Socket::ready(client).await;
            socket.follow("1", Value::Null, Some("0")).await;
            for number in expected {
                assert_eq!(socket.confidence("1").await, *number, "of {expected:?}");
            }
            assert_eq!(socket.settle().await, [] as [Value; 0], "and nothing but {expected:?}");
        }
    }

    async fn only_what_the_filter_lets_through_is_told(app: TestApp) {
        let seller = member(&app, Role::Seller).await;
        record(&seller, public_signal(0)).await;
        let filter = json!({"or": [
            {"symbol": {"eq": "aapl"}, "direction": {"in": ["BUY", "SELL"]}, "confidence": {"lt": 50}},
            {"symbol": {"eq": "MSFT"}, "confidence": {"gte": 90}},
        ]});
        let mut socket = live(&seller, filter.clone()).await;
        let of = |number: u32, symbol: &str, direction: &str| {
            with(with(public_signal(number), "symbol", json!(symbol)), "direction", json!(direction))
        };
        for (number, symbol, direction) in [
            (10, "AAPL", "HOLD"),
            (11, "MSFT", "BUY"),
            (12, "AAPL", "SELL"),
            (60, "AAPL", "BUY"),
            (90, "MSFT", "HOLD"),
            (91, "BTC-USD", "BUY"),
            (49, "AAPL", "BUY"),
        ] {
            record(&seller, of(number, symbol, direction)).await;
        }
        let mut replayed = Socket::ready(&seller).await;
        replayed.follow("1", filter, Some("0")).await;
        assert_eq!(replayed.confidence("1").await, 0);
        for socket in [&mut socket, &mut replayed] {
            for number in [12, 90, 49] {
                assert_eq!(socket.confidence("1").await, number);
            }
            assert_eq!(socket.settle().await, [] as [Value; 0]);
        }
    }

    async fn a_change_is_told_and_a_duplicate_is_not(app: TestApp) {
        let seller = member(&app, Role::Seller).await;
        record(&seller, public_signal(0)).await;
        let mut socket = live(&seller, Value::Null).await;
        let query = "mutation ($input: RecordSignalInput!) { recordSignal(input: $input) { outcome } }";
        let again = json!({"input": public_signal(0)});
        assert_eq!(seller.data(query, again).await["recordSignal"]["outcome"], "IGNORED");
        let update = with(with(public_signal(0), "confidence", json!(33)), "onDuplicate", json!("UPDATE"));
        assert_eq!(seller.data(query, json!({"input": update})).await["recordSignal"]["outcome"], "UPDATED");
        assert_eq!(socket.confidence("1").await, 33);
        record(&seller, public_signal(1)).await;
        assert_eq!(socket.confidence("1").await, 1);
        assert_eq!(socket.settle().await, [] as [Value; 0]);
    }

    async fn a_completed_subscription_is_told_nothing_more(app: TestApp) {
        let seller = member(&app, Role::Seller).await;
        record(&seller, public_signal(0)).await;
        let mut socket = live(&seller, Value::Null).await;
        socket.follow("2", Value::Null, Some("0")).await;
        assert_eq!(socket.confidence("2").await, 0);
        socket.send(json!({"type": "complete", "id": "1"})).await;
        assert_eq!(socket.settle().await, [] as [Value; 0], "its end is not answered");
        for number in 1..4 {
            record(&seller, public_signal(number)).await;
            assert_eq!(socket.confidence("2").await, u64::from(number), "the other goes on");
        }
        assert_eq!(socket.settle().await, [] as [Value; 0]);
        socket.follow("1", json!({"confidence": {"eq": 3}}), Some("0")).await;
        assert_eq!(socket.confidence("1").await, 3, "its id is free again");
    }

    async fn a_socket_ends_with_its_session(app: TestApp) {
        let (_other, address) = app.another().await;
        let seller = member(&app, Role::Seller).await;
        record(&seller, public_signal(0)).await;
        // Signed out at the same server or at another, following or just connected.
        let endings = [(app.address, true), (address, true), (app.address, false), (address, false)].map(
            async |(at_logout, follows)| {
                let trader = member(&app, Role::Trader).await;
                let mut socket = if follows { live(&trader, Value::Null).await } else { Socket::ready(&trader).await };
                trader.at(at_logout).data("mutation { logout(input: {}) { sessionId } }", Value::Null).await;
                let (code, reason) = within_time(REVOKED_WITHIN + DELIVERY, "the end", socket.closed()).await;
                assert_eq!(code, 4403, "{reason}");
            },
        );
        futures_util::future::join_all(endings).await;
    }

    /// Whatever else takes from somebody what they could see takes their socket, too.
    async fn a_socket_ends_with_what_its_user_may_see(app: TestApp) {
        let ids = "{ viewer { user { id } tenant { id } } }";
        let (admin, owner) = (member(&app, Role::Admin).await, member(&app, Role::Owner).await);
        let mut followers = Vec::new();
        for (what, tenant, role) in [
            ("another role", "a", Role::Trader),
            ("a new password", "a", Role::Support),
            ("a closed account", "a", Role::Seller),
            ("a suspended user", "b", Role::Seller),
            ("a suspended tenant", "b", Role::Trader),
        ] {
            let client = app.sign_in(tenant, role).await;
            let viewer = client.data(ids, Value::Null).await["viewer"].clone();
            let mut socket = Socket::ready(&client).await;
            socket.follow("1", Value::Null, None).await;
            assert_eq!(socket.settle().await, [] as [Value; 0]);
            followers.push((what, socket, client, viewer));
        }
        let done = async |client: &Client, mutation: &str, variables: Value| {
            let data = client.data(mutation, variables).await;
            assert_eq!(data["done"]["userErrors"], json!([]), "{mutation}: {data}");
        };
        let [role, password, account, user, tenant] = &followers[..] else { panic!("five") };
        let set_role = "mutation ($id: ID!) { done: setUserRole(input: {userId: $id, role: SELLER}) { userErrors { code } } }";
        done(&admin, set_role, json!({"id": role.3["user"]["id"]})).await;
        let email = email("a", Role::Support);
        let forgot = "mutation ($email: String!) { done: requestPasswordReset(input: {email: $email}) { userErrors { code } } }";
        done(&app.anonymous(), forgot, json!({"email": email})).await;
        let link = link_token(&app.mail.wait_for(&email, "reset_password", 1).await);
        let reset = "mutation ($token: String!) { done: resetPassword(input: {token: $token, password: \"An0ther-Passw0rd!\"}) {
            userErrors { code } } }";
        done(&password.2, reset, json!({"token": link})).await;
        let close = "mutation ($password: String!) { done: closeAccount(input: {password: $password}) { userErrors { code } } }";
        done(&account.2, close, json!({"password": PASSWORD})).await;
        let suspend = "mutation ($id: ID!) { done: suspendUser(input: {userId: $id, reason: \"unpaid\"}) { userErrors { code } } }";
        done(&owner, suspend, json!({"id": user.3["user"]["id"]})).await;
        let suspend = "mutation ($id: ID!) { done: suspendTenant(input: {tenantId: $id, reason: \"unpaid\"}) {
            userErrors { code } } }";
        done(&owner, suspend, json!({"id": tenant.3["tenant"]["id"]})).await;
        for (what, mut socket, ..) in followers {
            let (code, reason) = socket.closed().await;
            assert_eq!(code, 4403, "{what}: {reason}");
        }
    }

    async fn nothing_is_told_once_the_session_has_ended_here(app: TestApp) {
        let (seller, trader) = (member(&app, Role::Seller).await, member(&app, Role::Trader).await);
        record(&seller, public_signal(0)).await;
        let mut socket = live(&trader, Value::Null).await;
        trader.data("mutation { logout(input: {}) { sessionId } }", Value::Null).await;
        record(&seller, public_signal(1)).await;
        // The subscription is told why, and then the socket is closed; or that at once, where it was asked for just then.
        let (told, code) = socket.ending().await;
        if let Some((error, rest)) = told.split_first() {
            assert_eq!(error["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{error}");
            assert!(!error.to_string().contains("confidence"), "{error}");
            assert!(rest.iter().eq(&[json!({"type": "complete", "id": "1"})]) || rest.is_empty(), "{rest:?}");
        }
        assert_eq!(code, 4403);
    }

    async fn a_stopping_server_says_goodbye(app: TestApp) {
        let seller = member(&app, Role::Seller).await;
        record(&seller, public_signal(0)).await;
        let (mut one, mut two) = (live(&seller, Value::Null).await, Socket::open(app.address).await);
        app.shutdown.cancel();
        assert_eq!(one.closed().await.0, 1001);
        assert_eq!(two.closed().await.0, 1001, "also before its beginning");
    }
}
