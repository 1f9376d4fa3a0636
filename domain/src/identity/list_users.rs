//! Reading the users of a tenant, or for the owner of all: a page, how many, by name, email, role and status.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr};
use sea_orm::{Condition, Order, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use super::user::{Column, Entity};
use super::{User, UserStatus};
use crate::Domain;
use crate::error::{Error, Problem, Result};
use crate::ids::{Id, TenantId, UserId};
use crate::paging::{CursorKey, Page, PageArgs, PageRequest, encode_cursor};
use crate::permission::{Permission, Role};
use crate::signals::{Compare, SortDirection};
use crate::text::like_pattern;
use crate::viewer::Viewer;

/// Which users; what is none does not matter.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// With this in the name or the email, in any case.
    pub search: Option<String>,
    /// With this role.
    pub role: Option<Compare<Role>>,
    /// With this status.
    pub status: Option<Compare<UserStatus>>,
    /// Whether the email was verified.
    pub is_email_verified: Option<bool>,
    /// Registered then.
    pub created_at: Option<Compare<DateTime<Utc>>>,
    /// Of this tenant.
    pub tenant: Option<TenantId>,
}

/// What users are sorted by; equal ones by their id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserSortField {
    /// When they registered.
    #[default]
    CreatedAt,
    /// The email, as it is compared.
    Email,
}

/// The order of a list of users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserOrder {
    /// By what.
    pub field: UserSortField,
    /// Which way.
    pub direction: SortDirection,
}

impl UserOrder {
    /// The text that the cursors of this order carry.
    const fn name(self) -> &'static str {
        match (self.field, self.direction) {
            (UserSortField::CreatedAt, SortDirection::Asc) => "users:created+",
            (UserSortField::CreatedAt, SortDirection::Desc) => "users:created-",
            (UserSortField::Email, SortDirection::Asc) => "users:email+",
            (UserSortField::Email, SortDirection::Desc) => "users:email-",
        }
    }

    /// The cursor of a user in this order.
    pub fn cursor(self, user: &User) -> String {
        let sort = match self.field {
            UserSortField::CreatedAt => user.created_at.timestamp_micros().to_string(),
            UserSortField::Email => user.email_key.clone(),
        };
        encode_cursor(self.name(), &UserKey { id: user.id, sort })
    }

    const fn column(self) -> Column {
        match self.field {
            UserSortField::CreatedAt => Column::CreatedAt,
            UserSortField::Email => Column::EmailKey,
        }
    }

    /// The value to compare the column with; none for what no cursor of ours says.
    fn bound(self, key: &UserKey) -> Option<Expr> {
        match self.field {
            UserSortField::CreatedAt => {
                let time = key.sort.parse().ok().and_then(DateTime::from_timestamp_micros);
                time.filter(|time| crate::clock::is_storable(*time)).map(Expr::val)
            }
            UserSortField::Email => (!key.sort.contains('\0')).then(|| Expr::val(key.sort.clone())),
        }
    }
}

/// A position in a list of users.
#[derive(Clone, Debug, PartialEq, Eq)]
struct UserKey {
    id: UserId,
    /// Microseconds since 1970, or the email.
    sort: String,
}

impl CursorKey for UserKey {
    fn encode(&self) -> String {
        format!("{}:{}", self.id.uuid().simple(), self.sort)
    }

    fn decode(text: &str) -> Option<Self> {
        let (id, sort) = text.split_once(':')?;
        Some(Self { id: UserId::from_uuid(Uuid::try_parse(id).ok()?), sort: sort.to_owned() })
    }
}

impl Domain {
    /// A page of the users of the viewer's tenant; for the owner, of all.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; a problem with the page's arguments.
    pub async fn users_page(
        &self,
        viewer: &Viewer,
        filter: &UserFilter,
        order: UserOrder,
        args: &PageArgs,
    ) -> Result<Page<User>> {
        viewer.permitted(Permission::UsersRead)?;
        let request: PageRequest<UserKey> = args.parse(order.name()).map_err(Error::Problems)?;
        let mut query = matching(viewer, filter);
        let is_descending_list = order.direction == SortDirection::Desc;
        let (after, before) = (("after", &request.after), ("before", &request.before));
        for ((name, key), wants_less) in [(after, is_descending_list), (before, !is_descending_list)] {
            let Some(key) = key else { continue };
            let unknown = || Problem::validation(&[name], "expected a cursor of this list in this order");
            let bound = order.bound(key).ok_or_else(unknown)?;
            let row = Expr::tuple([Expr::col((Entity, order.column())), Expr::col((Entity, Column::Id))]);
            let bound = Expr::tuple([bound, Expr::val(key.id)]);
            query = query.filter(if wants_less { row.lt(bound) } else { row.gt(bound) });
        }
        let direction = if is_descending_list != request.backward { Order::Desc } else { Order::Asc };
        let query = query.order_by(order.column(), direction.clone()).order_by(Column::Id, direction);
        Ok(request.page(query.limit(request.fetch()).all(self.db().reader()).await?))
    }

    /// How many users the filter finds among those that the viewer may read.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn count_users(&self, viewer: &Viewer, filter: &UserFilter) -> Result<u64> {
        viewer.permitted(Permission::UsersRead)?;
        Ok(matching(viewer, filter).count(self.db().reader()).await?)
    }
}

fn matching(viewer: &Viewer, filter: &UserFilter) -> Select<Entity> {
    let mut query = Entity::visible_to(viewer);
    if let Some(search) = filter.search.as_deref().map(str::trim).filter(|search| !search.is_empty()) {
        query = query.filter(contains(search));
    }
    if let Some(role) = &filter.role {
        query = query.filter(role.condition(Column::Role));
    }
    if let Some(status) = &filter.status {
        query = query.filter(status.condition(Column::Status));
    }
    if let Some(verified) = filter.is_email_verified {
        let at = Column::EmailVerifiedAt;
        query = query.filter(if verified { at.is_not_null() } else { at.is_null() });
    }
    if let Some(created_at) = &filter.created_at {
        query = query.filter(created_at.condition(Column::CreatedAt));
    }
    if let Some(tenant) = filter.tenant {
        query = query.filter(Column::TenantId.eq(tenant));
    }
    query
}

/// Users with the text in their email or in "first last". SQLite folds ASCII alone, so a name is also compared as it was
/// typed.
fn contains(search: &str) -> Condition {
    let pattern = |text: &str| LikeExpr::new(like_pattern(text)).escape('\\');
    let (name, folded) = (
        Expr::cust("(users.first_name || ' ' || users.last_name)"),
        Expr::cust("lower(users.first_name || ' ' || users.last_name)"),
    );
    let lower = search.to_lowercase();
    Condition::any()
        .add(Expr::col((Entity, Column::EmailKey)).like(pattern(&lower)))
        .add(folded.like(pattern(&lower)))
        .add(name.like(pattern(search)))
}
