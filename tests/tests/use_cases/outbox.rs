//! The outbox: each letter once, whatever fails, and nothing secret in the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bellwether_domain::clock::Clock;
use bellwether_domain::error::ProblemCode;
use bellwether_domain::identity::{AcceptInvitation, Invite, Register};
use bellwether_domain::locale::Locale;
use bellwether_domain::mail::{Letter, MailError, Mailer, Notice};
use bellwether_domain::outbox::{Delivered, Topic};
use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{Domain, Error};
use bellwether_tests::app::{PASSWORD, domain_with};
use bellwether_tests::mail::{link, token};
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Statement};

const EMAIL: &str = "ana@example.com";

/// Registers somebody, which writes them a letter.
async fn register(domain: &Domain, email: &str, locale: Locale) -> Result<(), Error> {
    let input = Register {
        email: email.to_owned(),
        password: PASSWORD.into(),
        first_name: "Ana".to_owned(),
        last_name: "Pérez".to_owned(),
        accept_terms: domain.config().terms_version.clone(),
        tenant: None,
        locale,
    };
    domain.register(input, &ClientInfo::default()).await.map(drop)
}

/// The outbox as it is written: one line a message.
async fn rows(domain: &Domain) -> Vec<String> {
    let query = "SELECT CAST(kind AS TEXT) || ' ' || CAST(message AS TEXT) || ' ' || CAST(attempts AS TEXT) || \
        CASE WHEN delivered_at IS NULL THEN '' ELSE ' delivered' END || \
        CASE WHEN dead_at IS NULL THEN '' ELSE ' dead' END || COALESCE(' ' || last_error, '') AS line \
        FROM outbox ORDER BY created_at, id";
    let query = Statement::from_string(domain.db().backend(), query);
    let rows = domain.db().reader().query_all_raw(query).await.unwrap();
    rows.iter().map(|row| row.try_get("", "line").unwrap()).collect()
}

fn failed() -> MailError {
    MailError::Failed("451 try later".to_owned())
}

/// A mailer that takes a letter and never comes back.
#[derive(Default)]
struct Stuck(AtomicBool);

#[async_trait::async_trait]
impl Mailer for Stuck {
    async fn send(&self, _: &Letter) -> Result<(), MailError> {
        self.0.store(true, Ordering::SeqCst);
        std::future::pending().await
    }
}

both_databases! {
    async fn a_letter_is_written_with_what_it_tells_of_and_sent_afterwards(app: TestDomain) {
        register(&app.domain, EMAIL, Locale::Es).await.unwrap();
        assert_eq!(app.mail.count(), 0, "not in the request");
        assert_eq!(app.domain.deliver_outbox(10).await.unwrap(), Delivered { done: 1, failed: 0, dead: 0 });
        let letter = &app.mail.to(EMAIL)[0];
        assert_eq!((letter.locale, &letter.name), (Locale::Es, &None));
        assert!(letter.tenant.starts_with("Tenant "), "{letter:?}");
        assert!(link(letter).starts_with("http://127.0.0.1:8080/verify-email#token=bwv_"), "{}", link(letter));
        assert_eq!(rows(&app.domain).await, ["MAIL {} 1 delivered"], "blank, once it is delivered");
        // What is undone leaves no letter.
        assert!(register(&app.domain, EMAIL, Locale::En).await.is_err(), "taken");
        assert_eq!(app.domain.deliver_outbox(10).await.unwrap(), Delivered::default());
    }

    /// The token is made with the letter: it is nowhere before, and nothing but its hash is anywhere after.
    async fn no_token_lies_in_the_database(app: TestDomain) {
        register(&app.domain, EMAIL, Locale::En).await.unwrap();
        let waiting = rows(&app.domain).await;
        assert!(waiting[0].contains("VERIFY_EMAIL") && !waiting[0].contains("bwv_"), "{waiting:?}");
        app.mail.fail([failed()]);
        app.deliver().await;
        let failed = rows(&app.domain).await;
        assert!(failed[0].ends_with(" 1 not delivered: 451 try later") && !failed[0].contains("bwv_"), "{failed:?}");
        app.clock.advance(TimeDelta::seconds(30));
        app.deliver().await;
        let sent = token(&app.mail.to(EMAIL)[0]);
        let hashes = Statement::from_string(app.domain.db().backend(), "SELECT token_hash FROM user_tokens");
        let rows = app.domain.db().reader().query_all_raw(hashes).await.unwrap();
        let hashes: Vec<Vec<u8>> = rows.iter().map(|row| row.try_get("", "token_hash").unwrap()).collect();
        assert_eq!(hashes, [bellwether_domain::identity::hash_token(&sent)]);
    }

    /// Eight deliverers in two processes, twenty-five letters: each is sent once.
    async fn of_many_deliverers_one_sends_a_letter(app: TestDomain) {
        let emails: Vec<String> = (0..25).map(|number| format!("many{number}@example.com")).collect();
        for email in &emails {
            register(&app.domain, email, Locale::En).await.unwrap();
        }
        let second = app.another().await;
        let tasks: Vec<_> = (0..8).map(|number| {
            let domain = if number % 2 == 0 { app.domain.clone() } else { second.clone() };
            tokio::spawn(async move { domain.deliver_outbox(100).await.unwrap().done })
        }).collect();
        let mut done = 0;
        for task in tasks {
            done += task.await.unwrap();
        }
        assert_eq!(done, 25);
        for email in &emails {
            assert_eq!(app.mail.to(email).len(), 1, "{email}");
        }
    }

    /// A day to verify an email, an hour to set a new password, a week to accept an invitation; and the letter says so.
    async fn a_link_is_good_for_as_long_as_its_letter_says(app: TestDomain) {
        let nobody = ClientInfo::default();
        let until = async |email: &str, wanted: i64| {
            app.deliver().await;
            let letter = app.mail.to(email).pop().unwrap();
            let (Notice::VerifyEmail { hours, .. } | Notice::ResetPassword { hours, .. } | Notice::Invitation { hours, .. }) =
                letter.notice
            else {
                panic!("{letter:?}")
            };
            assert_eq!(hours, wanted);
            app.clock.advance(TimeDelta::hours(hours) - TimeDelta::seconds(1));
            token(&letter)
        };
        let is_over = |refused: Error| match refused {
            Error::Problems(problems) => problems[0].code == ProblemCode::TokenInvalid,
            other => panic!("{other:?}"),
        };

        register(&app.domain, EMAIL, Locale::En).await.unwrap();
        let early = until(EMAIL, 24).await;
        app.domain.verify_email(&early, &nobody).await.unwrap();
        register(&app.domain, "bob@example.com", Locale::En).await.unwrap();
        let late = until("bob@example.com", 24).await;
        app.clock.advance(TimeDelta::seconds(1));
        assert!(is_over(app.domain.verify_email(&late, &nobody).await.unwrap_err()));

        // A weak password leaves a token good, and is looked at where the token is.
        app.domain.request_password_reset(EMAIL, None, &nobody).await.unwrap();
        let reset = until(EMAIL, 1).await;
        let try_reset = async || is_over(app.domain.reset_password(&reset, &"weak".into(), &nobody).await.unwrap_err());
        assert!(!try_reset().await);
        app.clock.advance(TimeDelta::seconds(1));
        assert!(try_reset().await);

        let invited = "carol@example.com";
        let invite = Invite {
            email: invited.to_owned(),
            first_name: "Carol".to_owned(),
            last_name: "King".to_owned(),
            role: Role::Trader,
            locale: Locale::En,
        };
        app.domain.invite_user(&app.viewer("a", Role::Admin).await, invite, &nobody).await.unwrap();
        let invitation = until(invited, 7 * 24).await;
        let try_to_accept = async || {
            let (token, password) = (invitation.as_str().into(), "weak".into());
            let input = AcceptInvitation { token, password, accept_terms: app.domain.config().terms_version.clone() };
            is_over(app.domain.accept_invitation(input, &nobody).await.unwrap_err())
        };
        assert!(!try_to_accept().await);
        app.clock.advance(TimeDelta::seconds(1));
        assert!(try_to_accept().await);
    }

    async fn what_fails_is_tried_again_after_growing_waits_and_given_up_in_the_end(app: TestDomain) {
        register(&app.domain, EMAIL, Locale::En).await.unwrap();
        app.mail.fail((0..8).map(|_| failed()));
        for (number, seconds) in (1..8).zip([30, 120, 480, 1_920, 7_680, 21_600, 21_600]) {
            assert_eq!(app.domain.deliver_outbox(10).await.unwrap().failed, 1, "try {number}");
            app.clock.advance(TimeDelta::seconds(seconds - 1));
            assert_eq!(app.domain.deliver_outbox(10).await.unwrap().tried(), 0, "too early for try {}", number + 1);
            app.clock.advance(TimeDelta::seconds(1));
        }
        assert_eq!(app.domain.deliver_outbox(10).await.unwrap().dead, 1, "the eighth is the last");
        app.clock.advance(TimeDelta::days(30));
        assert_eq!(app.domain.deliver_outbox(10).await.unwrap(), Delivered::default());
        let dead = rows(&app.domain).await;
        assert!(dead[0].ends_with(" 8 dead not delivered: 451 try later"), "{dead:?}");
        assert!(dead[0].contains("VERIFY_EMAIL"), "what was given up can be told: {dead:?}");
        assert_eq!(app.mail.count(), 0);
        let owner = app.viewer("a", Role::Owner).await;
        let page = app.domain.dead_letters(&owner, &PageArgs::default()).await.unwrap();
        let [letter] = page.items.as_slice() else { panic!("{page:?}") };
        assert_eq!((letter.topic, letter.to.as_deref(), letter.attempts), (Some(Topic::VerifyEmail), Some(EMAIL), 8));
        assert_eq!(letter.error.as_deref(), Some("not delivered: 451 try later"));

        let admin = app.viewer("a", Role::Admin).await;
        let nobody = ClientInfo::default();
        assert!(app.domain.redrive_letter(&admin, letter.id, &nobody).await.is_err(), "the owner's alone");
        app.domain.redrive_letter(&owner, letter.id, &nobody).await.unwrap();
        assert_eq!(app.domain.deliver_outbox(10).await.unwrap().done, 1);
        assert_eq!(app.mail.to(EMAIL).len(), 1);
        assert_eq!(app.domain.count_dead_letters(&owner).await.unwrap(), 0);
        let again = app.domain.redrive_letter(&owner, letter.id, &nobody).await;
        assert!(matches!(again, Err(Error::Problems(_))), "{again:?}");
    }

    async fn what_is_refused_is_not_tried_again(app: TestDomain) {
        register(&app.domain, EMAIL, Locale::En).await.unwrap();
        app.mail.fail([MailError::Refused("550 no such user".to_owned())]);
        assert_eq!(app.domain.deliver_outbox(10).await.unwrap(), Delivered { done: 0, failed: 0, dead: 1 });
    }

    /// A process that dies with a letter in its hands has it for five minutes.
    async fn what_a_dead_process_held_is_sent_by_another(app: TestDomain) {
        register(&app.domain, EMAIL, Locale::En).await.unwrap();
        let stuck = Arc::new(Stuck::default());
        let clock = Arc::clone(&app.clock) as Arc<dyn Clock>;
        let mailer = Arc::clone(&stuck) as Arc<dyn Mailer>;
        let doomed = domain_with(&app.database, app.domain.config().clone(), clock, mailer).await;
        let task = tokio::spawn(async move { doomed.deliver_outbox(10).await });
        while !stuck.0.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        task.abort();
        assert_eq!(app.domain.deliver_outbox(10).await.unwrap().tried(), 0, "it is another's");
        app.clock.advance(TimeDelta::minutes(5));
        assert_eq!(app.domain.deliver_outbox(10).await.unwrap().done, 1);
        assert_eq!(app.mail.to(EMAIL).len(), 1);
    }

    /// A message that nothing can be made of is given up, and holds up nobody.
    async fn a_message_that_is_none_of_ours_holds_up_nobody(app: TestDomain) {
        register(&app.domain, EMAIL, Locale::En).await.unwrap();
        let nonsense = "UPDATE outbox SET message = '{\"kind\": \"PIGEON\"}'";
        app.domain.db().writer().execute_unprepared(nonsense).await.unwrap();
        register(&app.domain, "bob@example.com", Locale::En).await.unwrap();
        let delivered = app.domain.deliver_outbox(10).await.unwrap();
        assert_eq!(delivered, Delivered { done: 1, failed: 1, dead: 0 });
        assert_eq!(app.mail.to("bob@example.com").len(), 1);
        for _ in 0..7 {
            app.clock.advance(TimeDelta::hours(6));
            app.deliver().await;
        }
        let rows = rows(&app.domain).await;
        assert!(rows.iter().any(|row| row.contains("PIGEON") && row.contains(" 8 dead ")), "{rows:?}");
    }
}
