//! Tokens that are sent to a person's address: whoever shows one reads that mail.
//!
//! Each is 256 random bits, good for one time and one purpose; the database holds its SHA-256. A user has one of a
//! purpose at a time: a newer one replaces it.

use chrono::TimeDelta;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, Set};

use super::{SecretToken, Tenant, TenantStatus, User, UserStatus, hash_token, user};
use crate::Domain;
use crate::error::{Error, Problem, ProblemCode, Result};
use crate::ids::UserId;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Purpose {
    /// To show that the address is the user's.
    VerifyEmail,
    /// To set a new password.
    ResetPassword,
    /// To set the first one.
    AcceptInvitation,
}

impl Purpose {
    /// For how long a token of it is good.
    pub(crate) const fn lasts(self) -> TimeDelta {
        match self {
            Self::VerifyEmail => TimeDelta::hours(24),
            Self::ResetPassword => TimeDelta::hours(1),
            Self::AcceptInvitation => TimeDelta::days(7),
        }
    }

    /// The page of the frontend that takes it.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::ResetPassword => "reset-password",
            Self::AcceptInvitation => "accept-invitation",
        }
    }

    /// What a token of it starts with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::VerifyEmail => "bwv_",
            Self::ResetPassword => "bwp_",
            Self::AcceptInvitation => "bwi_",
        }
    }
}

/// A token that is out.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_tokens")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// What it is for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: Purpose,
    /// SHA-256 of it.
    pub token_hash: Vec<u8>,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it runs out.
    pub expires_at: DateTimeUtc,
}

/// What a token points to.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Whose it is.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
    User,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Domain {
    /// Makes a token, in place of the one before.
    pub(crate) async fn issue_token(
        &self,
        tx: &DatabaseTransaction,
        user_id: UserId,
        purpose: Purpose,
    ) -> Result<SecretToken> {
        let (token, now) = (SecretToken::new(purpose.prefix(), self.entropy()), self.now());
        let row = ActiveModel {
            user_id: Set(user_id),
            purpose: Set(purpose),
            token_hash: Set(token.hash()),
            created_at: Set(now),
            expires_at: Set(now + purpose.lasts()),
        };
        let replace = OnConflict::columns([Column::UserId, Column::Purpose])
            .update_columns([Column::TokenHash, Column::CreatedAt, Column::ExpiresAt])
            .to_owned();
        Entity::insert(row).on_conflict(replace).exec_without_returning(tx).await?;
        Ok(token)
    }

    /// Whose token it is, if it is good; it stays so.
    pub(super) async fn holder_of_token<C: ConnectionTrait>(
        &self,
        db: &C,
        token: &str,
        purpose: Purpose,
    ) -> Result<(User, Tenant)> {
        #[expect(clippy::disallowed_methods, reason = "whoever holds the token may use it")]
        let found = Entity::find()
            .find_also_related(user::Entity)
            .filter(Column::TokenHash.eq(hash_token(token)))
            .filter(Column::Purpose.eq(purpose))
            .filter(Column::ExpiresAt.gt(self.now()))
            .one(db)
            .await?;
        let Some((_, Some(user))) = found else { return Err(invalid()) };
        let tenant = self.tenant_on(db, user.tenant_id).await?;
        let active = tenant.filter(|tenant| tenant.status == TenantStatus::Active);
        active.filter(|_| user.status == UserStatus::Active).map(|tenant| (user, tenant)).ok_or_else(invalid)
    }

    /// Uses a token up; whose it was. Of several who try at once, one does.
    pub(super) async fn redeem_token(
        &self,
        tx: &DatabaseTransaction,
        token: &str,
        purpose: Purpose,
    ) -> Result<(User, Tenant)> {
        let holder = self.holder_of_token(tx, token, purpose).await?;
        let used = Entity::delete_many()
            .filter(Column::TokenHash.eq(hash_token(token)))
            .filter(Column::Purpose.eq(purpose))
            .exec(tx)
            .await?;
        if used.rows_affected == 1 { Ok(holder) } else { Err(invalid()) }
    }
}

/// Takes every token of a user away.
pub(super) async fn void_tokens(tx: &DatabaseTransaction, user_id: UserId) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user_id)).exec(tx).await?;
    Ok(())
}

/// One answer for whatever is wrong with a token.
fn invalid() -> Error {
    let message = "the link is wrong, used or too old: ask for a new one";
    Problem::new(ProblemCode::TokenInvalid, &["input", "token"], message).into()
}
