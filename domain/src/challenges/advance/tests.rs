//! How SQLite finds the challenges that are raised, whatever it knows of their number.

use bellwether_migrations::Migrator;
use chrono::TimeZone;
use sea_orm_migration::MigratorTrait;
use uuid::Uuid;

use super::*;
use crate::challenges::Rules;
use crate::challenges::vocabulary::{Cause, ChallengeStatus, PhaseKind};
use crate::db::{Db, DbConfig};
use crate::ids::TenantId;

fn advance(number: u128) -> Advance {
    let (rules, at) = (
        Rules::unlimited(PhaseKind::Evaluation, "10000".parse().unwrap()),
        Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).unwrap(),
    );
    let row = evidence::Model {
        challenge_id: ChallengeId::from_uuid(Uuid::from_u128(number)),
        seq: 2,
        tenant_id: TenantId::from_uuid(Uuid::nil()),
        at,
        cause: Cause::Quote,
        status: ChallengeStatus::Active,
        rule: None,
        body: "{}".to_owned(),
        previous_hash: vec![0; 32],
        hash: vec![1; 32],
    };
    Advance { state: State::begin(&rules, at), next_look: rules.next_reset(at), row }
}

#[tokio::test]
async fn sqlite_does_not_read_all_challenges_to_raise_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::connect(&DbConfig::new(format!("sqlite://{}", folder.path().join("a.db").display()))).await.unwrap();
    Migrator::up(db.writer(), None).await.unwrap();
    let batch: Vec<Advance> = (1..=BATCH as u128).map(advance).collect();
    // Never counted; counted when there were none; when there were few; and when there were many.
    for (counted, looks_up) in [("", true), ("0 0", false), ("5 1", false), ("100000 1", true)] {
        if !counted.is_empty() {
            let count = format!(
                "ANALYZE; DELETE FROM sqlite_stat1;
                 INSERT INTO sqlite_stat1 VALUES ('challenges', 'sqlite_autoindex_challenges_1', '{counted}'),
                     ('challenges', 'challenges_active', '{counted}'), ('challenges', 'challenges_due', '{counted}');
                 ANALYZE sqlite_schema"
            );
            db.writer().execute_unprepared(&count).await.unwrap();
        }
        let mut statement = raising(DbBackend::Sqlite, &batch, batch[0].row.at).unwrap();
        statement.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
        let rows = db.writer().query_all_raw(statement).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
        let found = plan.iter().find(|step| step.contains(" challenges ")).unwrap();
        let how = if looks_up { "(id=?)" } else { "(id>? AND id<?)" };
        assert!(found.starts_with("SEARCH") && found.ends_with(how), "counted {counted:?}: {plan:?}");
    }
}
