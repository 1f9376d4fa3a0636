//! The demo's challenges: whenever a demo begins, one is failed, one passed with its next phase waiting, one under way.

use std::sync::Arc;

use bellwether_domain::Viewer;
use bellwether_domain::challenges::{ChallengeStatus as Status, PhaseKind};
use bellwether_domain::clock::Clock;
use bellwether_domain::identity::Login;
use bellwether_domain::paging::PageArgs;
use bellwether_integrations::demo::Demo;
use bellwether_tests::{Backend, TestDomain};
use chrono::{DateTime, TimeDelta, Utc};

#[tokio::test(flavor = "multi_thread")]
async fn they_go_as_they_are_told_whenever_a_demo_begins() {
    for begins in ["2026-03-02T12:00:00Z", "2026-11-21T18:00:00Z", "2027-06-30T23:00:00Z", "2028-02-29T03:00:00Z"] {
        let app = TestDomain::start(Backend::Sqlite).await.unwrap();
        app.clock.advance(begins.parse::<DateTime<Utc>>().unwrap() - app.clock_now());
        let source = Demo::new(Arc::clone(&app.clock) as Arc<dyn Clock>, TimeDelta::seconds(60));
        let domain = app.another_asking(vec![Arc::new(source)]).await;
        domain.anchor_demo(app.clock_now()).await.unwrap();
        let done = bellwether_seeds::demo(&domain).await.unwrap();
        assert_eq!((done.challenges, done.trades), (3, 8), "{begins}");
        assert_eq!(domain.deliver_outbox(10).await.unwrap().tried(), 0, "nobody is written to about it");
        let admin = Login {
            email: "admin@atlas.test".to_owned(),
            password: bellwether_seeds::DEMO_PASSWORD.into(),
            remember_me: false,
            tenant: None,
        };
        let admin = Viewer::User(domain.login(admin, &Default::default()).await.unwrap().member);
        let all = domain.challenges_page(&admin, &Default::default(), &PageArgs::default()).await.unwrap().items;
        let mut told: Vec<_> = all.iter().map(|challenge| (challenge.status, challenge.phase)).collect();
        told.sort_unstable();
        let mut expected = [(Status::Failed, 1), (Status::Active, 1), (Status::Passed, 1), (Status::Pending, 2)];
        expected.sort_unstable();
        assert_eq!(told, expected, "{begins}");
        for challenge in &all {
            let proof = domain.prove_evidence(challenge).await.unwrap();
            assert_eq!((proof.problem, proof.rows), (None, challenge.seq));
            match challenge.status {
                Status::Pending => assert_eq!(challenge.rules().unwrap().phase, PhaseKind::Funded),
                Status::Active => assert!(domain.challenge_room(challenge).await.unwrap().unwrap().days_traded >= 8),
                _ => assert!(challenge.seq >= 20, "{begins}: {} rows", challenge.seq),
            }
        }
        assert!(domain.check_ledgers().await.unwrap().faults.is_empty());
    }
}
