//! Making, reading and changing watchlists. Everybody has their own, and sees no other's.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, Set};

use super::asset::Model as Asset;
use super::symbol::Symbol;
use super::watchlist::{ActiveModel, Column, Entity, Model, item};
use crate::error::{Error, Limit, Problem, ProblemCode, Result};
use crate::ids::{Id, WatchlistId};
use crate::permission::Permission;
use crate::viewer::Viewer;
use crate::{Domain, text};

/// Watchlists that one user may have.
const MOST_LISTS: u64 = 20;
/// Assets that one watchlist may hold, and one change may name.
const MOST_ASSETS: usize = 200;
/// Characters of a name.
const LONGEST_NAME: usize = 60;

/// What becomes of a watchlist.
#[derive(Clone, Debug)]
enum Change {
    Rename(String),
    Add(Vec<Arc<Asset>>),
    Remove(Vec<Arc<Asset>>),
}

/// A watchlist with what is on it.
#[derive(Clone, Debug)]
pub struct Watchlist {
    /// The watchlist.
    pub list: Model,
    /// What is on it, in the order it was put there.
    pub assets: Vec<Arc<Asset>>,
}

impl Domain {
    /// The viewer's watchlists, the oldest first.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn watchlists(&self, viewer: &Viewer) -> Result<Vec<Watchlist>> {
        viewer.permitted(Permission::MarketRead)?;
        viewer.member()?;
        let lists = Entity::visible_to(viewer).order_by_asc(Column::Id).all(self.db().reader()).await?;
        self.view_watchlists(lists).await
    }

    /// A watchlist of the viewer's; none where it is not there or not theirs.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn watchlist(&self, viewer: &Viewer, id: WatchlistId) -> Result<Option<Watchlist>> {
        viewer.permitted(Permission::MarketRead)?;
        let list = Entity::visible_to(viewer).filter(Column::Id.eq(id)).one(self.db().reader()).await?;
        Ok(self.view_watchlists(list.into_iter().collect()).await?.pop())
    }

    /// Makes a watchlist with these assets on it.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; problems with the name and the symbols; CONFLICT where the name is in use;
    /// LIMIT_EXCEEDED.
    pub async fn create_watchlist(&self, viewer: &Viewer, name: &str, symbols: &[String]) -> Result<Watchlist> {
        let member = viewer.permitted(Permission::WatchlistsWrite)?;
        let name = text::line(name, LONGEST_NAME, &["input", "name"]).map_err(|problem| Error::Problems(vec![problem]))?;
        let assets = self.assets_named(symbols, &["input", "symbols"]).await?;
        let now = self.now();
        let list = Model {
            id: WatchlistId::from_uuid(self.new_uuid()),
            tenant_id: member.tenant_id,
            user_id: member.user_id,
            name,
            created_at: now,
            updated_at: now,
        };
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let (viewer, list, assets) = (viewer.clone(), list.clone(), assets.clone());
                Box::pin(async move {
                    let used = Entity::visible_to(&viewer).count(tx).await?;
                    if used >= MOST_LISTS {
                        return Err(too_many("watchlists", used, MOST_LISTS).into());
                    }
                    let unique = OnConflict::columns([Column::UserId, Column::Name]).do_nothing().to_owned();
                    let row = ActiveModel::from(list.clone());
                    let made = Entity::insert(row).on_conflict(unique).try_insert().exec_without_returning(tx).await?;
                    if !matches!(made, sea_orm::TryInsertResult::Inserted(1)) {
                        return Err(name_in_use().into());
                    }
                    put_on(tx, &list, &assets).await
                })
            })
            .await?;
        Ok(Watchlist { list, assets })
    }

    /// Gives a watchlist another name.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND; a problem with the name; CONFLICT where it is in use.
    pub async fn rename_watchlist(&self, viewer: &Viewer, id: WatchlistId, name: &str) -> Result<Watchlist> {
        viewer.permitted(Permission::WatchlistsWrite)?;
        let name = text::line(name, LONGEST_NAME, &["input", "name"]).map_err(|problem| Error::Problems(vec![problem]))?;
        self.change_watchlist(viewer, id, Change::Rename(name)).await
    }

    /// Puts assets on a watchlist; those that are on it already stay where they are.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND; problems with the symbols; LIMIT_EXCEEDED.
    pub async fn add_to_watchlist(&self, viewer: &Viewer, id: WatchlistId, symbols: &[String]) -> Result<Watchlist> {
        viewer.permitted(Permission::WatchlistsWrite)?;
        let assets = self.assets_named(symbols, &["input", "symbols"]).await?;
        self.change_watchlist(viewer, id, Change::Add(assets)).await
    }

    /// Takes assets off a watchlist; those that are not on it are no matter.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND; problems with the symbols.
    pub async fn remove_from_watchlist(
        &self,
        viewer: &Viewer,
        id: WatchlistId,
        symbols: &[String],
    ) -> Result<Watchlist> {
        viewer.permitted(Permission::WatchlistsWrite)?;
        let assets = self.assets_named(symbols, &["input", "symbols"]).await?;
        self.change_watchlist(viewer, id, Change::Remove(assets)).await
    }

    /// Deletes a watchlist.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND.
    pub async fn delete_watchlist(&self, viewer: &Viewer, id: WatchlistId) -> Result<()> {
        viewer.permitted(Permission::WatchlistsWrite)?;
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let viewer = viewer.clone();
                Box::pin(async move {
                    let list = Entity::visible_to(&viewer).filter(Column::Id.eq(id)).one(tx).await?;
                    let list = list.ok_or_else(no_such_watchlist)?;
                    let items = item::Column::WatchlistId.eq(list.id);
                    item::Entity::delete_many().filter(items).exec(tx).await?;
                    Entity::delete_many().filter(Column::Id.eq(list.id)).exec(tx).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Changes a watchlist of the viewer's in one transaction, and reads it as it is then.
    async fn change_watchlist(&self, viewer: &Viewer, id: WatchlistId, change: Change) -> Result<Watchlist> {
        let now = self.now();
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let (viewer, change) = (viewer.clone(), change.clone());
                Box::pin(async move {
                    let list = Entity::visible_to(&viewer).filter(Column::Id.eq(id)).one(tx).await?;
                    let list = Model { updated_at: now, ..list.ok_or_else(no_such_watchlist)? };
                    let list = match change {
                        Change::Rename(name) => rename(tx, list, name).await?,
                        Change::Add(assets) => {
                            put_on(tx, &list, &assets).await?;
                            list
                        }
                        Change::Remove(assets) => {
                            let named = item::Column::AssetId.is_in(assets.iter().map(|asset| asset.id));
                            let off = item::Entity::delete_many().filter(item::Column::WatchlistId.eq(list.id));
                            off.filter(named).exec(tx).await?;
                            list
                        }
                    };
                    Entity::update(ActiveModel::from(list).reset_all()).exec(tx).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(self.watchlist_as_it_is(viewer, id).await?.ok_or_else(no_such_watchlist)?)
    }

    async fn watchlist_as_it_is(&self, viewer: &Viewer, id: WatchlistId) -> Result<Option<Watchlist>> {
        let list = Entity::visible_to(viewer).filter(Column::Id.eq(id)).one(self.db().reader()).await?;
        Ok(self.view_watchlists(list.into_iter().collect()).await?.pop())
    }

    /// Adds to each what is on it, with one query for all.
    async fn view_watchlists(&self, lists: Vec<Model>) -> Result<Vec<Watchlist>> {
        if lists.is_empty() {
            return Ok(Vec::new());
        }
        #[expect(clippy::disallowed_methods, reason = "the lists were reached by their scope")]
        let items = item::Entity::find()
            .filter(item::Column::WatchlistId.is_in(lists.iter().map(|list| list.id)))
            .order_by_asc(item::Column::Place)
            .all(self.db().reader())
            .await?;
        let mut assets: HashMap<WatchlistId, Vec<Arc<Asset>>> = HashMap::new();
        for item in items {
            assets.entry(item.watchlist_id).or_default().extend(self.asset_by_id(item.asset_id).await?);
        }
        let view = |list: Model| Watchlist { assets: assets.remove(&list.id).unwrap_or_default(), list };
        Ok(lists.into_iter().map(view).collect())
    }

    /// The assets of these symbols, each once, in their order.
    ///
    /// # Errors
    /// A problem for each symbol that is not known, with the nearest that is; more than a watchlist holds.
    pub(super) async fn assets_named(&self, symbols: &[String], path: &[&str]) -> Result<Vec<Arc<Asset>>> {
        if symbols.len() > MOST_ASSETS {
            let message = format!("at most {MOST_ASSETS} symbols, got {}", symbols.len());
            return Err(Problem::validation(path, message).into());
        }
        let (mut assets, mut problems) = (Vec::<Arc<Asset>>::with_capacity(symbols.len()), Vec::new());
        for (index, symbol) in symbols.iter().enumerate() {
            match self.asset_named(symbol).await? {
                Ok(asset) if assets.iter().any(|other| other.id == asset.id) => {}
                Ok(asset) => assets.push(asset),
                Err((code, message)) => {
                    let mut problem = Problem::new(code, path, message);
                    problem.path.push(index.to_string());
                    problems.push(problem);
                }
            }
        }
        problems.truncate(Problem::MOST);
        if problems.is_empty() { Ok(assets) } else { Err(Error::Problems(problems)) }
    }

    /// The asset of this symbol, or what to say of a symbol that is none.
    pub(super) async fn asset_named(&self, symbol: &str) -> Result<Result<Arc<Asset>, (ProblemCode, String)>> {
        let parsed = match Symbol::try_from(symbol) {
            Ok(parsed) => parsed,
            Err(error) => return Ok(Err((ProblemCode::Validation, error.to_string()))),
        };
        if let Some(asset) = self.asset_by_symbol(&parsed).await? {
            return Ok(Ok(asset));
        }
        let nearest = self.nearest_symbol(&parsed).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Ok(Err((ProblemCode::NotFound, format!("no asset has the symbol {parsed}{nearest}"))))
    }
}

/// The list under another name, if no other of the user's has it.
async fn rename(tx: &DatabaseTransaction, list: Model, name: String) -> Result<Model> {
    #[expect(clippy::disallowed_methods, reason = "the user is in the condition")]
    let same = Entity::find().filter(Column::UserId.eq(list.user_id)).filter(Column::Name.eq(&*name));
    if same.filter(Column::Id.ne(list.id)).count(tx).await? > 0 {
        return Err(name_in_use().into());
    }
    Ok(Model { name, ..list })
}

/// Puts assets on a list, if it holds that many.
async fn put_on(tx: &DatabaseTransaction, list: &Model, assets: &[Arc<Asset>]) -> Result<()> {
    if assets.is_empty() {
        return Ok(());
    }
    #[expect(clippy::disallowed_methods, reason = "the list was reached by its scope")]
    let on_it = item::Entity::find().filter(item::Column::WatchlistId.eq(list.id));
    let last = on_it.clone().order_by_desc(item::Column::Place).one(tx).await?.map_or(0, |item| item.place);
    let rows = (last + 1..).zip(assets).map(|(place, asset)| item::ActiveModel {
        watchlist_id: Set(list.id),
        asset_id: Set(asset.id),
        tenant_id: Set(list.tenant_id),
        place: Set(place),
    });
    let there = OnConflict::columns([item::Column::WatchlistId, item::Column::AssetId]).do_nothing().to_owned();
    item::Entity::insert_many(rows).on_conflict(there).try_insert().exec_without_returning(tx).await?;
    let used = on_it.count(tx).await?;
    if used > MOST_ASSETS as u64 { Err(too_many("watchlistAssets", used, MOST_ASSETS as u64).into()) } else { Ok(()) }
}

fn no_such_watchlist() -> Error {
    Problem::new(ProblemCode::NotFound, &["input", "id"], "there is no such watchlist of yours").into()
}

fn name_in_use() -> Problem {
    Problem::new(ProblemCode::Conflict, &["input", "name"], "you have a watchlist of this name already")
}

fn too_many(key: &str, used: u64, allowed: u64) -> Problem {
    let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Problem {
        limit: Some(Limit { key: key.to_owned(), used: number(used), allowed: number(allowed) }),
        ..Problem::new(ProblemCode::LimitExceeded, &["input"], format!("at most {allowed} are kept here"))
    }
}
