//! Making, changing and revoking sources of signals.

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, NotSet, QueryOrder, QuerySelect, Set};
use serde_json::json;

use super::source::{ActiveModel, Column, Entity, Model, SymbolMap};
use super::vocabulary::{Audience, Mode, Timeframe};
use crate::audit::{Action, NewEntry};
use crate::error::{Error, Limit, Problem, ProblemCode, Result};
use crate::identity::SecretToken;
use crate::ids::{Id, SourceId, UserId};
use crate::market::Symbol;
use crate::permission::Permission;
use crate::viewer::{ClientInfo, Member, Viewer};
use crate::{Domain, text};

/// Sources that one user may have open.
const MOST_SOURCES: u64 = 50;
/// Tickers that one source may map.
const MOST_SYMBOLS: usize = 500;
/// How long a token's shown start is: its prefix and four characters.
const SHOWN: usize = 8;

/// A source to be made. What is none takes its default.
#[derive(Clone, Debug, Default)]
pub struct NewSource {
    /// Its name.
    pub name: String,
    /// Who may see what comes in; private by default.
    pub audience: Option<Audience>,
    /// The mode of a delivery that names none; INTRADAY by default.
    pub mode: Option<Mode>,
    /// The timeframe of a delivery that names none; 1h by default.
    pub timeframe: Option<Timeframe>,
    /// The strategy of a delivery that names none.
    pub strategy: Option<String>,
    /// The confidence of a delivery that names none; 50 by default.
    pub confidence: Option<i32>,
    /// What its tickers mean.
    pub symbols: Vec<(String, String)>,
    /// How old a delivered candle may be after it closed, in seconds; an hour by default.
    pub max_age_seconds: Option<i32>,
    /// How often it is expected to deliver, in seconds.
    pub cadence_seconds: Option<i32>,
    /// Whether a direction may not follow itself on one asset.
    pub alternates: bool,
}

/// What is to change; what is none stays. The inner none takes the value away.
#[derive(Clone, Debug, Default)]
pub struct SourceChange {
    /// Its name.
    pub name: Option<String>,
    /// Who may see what comes in.
    pub audience: Option<Audience>,
    /// The mode of a delivery that names none.
    pub mode: Option<Mode>,
    /// The timeframe of a delivery that names none.
    pub timeframe: Option<Timeframe>,
    /// The strategy of a delivery that names none.
    pub strategy: Option<Option<String>>,
    /// The confidence of a delivery that names none.
    pub confidence: Option<i32>,
    /// What its tickers mean, all of them.
    pub symbols: Option<Vec<(String, String)>>,
    /// How old a delivered candle may be after it closed, in seconds.
    pub max_age_seconds: Option<i32>,
    /// How often it is expected to deliver, in seconds.
    pub cadence_seconds: Option<Option<i32>>,
    /// Whether a direction may not follow itself on one asset.
    pub alternates: Option<bool>,
}

impl Domain {
    /// Makes a source; its token is shown this once.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; every problem with the input at once; LIMIT_EXCEEDED.
    pub async fn create_source(
        &self,
        viewer: &Viewer,
        new: NewSource,
        client: &ClientInfo,
    ) -> Result<(Model, SecretToken)> {
        let member = viewer.permitted(Permission::SourcesManage)?;
        let (now, token) = (self.now(), SecretToken::new("tvw_", self.entropy()));
        let blank = Model {
            id: SourceId::from_uuid(self.new_uuid()),
            tenant_id: member.tenant_id,
            owner_id: member.user_id,
            name: String::new(),
            token_hash: token.hash(),
            token_prefix: token.expose().chars().take(SHOWN).collect(),
            audience: Audience::Private,
            mode: Mode::Intraday,
            timeframe: Timeframe::H1,
            strategy: None,
            confidence: 50,
            symbols: SymbolMap::default(),
            max_age_seconds: 3_600,
            cadence_seconds: None,
            alternates: false,
            last_received_at: None,
            revoked_at: None,
            created_at: now,
            updated_at: now,
        };
        let change = SourceChange {
            name: Some(new.name),
            audience: new.audience,
            mode: new.mode,
            timeframe: new.timeframe,
            strategy: Some(new.strategy),
            confidence: new.confidence,
            symbols: Some(new.symbols),
            max_age_seconds: new.max_age_seconds,
            cadence_seconds: Some(new.cadence_seconds),
            alternates: Some(new.alternates),
        };
        let source = self.changed(viewer, blank, change).await?;
        let row = ActiveModel::from(source.clone()).reset_all();
        let entry = entry(member, &source, Action::SourceCreated, client);
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, row, entry, owner) = (self.clone(), row.clone(), entry.clone(), source.owner_id);
                Box::pin(async move {
                    check_room(tx, owner).await?;
                    Entity::insert(row).exec_without_returning(tx).await?;
                    domain.audit(tx, entry).await
                })
            })
            .await?;
        Ok((source, token))
    }

    /// Changes a source.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND; every problem with the input at once.
    pub async fn update_source(
        &self,
        viewer: &Viewer,
        id: SourceId,
        change: SourceChange,
        client: &ClientInfo,
    ) -> Result<Model> {
        viewer.permitted(Permission::SourcesManage)?;
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, viewer, change, client) = (self.clone(), viewer.clone(), change.clone(), client.clone());
                Box::pin(async move {
                    // Read in the transaction, so that of two changes at once neither is lost.
                    let source = Entity::visible_to(&viewer).filter(Column::Id.eq(id)).one(tx).await?;
                    let source = source.ok_or_else(no_such_source)?;
                    let now = domain.now();
                    let source = Model { updated_at: now, ..domain.changed(&viewer, source, change).await? };
                    let row = ActiveModel { last_received_at: NotSet, ..ActiveModel::from(source.clone()).reset_all() };
                    Entity::update(row).exec(tx).await?;
                    domain.audit(tx, entry(viewer.member()?, &source, Action::SourceUpdated, &client)).await?;
                    Ok(source)
                })
            })
            .await
    }

    /// Revokes a source's token: what is delivered with it from now on is not found. Again changes nothing.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND.
    pub async fn revoke_source(&self, viewer: &Viewer, id: SourceId, client: &ClientInfo) -> Result<Model> {
        let member = viewer.permitted(Permission::SourcesManage)?;
        let source = self.own_source(viewer, id).await?;
        if source.revoked_at.is_some() {
            return Ok(source);
        }
        let now = self.now();
        let source = Model { revoked_at: Some(now), updated_at: now, ..source };
        let row =
            ActiveModel { id: Set(id), revoked_at: Set(source.revoked_at), updated_at: Set(now), ..Default::default() };
        let entry = entry(member, &source, Action::SourceRevoked, client);
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, row, entry) = (self.clone(), row.clone(), entry.clone());
                Box::pin(async move {
                    Entity::update(row).exec(tx).await?;
                    domain.audit(tx, entry).await
                })
            })
            .await?;
        Ok(source)
    }

    /// The sources that the viewer may manage, newest first, at most 100.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn sources(&self, viewer: &Viewer) -> Result<Vec<Model>> {
        viewer.permitted(Permission::SourcesManage)?;
        Ok(Entity::visible_to(viewer).order_by_desc(Column::Id).limit(100).all(self.db().reader()).await?)
    }

    /// A source, if the viewer may manage it.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn source(&self, viewer: &Viewer, id: SourceId) -> Result<Option<Model>> {
        viewer.permitted(Permission::SourcesManage)?;
        Ok(Entity::visible_to(viewer).filter(Column::Id.eq(id)).one(self.db().reader()).await?)
    }

    async fn own_source(&self, viewer: &Viewer, id: SourceId) -> Result<Model> {
        self.source(viewer, id).await?.ok_or_else(no_such_source)
    }

    /// How many open sources a member has, of how many.
    pub(crate) async fn source_limit(&self, member: &Member) -> Result<Limit> {
        limit(self.db().reader(), member.user_id).await
    }

    /// Applies a change; every problem at once.
    async fn changed(&self, viewer: &Viewer, source: Model, change: SourceChange) -> Result<Model> {
        let mut problems = Vec::new();
        let mut refuse = |field: &str, message: String| problems.push(Problem::validation(&["input", field], message));
        let name = text::line(change.name.as_deref().unwrap_or(&source.name), 60, &[]);
        let name = name.map_err(|problem| refuse("name", problem.message)).unwrap_or_default();
        let strategy = change.strategy.unwrap_or_else(|| source.strategy.clone());
        let strategy = strategy.map(|strategy| text::line(&strategy, 60, &[])).transpose();
        let strategy = strategy.map_err(|problem| refuse("strategy", problem.message)).unwrap_or_default();
        let audience = change.audience.unwrap_or(source.audience);
        if change.audience == Some(Audience::Tenant) && !viewer.may(Permission::SignalsPublish) {
            refuse(
                "audience",
                "your role records private signals only: leave the audience out or say PRIVATE".to_owned(),
            );
        }
        let is_owner = viewer.member().is_ok_and(|member| member.user_id == source.owner_id);
        if audience != source.audience && !is_owner {
            refuse("audience", "only whoever made the source says who sees what comes in by it".to_owned());
        }
        let confidence = change.confidence.unwrap_or(source.confidence);
        if !(0..=100).contains(&confidence) {
            refuse("confidence", format!("expected 0 to 100, got {confidence}"));
        }
        let max_age_seconds = change.max_age_seconds.unwrap_or(source.max_age_seconds);
        let cadence_seconds = change.cadence_seconds.unwrap_or(source.cadence_seconds);
        for (field, seconds) in [("maxAgeSeconds", Some(max_age_seconds)), ("cadenceSeconds", cadence_seconds)] {
            if let Some(seconds) = seconds.filter(|seconds| !(60..=31_536_000).contains(seconds)) {
                refuse(field, format!("expected 60 to 31536000 seconds, got {seconds}"));
            }
        }
        let symbols = match change.symbols {
            None => source.symbols.clone(),
            Some(pairs) if pairs.len() > MOST_SYMBOLS => {
                refuse("symbols", format!("at most {MOST_SYMBOLS} tickers, got {}", pairs.len()));
                SymbolMap::default()
            }
            Some(pairs) => {
                let mut map = SymbolMap::default();
                for (ticker, symbol) in pairs {
                    match (text::line(&ticker, 60, &[]), self.meant(&symbol).await?) {
                        (Ok(ticker), Ok(symbol)) => {
                            map.0.insert(ticker.to_uppercase(), symbol);
                        }
                        (Err(problem), _) => refuse("symbols", format!("ticker {ticker:?}: {}", problem.message)),
                        (_, Err(message)) => refuse("symbols", message),
                    }
                }
                map
            }
        };
        if !problems.is_empty() {
            problems.truncate(Problem::MOST);
            return Err(Error::Problems(problems));
        }
        Ok(Model {
            name,
            audience,
            mode: change.mode.unwrap_or(source.mode),
            timeframe: change.timeframe.unwrap_or(source.timeframe),
            strategy,
            confidence,
            symbols,
            max_age_seconds,
            cadence_seconds,
            alternates: change.alternates.unwrap_or(source.alternates),
            ..source
        })
    }

    /// The known symbol that a mapping names, or what is wrong with it.
    async fn meant(&self, symbol: &str) -> Result<Result<String, String>> {
        let symbol = match Symbol::try_from(symbol) {
            Ok(symbol) => symbol,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let known = self.asset_by_symbol(&symbol).await?;
        Ok(known.map(|asset| asset.symbol.clone()).ok_or_else(|| self.unknown_symbol(&symbol)))
    }
}

fn no_such_source() -> Error {
    Problem::new(ProblemCode::NotFound, &["input", "id"], "there is no such source").into()
}

fn entry(member: &Member, source: &Model, action: Action, client: &ClientInfo) -> NewEntry {
    NewEntry {
        tenant_id: source.tenant_id,
        actor_id: Some(member.user_id),
        action,
        subject: Some(source.id.to_string()),
        details: json!({"name": source.name}),
        client: client.clone(),
    }
}

async fn limit(db: &impl ConnectionTrait, owner: UserId) -> Result<Limit> {
    let open = Entity::unscoped().filter(Column::OwnerId.eq(owner)).filter(Column::RevokedAt.is_null());
    let used = saturate(open.count(db).await?);
    Ok(Limit { key: "signalSources".to_owned(), used, allowed: saturate(MOST_SOURCES) })
}

async fn check_room(tx: &DatabaseTransaction, owner: UserId) -> Result<()> {
    let limit = limit(tx, owner).await?;
    if limit.used < limit.allowed {
        return Ok(());
    }
    let message = format!("you have {MOST_SOURCES} open sources: revoke one first");
    let problem = Problem::new(ProblemCode::LimitExceeded, &["input"], message);
    Err(Problem { limit: Some(limit), ..problem }.into())
}

fn saturate(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
