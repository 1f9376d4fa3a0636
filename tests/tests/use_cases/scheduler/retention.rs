//! What is over is removed in its time, and nothing else.

use bellwether_domain::identity::Invite;
use bellwether_domain::locale::Locale;
use bellwether_domain::mail::MailError;
use bellwether_domain::permission::Role;
use bellwether_domain::scheduler::RunStatus;
use bellwether_domain::signals::{DeliveryFilter, NewSource};
use bellwether_domain::viewer::ClientInfo;
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;

use super::{count, every_job_has_run, execute, job, run, scheduling, status_jobs, until};

both_databases! {
    async fn what_is_over_is_removed_in_its_time(app: TestDomain) {
        let (owner, seller) = (app.viewer("a", Role::Owner).await, app.viewer("a", Role::Seller).await);
        let new = NewSource { name: "alerts".to_owned(), ..NewSource::default() };
        let (_, token) = app.domain.create_source(&seller, new, &ClientInfo::default()).await.unwrap();
        let deliver = async |body: &str| {
            app.domain.accept_delivery(token.expose(), None, body.as_bytes().to_vec()).await.unwrap();
        };
        for number in 0..250 {
            deliver(&format!("nothing that could be read {number}")).await;
        }
        while app.domain.judge_waiting().await.unwrap() > 0 {}
        deliver("what nobody has judged").await;
        // Sessions with tokens that were spent.
        let sessions = count(&app, "sessions").await;
        execute(
            &app,
            "INSERT INTO spent_refresh_tokens (token_hash, session_id, spent_at) SELECT randomblob(32), id, created_at FROM sessions",
            "INSERT INTO spent_refresh_tokens (token_hash, session_id, spent_at) SELECT sha256(id::text::bytea), id, created_at FROM sessions",
        )
        .await;
        app.domain.pause_job(&owner, "delivery_redrive", &ClientInfo::default()).await.unwrap();
        let _scheduling = scheduling(&app.domain, "one");
        assert_eq!(run(&app, &owner, "delivery_retention").await.items, 0, "nothing is old");
        assert_eq!(run(&app, &owner, "session_retention").await.items, 0);

        app.clock.advance(TimeDelta::days(91));
        let fresh = app.viewer("b", Role::Trader).await;
        deliver("that came today").await;
        let waiting = count(&app, "signal_deliveries WHERE verdict IS NULL").await;
        assert_eq!(run(&app, &owner, "delivery_retention").await.items, 250);
        assert_eq!(count(&app, "signal_deliveries").await, waiting, "what waits is kept, however old");
        let removed = run(&app, &owner, "session_retention").await;
        assert_eq!(removed.items, 2 * sessions);
        assert_eq!((count(&app, "sessions").await, count(&app, "spent_refresh_tokens").await), (1, 0));
        assert!(app.domain.still_signed_in(&fresh).await.is_ok());

        let judged = run(&app, &owner, "delivery_redrive").await;
        assert_eq!((judged.status, judged.items), (RunStatus::Succeeded, waiting));
        let filter = DeliveryFilter { waiting: Some(true), ..DeliveryFilter::default() };
        assert_eq!(app.domain.count_deliveries(&fresh, &filter).await.unwrap(), 0);
    }

    /// Letters that were sent, and tokens that nobody can show any more; what could not be sent stays.
    async fn letters_and_their_tokens_are_removed_in_their_time(app: TestDomain) {
        let owner = app.viewer("a", Role::Owner).await;
        for person in 0..3 {
            let invite = Invite {
                email: format!("person{person}@example.com"),
                first_name: "A".to_owned(),
                last_name: "Person".to_owned(),
                role: Role::Trader,
                locale: Locale::En,
            };
            app.domain.invite_user(&owner, invite, &ClientInfo::default()).await.unwrap();
        }
        app.mail.fail([MailError::Refused("550 no such user".to_owned())]);
        app.deliver().await;
        assert_eq!((count(&app, "outbox").await, count(&app, "user_tokens").await), (3, 3));
        let _scheduling = scheduling(&app.domain, "one");
        app.clock.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
        assert_eq!(run(&app, &owner, "letter_retention").await.items, 0, "nothing is old");
        assert_eq!(run(&app, &owner, "token_retention").await.items, 0);
        app.clock.advance(TimeDelta::seconds(2));
        assert_eq!(run(&app, &owner, "letter_retention").await.items, 2);
        assert_eq!(run(&app, &owner, "token_retention").await.items, 3);
        assert_eq!((count(&app, "outbox WHERE dead_at IS NOT NULL").await, count(&app, "outbox").await), (1, 1));
    }

    /// The record is kept short, and never so short that it does not tell when a job last succeeded.
    async fn old_runs_are_removed_but_for_what_they_tell(app: TestDomain) {
        let owner = app.viewer("a", Role::Owner).await;
        let scheduled = scheduling(&app.domain, "one");
        let jobs = status_jobs(&app, &owner).await;
        every_job_has_run(&app, jobs).await;
        drop(scheduled);
        let copies = "id, job, 'old', 1, scheduled_for, NULL, started_at, finished_at, status, 0, NULL";
        for (job, statuses) in [("audit_verification", &["SUCCEEDED", "FAILED", "SUCCEEDED"][..]), ("gone", &["FAILED", "SUCCEEDED", "FAILED"])] {
            for (number, status) in (1_i64..).zip(statuses) {
                // Their ids say that they are of 1970.
                let id = format!("{number:012x}7000800000000000000{}", if job == "gone" { "1" } else { "0" });
                let columns = copies.replacen("id,", "", 1).replacen("job,", "", 1).replace("status", &format!("'{status}'"));
                let columns = columns.replace("scheduled_for", &format!("'1970-01-01T00:00:0{number}+00:00'"));
                let row = |id: String| format!("INSERT INTO scheduler_run SELECT {id}, '{job}', {columns} FROM scheduler_run WHERE job = 'run_retention' LIMIT 1");
                let (sqlite, postgres) = (row(format!("X'{id}'")), row(format!("'{id}'::uuid")).replace("'1970-01-01T00:00:0", "timestamptz '1970-01-01T00:00:0"));
                assert_eq!(execute(&app, &sqlite, &postgres).await, 1);
            }
        }
        until("the lock is given back", async || {
            app.domain.scheduler_status(&owner).await.unwrap().lock.unwrap().held.is_none().then_some(())
        })
        .await;
        // As old as its clock: the real database's time is the runs', the installation's clock says what is old.
        let _scheduling = scheduling(&app.domain, "two");
        assert_eq!(run(&app, &owner, "run_retention").await.items, 4);
        assert_eq!(count(&app, "scheduler_run WHERE owner_id = 'old' AND job = 'audit_verification'").await, 0);
        let left = "scheduler_run WHERE job = 'gone' AND status IN ('SUCCEEDED', 'FAILED')";
        assert_eq!(count(&app, left).await, 2, "the last that succeeded, and what came of it since");
    }

    /// A job that never succeeds any more does not fill the disk with its failures, and it is still told that it fails.
    async fn of_what_fails_for_ever_the_newest_stay(app: TestDomain) {
        let owner = app.viewer("a", Role::Owner).await;
        // One that succeeded, 160 failures after it, and 130 of a job that never did: all of 1970, as their ids say.
        for (job, letter, failures) in [("audit_verification", "a", 160), ("calendar_check", "b", 130)] {
            if letter == "a" {
                record_old(&app, job, letter, 0..1, "SUCCEEDED").await;
            }
            record_old(&app, job, letter, 1..failures + 1, "FAILED").await;
        }
        app.domain.pause_job(&owner, "audit_verification", &ClientInfo::default()).await.unwrap();
        app.domain.pause_job(&owner, "calendar_check", &ClientInfo::default()).await.unwrap();
        let _scheduling = scheduling(&app.domain, "one");
        assert_eq!(run(&app, &owner, "run_retention").await.status, RunStatus::Succeeded);
        let left = async |job: &str, status: &str| {
            count(&app, &format!("scheduler_run WHERE owner_id = 'old' AND job = '{job}' AND status = '{status}'")).await
        };
        assert_eq!([left("audit_verification", "SUCCEEDED").await, left("audit_verification", "FAILED").await], [1, 100]);
        assert_eq!(left("calendar_check", "FAILED").await, 100);
        let of_these = |numbers: &str| format!("scheduler_run WHERE job = 'audit_verification' AND notes IN ({numbers})");
        assert_eq!(count(&app, &of_these("'number 160', 'number 61', 'number 60', 'number 1'")).await, 2);
        assert_eq!(count(&app, &of_these("'number 160', 'number 61'")).await, 2, "the newest, not the oldest");
        assert_eq!(job(&app, &owner, "audit_verification").await.failures_in_a_row, 100);
        assert!(job(&app, &owner, "audit_verification").await.last_succeeded_at.is_some());
    }

    /// A session that is refreshed for ever leaves a used token each time: those that would have run out long ago go.
    async fn used_tokens_of_a_session_that_goes_on_are_removed(app: TestDomain) {
        let owner = app.viewer("a", Role::Owner).await;
        let spend = async |name: &str| {
            let at = app.domain.now().to_rfc3339();
            execute(
                &app,
                &format!("INSERT INTO spent_refresh_tokens (token_hash, session_id, spent_at) SELECT randomblob(32), id, '{at}' FROM sessions"),
                &format!("INSERT INTO spent_refresh_tokens (token_hash, session_id, spent_at) SELECT sha256(('{name}' || id)::bytea), id, '{at}' FROM sessions"),
            )
            .await
        };
        let go_on = async || {
            let at = (app.domain.now() + TimeDelta::days(1)).to_rfc3339();
            let sql = format!("UPDATE sessions SET expires_at = '{at}'");
            assert_eq!(execute(&app, &sql, &sql).await, 1, "one session");
        };
        assert_eq!(spend("old").await, 1);
        let _scheduling = scheduling(&app.domain, "one");
        // A token lasts for thirty days at the most, and what ran out is kept for thirty more.
        app.clock.advance(TimeDelta::days(60) - TimeDelta::seconds(1));
        go_on().await;
        assert_eq!(spend("new").await, 1);
        assert_eq!(run(&app, &owner, "session_retention").await.items, 0, "nothing is old");
        app.clock.advance(TimeDelta::seconds(2));
        go_on().await;
        assert_eq!(run(&app, &owner, "session_retention").await.items, 1);
        assert_eq!([count(&app, "sessions").await, count(&app, "spent_refresh_tokens").await], [1, 1]);
        assert_eq!(run(&app, &owner, "session_retention").await.items, 0);
    }
}

/// Records runs of long ago, one for each number.
async fn record_old(app: &TestDomain, job: &str, letter: &str, numbers: std::ops::Range<i64>, status: &str) {
    for number in numbers {
        let id = format!("{number:012x}7000800000000000000{letter}");
        let at = format!("1970-01-02T{:02}:{:02}:00", number / 60, number % 60);
        let row = |id: &str, zone: &str| {
            format!(
                "INSERT INTO scheduler_run (id, job, owner_id, fencing_token, scheduled_for, started_at, finished_at, status, \
                 items, notes) VALUES ({id}, '{job}', 'old', 1, '{at}{zone}', '{at}{zone}', '{at}{zone}', '{status}', 0, \
                 'number {number}')"
            )
        };
        let (sqlite, postgres) = (row(&format!("X'{id}'"), "+00:00"), row(&format!("'{id}'"), "Z"));
        assert_eq!(execute(app, &sqlite, &postgres).await, 1);
    }
}
