//! What whoever runs the tenant may do, what they may not, and what evidence withstands.

use bellwether_domain::ProblemCode as Code;
use bellwether_domain::challenges::{ChallengeFilter, ChallengeStatus as Status, NewChallenge, Rules, Steer, Which};
use bellwether_domain::ids::Id;
use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::trading::{AccountStatus, Side};
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{Error, Fault};
use bellwether_tests::{TestDomain, both_databases};
use sea_orm::{ConnectionTrait, Statement};

use super::support::*;
use crate::trading::support::*;

pub async fn steer(
    app: &TestDomain,
    challenge: &bellwether_domain::challenges::Challenge,
    steer: Steer,
) -> bellwether_domain::Result<bellwether_domain::challenges::Challenge> {
    let admin = app.viewer("a", Role::Admin).await;
    app.domain.steer_challenge(&admin, challenge.id, steer, "Ticket 12", &ClientInfo::default()).await
}

both_databases! {
    async fn an_admin_extends_corrects_passes_and_fails_always_with_a_reason(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, started) = begun(&app, vec![Rules { duration_days: Some(30), ..usual() }]).await;
        let account = account_of(&app, &viewer, &started).await;
        let later = steer(&app, &started, Steer::Extend(10)).await.unwrap();
        assert_eq!((later.expires_at.unwrap() - started.expires_at.unwrap()).num_days(), 10);
        let corrected = steer(&app, &started, Steer::Adjust(money("250.5"))).await.unwrap();
        assert_eq!(corrected.state.as_ref().unwrap().balance, money("10250.5"));
        assert_eq!(balance(&app, &viewer, &account).await, "10250.5");
        steer(&app, &started, Steer::Evaluate).await.unwrap();
        open(&app, &viewer, market(&account, Side::Buy, "1", "AAPL")).await;
        let passed = steer(&app, &started, Steer::Pass).await.unwrap();
        assert_eq!((passed.status, passed.certificate.is_some()), (Status::Passed, true));
        assert!(app.domain.open_trades(&account).await.unwrap().is_empty());
        assert_valid(&app, &passed).await;
        let rows = history(&app, &passed).await;
        let admin = app.user("a", Role::Admin).to_string();
        for row in rows.iter().filter(|row| row.seq != 2) {
            let body = row.read().unwrap();
            assert_eq!(body.actor.as_deref(), Some(admin.as_str()), "{row:?}");
            assert!(body.reason.is_some());
        }
        for again in [Steer::Pass, Steer::Fail, Steer::Cancel, Steer::Evaluate, Steer::Extend(1)] {
            assert_eq!(problem(steer(&app, &started, again).await), (Code::Conflict, "challengeId".to_owned()));
        }
        let (_, other) = begun(&app, vec![usual()]).await;
        let failed = steer(&app, &other, Steer::Fail).await.unwrap();
        assert_eq!((failed.status, failed.certificate), (Status::Failed, None));
        // A correction is judged at once.
        let (_, third) = begun(&app, vec![usual()]).await;
        assert_eq!(steer(&app, &third, Steer::Adjust(money("-500"))).await.unwrap().status, Status::Active);
        assert_eq!(steer(&app, &third, Steer::Adjust(money("-0.01"))).await.unwrap().status, Status::Failed);
        assert_ledgers(&app).await;
        assert_eq!(app.domain.audit_chains().await.unwrap().iter().filter(|chain| chain.broken_at.is_some()).count(), 0);
    }

    async fn what_cannot_be_done_is_refused_and_changes_nothing(app: TestDomain) {
        let (viewer, waiting) = granted(&app, vec![usual()]).await;
        for early in [Steer::Pass, Steer::Extend(3), Steer::Adjust(money("1"))] {
            assert_eq!(problem(steer(&app, &waiting, early).await), (Code::Conflict, "challengeId".to_owned()));
        }
        let (admin, nobody) = (app.viewer("a", Role::Admin).await, ClientInfo::default());
        let no_reason = app.domain.steer_challenge(&admin, waiting.id, Steer::Cancel, " ", &nobody).await;
        assert_eq!(problem(no_reason), (Code::Validation, "reason".to_owned()));
        let cancelled = steer(&app, &waiting, Steer::Cancel).await.unwrap();
        assert_eq!((cancelled.status, cancelled.account_id), (Status::Cancelled, None));
        let late = app.domain.start_challenge(&viewer, waiting.id, &nobody).await;
        assert_eq!(problem(late), (Code::Conflict, "challengeId".to_owned()));
        assert_valid(&app, &cancelled).await;

        let (viewer, started) = begun(&app, vec![usual()]).await;
        assert_eq!(app.domain.start_challenge(&viewer, started.id, &nobody).await.unwrap(), started, "again is the same");
        for days in [0, -1, 366] {
            assert_eq!(problem(steer(&app, &started, Steer::Extend(days)).await), (Code::Validation, "days".to_owned()));
        }
        assert_eq!(problem(steer(&app, &started, Steer::Extend(1)).await), (Code::Conflict, "challengeId".to_owned()));
        for amount in ["0", "0.001", "100000000.01", "-100000000.01"] {
            let answer = steer(&app, &started, Steer::Adjust(money(amount))).await;
            assert_eq!(problem(answer), (Code::Validation, "amount".to_owned()));
        }
        let account = account_of(&app, &viewer, &started).await;
        let closing = app.domain.set_account_status(&admin, account.id, AccountStatus::Closed, "why", &nobody).await;
        assert_eq!(problem(closing), (Code::Conflict, "status".to_owned()));
        assert_eq!(now(&app, &viewer, &started).await, started);
    }

    async fn nobody_sees_or_touches_what_is_not_theirs(app: TestDomain) {
        let (viewer, challenge) = granted(&app, vec![usual()]).await;
        let nobody = ClientInfo::default();
        let (own, support) = (app.viewer("a", Role::Seller).await, app.viewer("a", Role::Support).await);
        let (other, owner) = (app.viewer("b", Role::Admin).await, app.viewer("b", Role::Owner).await);
        let all = ChallengeFilter::default();
        for (who, sees) in [(&viewer, 1), (&own, 0), (&support, 1), (&other, 0), (&owner, 1)] {
            assert_eq!(app.domain.count_challenges(who, &all).await.unwrap(), sees);
            let page = app.domain.challenges_page(who, &all, &PageArgs::default()).await.unwrap();
            assert_eq!(page.items.len() as u64, sees);
            assert_eq!(u64::from(app.domain.challenge(who, challenge.id).await.unwrap().is_some()), sees);
        }
        for who in [&own, &other] {
            let started = app.domain.start_challenge(who, challenge.id, &nobody).await;
            assert_eq!(problem(started), (Code::NotFound, "challengeId".to_owned()));
        }
        let steered = app.domain.steer_challenge(&other, challenge.id, Steer::Cancel, "mine", &nobody).await;
        assert_eq!(problem(steered), (Code::NotFound, "challengeId".to_owned()));
        let forbidden = app.domain.steer_challenge(&viewer, challenge.id, Steer::Pass, "please", &nobody).await;
        assert!(matches!(forbidden, Err(Error::Fault(Fault::Forbidden(_)))), "{forbidden:?}");
        let new = |tier: &str, tenant| NewChallenge {
            user_id: app.user(tenant, Role::Trader),
            tier: tier.to_owned(),
            reason: "gift".to_owned(),
        };
        let foreign = app.domain.grant_challenge(&other, new(&challenge.tier_code, "a"), &nobody).await;
        assert_eq!(problem(foreign), (Code::NotFound, "userId".to_owned()));
        let unknown = app.domain.grant_challenge(&other, new("GOLD", "b"), &nobody).await;
        assert_eq!(problem(unknown), (Code::NotFound, "tier".to_owned()));
        assert!(app.domain.grant_challenge(&viewer, new(&challenge.tier_code, "a"), &nobody).await.is_err());
    }

    async fn a_tier_that_changes_changes_no_challenge(app: TestDomain) {
        let (viewer, started) = begun(&app, vec![usual()]).await;
        let stricter = Rules { drawdown: Some("1".parse().unwrap()), ..usual() };
        app.domain.put_challenge_tiers(&[tier(&started.tier_code, vec![stricter])]).await.unwrap();
        assert_eq!(now(&app, &viewer, &started).await.rules().unwrap().drawdown, Some("10".parse().unwrap()));
        assert_eq!(app.domain.challenge_tiers().await.unwrap()[0].phases.rules()[0].drawdown, Some("1".parse().unwrap()));
        // One that is no longer among them is offered no more.
        app.domain.put_challenge_tiers(&[tier("NEW", vec![usual()])]).await.unwrap();
        let offered: Vec<_> = app.domain.challenge_tiers().await.unwrap().into_iter().map(|tier| tier.code).collect();
        assert_eq!(offered, ["NEW"]);
        let mut wrong = usual();
        (wrong.leverage, wrong.currency) = (0, "XXX".to_owned());
        let answer = app.domain.put_challenge_tiers(&[tier("new", vec![wrong])]).await;
        assert!(matches!(&answer, Err(Error::Problems(problems)) if problems.len() == 3), "{answer:?}");
    }

    async fn evidence_that_was_touched_does_not_hold(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, started) = begun(&app, vec![usual()]).await;
        let account = account_of(&app, &viewer, &started).await;
        let trade = open(&app, &viewer, market(&account, Side::Buy, "10", "AAPL")).await;
        requote(&app, "AAPL", "205", "205.02").await;
        judge_quotes(&app, &["AAPL"]).await;
        close(&app, &viewer, &trade, None).await;
        assert_valid(&app, &now(&app, &viewer, &started).await).await;
        let (db, admin) = (app.domain.db(), app.viewer("a", Role::Admin).await);
        for (sql, says) in [
            ("UPDATE challenge_evidence SET body = replace(body, '\"opened\":true', '\"opened\":false') WHERE challenge_id = $1 AND seq = 3", "row 3: its hash"),
            ("UPDATE challenge_evidence SET rule = 'DAILY_LOSS' WHERE challenge_id = $1 AND seq = 4", "row 4: its columns"),
            ("DELETE FROM challenge_evidence WHERE challenge_id = $1 AND seq = 4", "row 4 is missing"),
            ("UPDATE challenge_evidence SET at = '2026-01-01T00:00:00Z' WHERE challenge_id = $1 AND seq = 2", "row 2: its columns"),
            ("DELETE FROM challenge_evidence WHERE challenge_id = $1 AND seq = 5", "row 5 is its last, and 4 are there"),
            ("UPDATE challenges SET status = 'EXPIRED', next_look = NULL, ended_at = updated_at WHERE id = $1", "not what its rows say"),
            ("UPDATE challenges SET user_id = (SELECT id FROM users WHERE role = 'ADMIN' AND tenant_id = challenges.tenant_id) WHERE id = $1", "was granted as another one"),
            ("UPDATE challenges SET started_at = '2026-01-01T00:00:00Z' WHERE id = $1", "not what its rows say"),
            ("UPDATE challenges SET phases = replace(phases, '\"drawdown\":\"10\"', '\"drawdown\":\"90\"') WHERE id = $1", "not those whose hash it holds"),
        ] {
            // Each on the chain as it was before the others.
            let copy = app.domain.challenge(&viewer, started.id).await.unwrap().unwrap();
            let rows = evidence(&app, &copy).await;
            let statement = Statement::from_sql_and_values(db.backend(), sql, [started.id.uuid().into()]);
            assert_eq!(db.writer().execute_raw(statement).await.unwrap().rows_affected(), 1, "{sql}");
            let touched = now(&app, &admin, &started).await;
            let problem = app.domain.prove_evidence(&touched).await.unwrap().problem.unwrap();
            assert!(problem.contains(says), "{sql}: {problem}");
            assert_eq!(app.domain.prove_all_evidence().await.unwrap().broken, 1);
            restore(&app, &copy, &rows).await;
            assert_valid(&app, &now(&app, &admin, &started).await).await;
        }
    }
}

both_databases! {
    async fn one_that_cannot_be_judged_keeps_no_other_from_it(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, spoilt) = begun(&app, vec![usual()]).await;
        let (_, sound) = begun(&app, vec![Rules { consistency: Some("40".parse().unwrap()), ..usual() }]).await;
        for challenge in [&spoilt, &sound] {
            let account = account_of(&app, &viewer, challenge).await;
            open(&app, &viewer, market(&account, Side::Buy, "100", "AAPL")).await;
            app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "AAPL", "100")).await.unwrap();
        }
        // Nobody is judged by rules that were loosened in the database.
        let db = app.domain.db();
        let loosen = "UPDATE challenges SET phases = replace(phases, '\"dailyLoss\":\"5\"', '\"dailyLoss\":\"50\"') WHERE id = $1";
        let loosen = Statement::from_sql_and_values(db.backend(), loosen, [spoilt.id.uuid().into()]);
        db.writer().execute_raw(loosen).await.unwrap();
        requote(&app, "AAPL", "201", "201.02").await;
        let judged = app.domain.judge_challenges(Which::All).await;
        assert_eq!((judged.moved, judged.failed), (1, 1));
        let raised = evidence(&app, &sound).await.pop().unwrap().read().unwrap();
        assert_eq!(raised.seen.unwrap().pending_orders, 1);
        assert_valid(&app, &now(&app, &viewer, &sound).await).await;
        // One that can't be read at all is told of, and the others are looked at.
        let harm = "UPDATE challenges SET phases = '[{}]' WHERE id = $1";
        let harm = Statement::from_sql_and_values(db.backend(), harm, [spoilt.id.uuid().into()]);
        db.writer().execute_raw(harm).await.unwrap();
        let report = app.domain.prove_all_evidence().await.unwrap();
        assert_eq!((report.challenges, report.broken), (2, 1));
        assert!(report.problems[0].contains("it can't be read"), "{:?}", report.problems);
    }
}

both_databases! {
    /// Its row as it was before the verdict, with all of its evidence there.
    async fn a_verdict_that_was_taken_back_is_found(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, started) = begun(&app, vec![usual()]).await;
        let account = account_of(&app, &viewer, &started).await;
        open(&app, &viewer, market(&account, Side::Buy, "100", "AAPL")).await;
        let before = now(&app, &viewer, &started).await;
        requote(&app, "AAPL", "193.9", "193.92").await;
        judge_quotes(&app, &["AAPL"]).await;
        let failed = now(&app, &viewer, &started).await;
        assert_eq!(failed.status, Status::Failed);
        let db = app.domain.db();
        let take_back = "UPDATE challenges SET status = 'ACTIVE', seq = $2, evidence_hash = $3, state = $4, next_look = $5, \
                         ended_at = NULL WHERE id = $1";
        let values = [
            started.id.uuid().into(),
            before.seq.into(),
            before.evidence_hash.clone().into(),
            serde_json::to_value(&before.state).unwrap().into(),
            before.next_look.into(),
        ];
        db.writer().execute_raw(Statement::from_sql_and_values(db.backend(), take_back, values)).await.unwrap();
        let problem = app.domain.prove_all_evidence().await.unwrap().problems.pop().unwrap();
        assert!(problem.contains("row 3 is its last, and row 4 is there"), "{problem}");
    }
}

/// Puts a challenge's rows back as they were.
async fn restore(
    app: &TestDomain,
    challenge: &bellwether_domain::challenges::Challenge,
    rows: &[bellwether_domain::challenges::EvidenceRow],
) {
    let db = app.domain.db();
    let run = async |sql: &str, values: Vec<sea_orm::Value>| {
        db.writer().execute_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await.unwrap();
    };
    run("DELETE FROM challenge_evidence WHERE challenge_id = $1", vec![challenge.id.uuid().into()]).await;
    for row in rows {
        let sql = "INSERT INTO challenge_evidence (challenge_id, seq, tenant_id, at, cause, status, rule, body, previous_hash, hash) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let values = vec![
            row.challenge_id.uuid().into(),
            row.seq.into(),
            row.tenant_id.uuid().into(),
            row.at.into(),
            row.cause.as_str().into(),
            row.status.as_str().into(),
            row.rule.map(|rule| rule.as_str().to_owned()).into(),
            row.body.clone().into(),
            row.previous_hash.clone().into(),
            row.hash.clone().into(),
        ];
        run(sql, values).await;
    }
    let sql = "UPDATE challenges SET status = $2, next_look = $3, ended_at = NULL, user_id = $4, started_at = $5, phases = $6 \
               WHERE id = $1";
    let values = vec![
        challenge.id.uuid().into(),
        challenge.status.as_str().into(),
        challenge.next_look.into(),
        challenge.user_id.uuid().into(),
        challenge.started_at.into(),
        challenge.phases.text().into(),
    ];
    run(sql, values).await;
}
