//! The one transaction that writes signals.

use std::collections::{BTreeMap, HashMap, HashSet};

use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, OnConflict, Query, WithClause};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, Iterable, QueryFilter,
    Set, Statement,
};

use super::draft::{Draft, OnDuplicate};
use super::record::{RecordOutcome, Recorded};
use super::signal::{ActiveModel, Column, Entity, Model};
use crate::Domain;
use crate::error::{Error, Fault, Problem, ProblemCode, Result};
use crate::ids::{Id, SignalId, TenantId};

impl Domain {
    /// For each draft the signal that is there already, where nothing needs to be written.
    pub(super) async fn known_duplicates(&self, drafts: &[Draft]) -> Result<Vec<Option<Model>>> {
        let keys: Vec<Vec<u8>> = drafts.iter().map(Draft::idempotency_key).collect();
        let known = by_keys(self.db().reader(), &keys).await?;
        let unchanged =
            |draft: &Draft, model: &Model| draft.on_duplicate == OnDuplicate::Ignore || !differs(model, draft);
        Ok(drafts
            .iter()
            .zip(&keys)
            .map(|(draft, key)| known.get(key).filter(|model| unchanged(draft, model)).cloned())
            .collect())
    }

    /// Writes the drafts in one transaction and tells whoever follows their tenants.
    pub(super) async fn write_drafts(&self, drafts: Vec<Draft>) -> Result<Vec<Result<Recorded>>> {
        self.learn_strategies(&drafts).await?;
        let problems: Vec<Option<Problem>> = drafts.iter().map(|draft| self.strategy_problem(draft)).collect();
        let drafts = drafts.into_iter().zip(&problems).filter(|(_, problem)| problem.is_none());
        let drafts: Vec<Draft> = drafts.map(|(draft, _)| draft).collect();
        let mut written = Vec::new();
        if let Some(alone) = self.insert_alone(&drafts).await? {
            written = vec![Ok(alone)];
            self.feed().wake();
        } else if !drafts.is_empty() {
            let write = self.db().write(|tx| {
                let (domain, drafts) = (self.clone(), drafts.clone());
                Box::pin(async move { domain.write_drafts_in(tx, &drafts).await })
            });
            written = write.await?;
            self.feed().wake();
        }
        let mut written = written.into_iter();
        let answers = problems.into_iter().map(|problem| match problem {
            Some(problem) => Err(problem.into()),
            None => written.next().unwrap_or_else(|| Err(lost())),
        });
        Ok(answers.collect())
    }

    /// Inserts what is the only draft in one statement with its sequence, which saves PostgreSQL three round trips of four;
    /// none on SQLite, where there are more, or where its signal is to be brought up to date or came to be there meanwhile.
    async fn insert_alone(&self, drafts: &[Draft]) -> Result<Option<Recorded>> {
        let [draft] = drafts else { return Ok(None) };
        // One that is to be brought up to date is likely to be there.
        if self.db().backend() != DbBackend::Postgres || draft.on_duplicate != OnDuplicate::Ignore {
            return Ok(None);
        }
        let model = self.model(draft, 0)?;
        let mut next = Query::insert();
        next.into_table("signal_sequence").columns(["tenant_id", "value"]);
        next.values([model.tenant_id.uuid().into(), 1_i64.into()]).map_err(misfit)?;
        let raised = Expr::col(("signal_sequence", "value")).add(1_i64);
        next.on_conflict(OnConflict::column("tenant_id").value("value", raised).to_owned()).returning_col("value");
        let row = ActiveModel::from(model.clone());
        let mut signal = Query::select();
        signal.from("next");
        for column in Column::iter() {
            signal.expr(match column {
                Column::Sequence => Expr::col(("next", "value")),
                _ => Expr::val(row.get(column).into_value().ok_or_else(lost)?),
            });
        }
        let mut insert = Query::insert();
        insert.into_table(Entity).columns(Column::iter()).select_from(signal).map_err(misfit)?;
        insert.on_conflict(OnConflict::column(Column::IdempotencyKey).do_nothing().to_owned());
        insert.returning_col(Column::Sequence);
        let next = CommonTableExpression::new().table_name("next").query(next).to_owned();
        let insert = insert.with(WithClause::new().cte(next).to_owned());
        let inserted = self.db().write_at_once(&self.db().backend().build(&insert)).await?;
        let Some(row) = inserted else { return Ok(None) };
        let sequence = row.try_get("", "sequence")?;
        Ok(Some(Recorded { outcome: RecordOutcome::Inserted, signal: Model { sequence, ..model } }))
    }

    /// The same inside a transaction; strategies must be known.
    pub(super) async fn write_drafts_in(
        &self,
        tx: &DatabaseTransaction,
        drafts: &[Draft],
    ) -> Result<Vec<Result<Recorded>>> {
        let mut wanted: BTreeMap<TenantId, i64> = BTreeMap::new();
        for draft in drafts {
            *wanted.entry(draft.recording.tenant_id).or_default() += 1;
        }
        let mut sequences = allocate_sequences(tx, wanted).await?;
        let mut models = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let sequence = sequences.get_mut(&draft.recording.tenant_id).ok_or_else(lost)?;
            *sequence += 1;
            models.push(self.model(draft, *sequence)?);
        }
        let inserted = insert_new(tx, &models).await?;
        let (now, mut answers) = (self.now(), Vec::with_capacity(drafts.len()));
        let conflicting: Vec<Vec<u8>> = models
            .iter()
            .filter(|model| !inserted.contains(&model.id))
            .map(|model| model.idempotency_key.clone())
            .collect();
        let mut present = by_keys(tx, &conflicting).await?;
        for (draft, model) in drafts.iter().zip(models) {
            if inserted.contains(&model.id) {
                answers.push(Ok(Recorded { outcome: RecordOutcome::Inserted, signal: model }));
                continue;
            }
            let present = present.get_mut(&model.idempotency_key).ok_or_else(lost)?;
            let answer = bring_up_to_date(tx, draft, present, model, now).await?;
            if let Ok(Recorded { outcome: RecordOutcome::Updated, signal }) = &answer {
                *present = signal.clone();
            }
            answers.push(answer);
        }
        Ok(answers)
    }

    fn model(&self, draft: &Draft, sequence: i64) -> Result<Model> {
        let strategy_id = match &draft.strategy {
            Some(name) => Some(self.strategies().id(draft.recording.tenant_id, name).ok_or_else(lost)?),
            None => None,
        };
        let now = self.now();
        Ok(Model {
            id: SignalId::from_uuid(self.new_uuid()),
            tenant_id: draft.recording.tenant_id,
            sequence,
            idempotency_key: draft.idempotency_key(),
            author_id: draft.recording.author_id,
            audience: draft.audience,
            asset_id: draft.asset.id,
            timeframe: draft.timeframe,
            mode: draft.mode,
            strategy_id,
            signal_time: draft.signal_time,
            direction: draft.direction,
            confidence: draft.confidence,
            entry: draft.entry,
            target: draft.target,
            stop: draft.stop,
            summary: draft.summary.clone(),
            reasons: draft.reasons.clone(),
            source: draft.recording.origin,
            payload: draft.payload.clone(),
            outcome: None,
            return_percent: None,
            in_hindsight: self.is_in_hindsight(draft),
            is_simulated: draft.is_simulated,
            settled_at: None,
            created_at: now,
            terms_changed_at: None,
            updated_at: now,
        })
    }
}

/// Raises each tenant's counter by the number of changes and returns what it stood at before. Whoever raises it holds
/// its row until the commit, so sequences become visible in their order.
pub(super) async fn allocate_sequences(
    tx: &DatabaseTransaction,
    wanted: BTreeMap<TenantId, i64>,
) -> Result<HashMap<TenantId, i64>> {
    let mut before = HashMap::new();
    // In the tenants' order, so that two transactions cannot wait for each other.
    for (tenant, count) in wanted {
        let raise = Statement::from_sql_and_values(
            tx.get_database_backend(),
            "INSERT INTO signal_sequence (tenant_id, value) VALUES ($1, $2) \
             ON CONFLICT (tenant_id) DO UPDATE SET value = signal_sequence.value + excluded.value RETURNING value",
            [tenant.into(), count.into()],
        );
        let row = tx.query_one_raw(raise).await?.ok_or_else(lost)?;
        before.insert(tenant, row.try_get::<i64>("", "value")? - count);
    }
    Ok(before)
}

/// Inserts those whose key is new, in one statement; returns their ids.
async fn insert_new(tx: &DatabaseTransaction, models: &[Model]) -> Result<HashSet<SignalId>> {
    // SQLite takes 32,766 parameters a statement, PostgreSQL 65,535.
    const ROWS: usize = 1_000;
    let mut inserted = HashSet::with_capacity(models.len());
    for models in models.chunks(ROWS) {
        let mut insert = Query::insert();
        insert.into_table(Entity).columns(Column::iter());
        for model in models {
            let row = ActiveModel::from(model.clone());
            let values = Column::iter().map(|column| row.get(column).into_value().map(Into::into));
            insert.values(values.collect::<Option<Vec<_>>>().ok_or_else(lost)?).map_err(misfit)?;
        }
        insert.on_conflict(OnConflict::column(Column::IdempotencyKey).do_nothing().to_owned());
        insert.returning_col(Column::Id);
        for row in tx.query_all(&insert).await? {
            inserted.insert(row.try_get::<SignalId>("", "id")?);
        }
    }
    Ok(inserted)
}

/// What becomes of a draft whose signal is there already.
async fn bring_up_to_date(
    tx: &DatabaseTransaction,
    draft: &Draft,
    present: &Model,
    new: Model,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Result<Recorded>> {
    if draft.on_duplicate == OnDuplicate::Ignore || !differs(present, draft) {
        return Ok(Ok(Recorded { outcome: RecordOutcome::Ignored, signal: present.clone() }));
    }
    if present.outcome.is_some() {
        let message = "the signal has been judged and can't be changed any more";
        return Ok(Err(Problem::new(ProblemCode::Conflict, &[], message).into()));
    }
    // Too late once is too late; a better word for the same is not.
    let is_another = forecasts_otherwise(present, &new);
    let in_hindsight = present.in_hindsight || (new.in_hindsight && is_another);
    let terms_changed_at = if is_another { Some(now) } else { present.terms_changed_at };
    let created_at = present.created_at;
    let signal = Model { id: present.id, created_at, terms_changed_at, updated_at: now, in_hindsight, ..new };
    let change = ActiveModel {
        id: Set(signal.id),
        sequence: Set(signal.sequence),
        audience: Set(signal.audience),
        direction: Set(signal.direction),
        confidence: Set(signal.confidence),
        entry: Set(signal.entry),
        target: Set(signal.target),
        stop: Set(signal.stop),
        summary: Set(signal.summary.clone()),
        reasons: Set(signal.reasons.clone()),
        source: Set(signal.source),
        payload: Set(signal.payload.clone()),
        in_hindsight: Set(signal.in_hindsight),
        is_simulated: Set(signal.is_simulated),
        terms_changed_at: Set(signal.terms_changed_at),
        updated_at: Set(signal.updated_at),
        ..Default::default()
    };
    Entity::update(change).exec(tx).await?;
    Ok(Ok(Recorded { outcome: RecordOutcome::Updated, signal }))
}

/// Whether the new one is to be held to something else than the one that is there.
fn forecasts_otherwise(present: &Model, new: &Model) -> bool {
    let terms = |signal: &Model| (signal.direction, signal.entry, signal.target, signal.stop, signal.source);
    terms(present) != terms(new)
}

/// Whether what a duplicate says is not what is there.
fn differs(model: &Model, draft: &Draft) -> bool {
    model.direction != draft.direction
        || model.confidence != draft.confidence
        || (model.entry, model.target, model.stop) != (draft.entry, draft.target, draft.stop)
        || model.summary != draft.summary
        || model.reasons != draft.reasons
        || model.audience != draft.audience
        || model.payload != draft.payload
}

async fn by_keys(db: &impl ConnectionTrait, keys: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, Model>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    #[expect(clippy::disallowed_methods, reason = "a key has tenant and author in it: only their own can match")]
    let found = Entity::find().filter(Column::IdempotencyKey.is_in(keys.to_vec())).all(db).await?;
    Ok(found.into_iter().map(|model| (model.idempotency_key.clone(), model)).collect())
}

fn misfit(error: sea_orm::sea_query::error::Error) -> Error {
    Fault::Bug(format!("an insert of signals does not fit its columns: {error}")).into()
}

fn lost() -> Error {
    Fault::Bug("a signal's own row or counter was not found while it was written".to_owned()).into()
}
