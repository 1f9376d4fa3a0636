//! The audit log: who did what, in a chain of hashes for each tenant.
//!
//! An entry's hash covers its own content and the hash before it, so that a changed, missing or moved entry breaks the
//! chain. Entries are written in the transaction of what they tell of.

use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, Iterable, QueryOrder, QuerySelect, Set};
use serde_json::json;
use sha2::{Digest, Sha256};

mod chains;
mod export;
mod list;

use crate::Domain;
use crate::error::Result;
use crate::ids::{AuditEntryId, Id, TenantId, UserId};
use crate::viewer::ClientInfo;
pub use chains::Chain;
pub use list::AuditFilter;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter)]
pub enum Action {
    /// Somebody registered.
    UserRegistered,
    /// Somebody signed in.
    LoginSucceeded,
    /// Somebody failed to.
    LoginFailed,
    /// Somebody signed out.
    LoggedOut,
    /// A refresh token was presented that had been used: its session was ended.
    RefreshTokenReused,
    /// A source of signals was made.
    SourceCreated,
    /// A source of signals was changed.
    SourceUpdated,
    /// A source of signals was revoked.
    SourceRevoked,
    /// A job was asked to run now.
    JobRunRequested,
    /// A job was put to rest.
    JobPaused,
    /// A job's rest was ended.
    JobResumed,
    /// A letter that was given up was put back to be sent.
    LetterRedriven,
    /// The scheduler's lock was taken from its holder.
    SchedulerLockBroken,
    /// An email was shown to be its user's.
    EmailVerified,
    /// Somebody asked for another letter to verify an email, or to accept an invitation.
    LinkRequested,
    /// Somebody asked to set a new password by email.
    PasswordResetRequested,
    /// A password was set by a link that was sent.
    PasswordReset,
    /// A user changed their password.
    PasswordChanged,
    /// A user changed their name or language.
    ProfileUpdated,
    /// A user closed their account.
    AccountClosed,
    /// Somebody was invited.
    UserInvited,
    /// Somebody who was invited set a password.
    InvitationAccepted,
    /// Somebody ended their sessions all at once.
    LoggedOutEverywhere,
    /// An API key was made.
    ApiKeyCreated,
    /// An API key was revoked.
    ApiKeyRevoked,
    /// A user was given another role.
    UserRoleChanged,
    /// A user was suspended.
    UserSuspended,
    /// A user was activated again.
    UserActivated,
    /// A user's sessions were ended by somebody else.
    UserSessionsEnded,
    /// A tenant was made.
    TenantCreated,
    /// A tenant was suspended.
    TenantSuspended,
    /// A tenant was activated again.
    TenantActivated,
    /// A strategy was switched on.
    StrategySwitchedOn,
    /// A strategy was switched off.
    StrategySwitchedOff,
    /// A paper account was opened.
    PaperAccountOpened,
    /// A paper account was suspended, activated or closed.
    PaperAccountStatusChanged,
    /// A challenge was granted.
    ChallengeGranted,
    /// A challenge was begun.
    ChallengeStarted,
    /// A challenge was looked at because somebody asked for it.
    ChallengeEvaluated,
    /// A challenge was passed by somebody.
    ChallengePassed,
    /// A challenge was failed by somebody.
    ChallengeFailed,
    /// A challenge was cancelled.
    ChallengeCancelled,
    /// A challenge was given more days.
    ChallengeExtended,
    /// A challenge's balance was corrected.
    ChallengeAdjusted,
    /// An entry of the waitlist was removed.
    WaitlistEntryRemoved,
    /// A visitor's message was removed.
    ContactMessageRemoved,
}

impl Action {
    /// The action of this name; none for one that this version does not know.
    pub fn named(name: &str) -> Option<Self> {
        Self::iter().find(|action| action.as_str() == name)
    }

    /// The name in the table and in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserRegistered => "USER_REGISTERED",
            Self::LoginSucceeded => "LOGIN_SUCCEEDED",
            Self::LoginFailed => "LOGIN_FAILED",
            Self::LoggedOut => "LOGGED_OUT",
            Self::RefreshTokenReused => "REFRESH_TOKEN_REUSED",
            Self::SourceCreated => "SOURCE_CREATED",
            Self::SourceUpdated => "SOURCE_UPDATED",
            Self::SourceRevoked => "SOURCE_REVOKED",
            Self::JobRunRequested => "JOB_RUN_REQUESTED",
            Self::JobPaused => "JOB_PAUSED",
            Self::JobResumed => "JOB_RESUMED",
            Self::LetterRedriven => "LETTER_REDRIVEN",
            Self::SchedulerLockBroken => "SCHEDULER_LOCK_BROKEN",
            Self::EmailVerified => "EMAIL_VERIFIED",
            Self::LinkRequested => "LINK_REQUESTED",
            Self::PasswordResetRequested => "PASSWORD_RESET_REQUESTED",
            Self::PasswordReset => "PASSWORD_RESET",
            Self::PasswordChanged => "PASSWORD_CHANGED",
            Self::ProfileUpdated => "PROFILE_UPDATED",
            Self::AccountClosed => "ACCOUNT_CLOSED",
            Self::UserInvited => "USER_INVITED",
            Self::InvitationAccepted => "INVITATION_ACCEPTED",
            Self::LoggedOutEverywhere => "LOGGED_OUT_EVERYWHERE",
            Self::ApiKeyCreated => "API_KEY_CREATED",
            Self::ApiKeyRevoked => "API_KEY_REVOKED",
            Self::UserRoleChanged => "USER_ROLE_CHANGED",
            Self::UserSuspended => "USER_SUSPENDED",
            Self::UserActivated => "USER_ACTIVATED",
            Self::UserSessionsEnded => "USER_SESSIONS_ENDED",
            Self::TenantCreated => "TENANT_CREATED",
            Self::TenantSuspended => "TENANT_SUSPENDED",
            Self::TenantActivated => "TENANT_ACTIVATED",
            Self::StrategySwitchedOn => "STRATEGY_SWITCHED_ON",
            Self::StrategySwitchedOff => "STRATEGY_SWITCHED_OFF",
            Self::PaperAccountOpened => "PAPER_ACCOUNT_OPENED",
            Self::PaperAccountStatusChanged => "PAPER_ACCOUNT_STATUS_CHANGED",
            Self::ChallengeGranted => "CHALLENGE_GRANTED",
            Self::ChallengeStarted => "CHALLENGE_STARTED",
            Self::ChallengeEvaluated => "CHALLENGE_EVALUATED",
            Self::ChallengePassed => "CHALLENGE_PASSED",
            Self::ChallengeFailed => "CHALLENGE_FAILED",
            Self::ChallengeCancelled => "CHALLENGE_CANCELLED",
            Self::ChallengeExtended => "CHALLENGE_EXTENDED",
            Self::ChallengeAdjusted => "CHALLENGE_ADJUSTED",
            Self::WaitlistEntryRemoved => "WAITLIST_ENTRY_REMOVED",
            Self::ContactMessageRemoved => "CONTACT_MESSAGE_REMOVED",
        }
    }
}

/// One thing to be written down.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// In which tenant.
    pub tenant_id: TenantId,
    /// By whom; none for nobody or the installation.
    pub actor_id: Option<UserId>,
    /// What.
    pub action: Action,
    /// On what, as an id.
    pub subject: Option<String>,
    /// More about it; never a secret.
    pub details: serde_json::Value,
    /// From where.
    pub client: ClientInfo,
}

/// The table.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEntryId,
    /// The tenant whose chain it is in.
    pub tenant_id: TenantId,
    /// Its place in the chain, from 1.
    pub sequence: i64,
    /// When.
    pub at: DateTimeUtc,
    /// By whom.
    pub actor_id: Option<UserId>,
    /// What.
    pub action: String,
    /// On what.
    pub subject: Option<String>,
    /// More about it: a JSON object as text, because the hash is over its exact letters.
    pub details: String,
    /// From which address.
    pub address: Option<String>,
    /// With which program.
    pub user_agent: Option<String>,
    /// The hash of the entry before; zeros for the first.
    pub previous_hash: Vec<u8>,
    /// The hash of this one.
    pub hash: Vec<u8>,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The hash that the entry must have: SHA-256 of the one before and of the content as a JSON array.
    fn expected_hash(&self) -> Vec<u8> {
        let content = json!([
            self.id.to_string(),
            self.tenant_id.to_string(),
            self.sequence,
            self.at.timestamp_micros(),
            self.actor_id.map(|id| id.to_string()),
            self.action,
            self.subject,
            self.details,
            self.address,
            self.user_agent,
        ]);
        Sha256::new().chain_update(&self.previous_hash).chain_update(content.to_string()).finalize().to_vec()
    }
}

impl Domain {
    /// Writes an entry at the end of its tenant's chain.
    pub(crate) async fn audit(&self, tx: &DatabaseTransaction, new: NewEntry) -> Result<()> {
        #[expect(clippy::disallowed_methods, reason = "the chain is the tenant's own, named in the filter")]
        let last = Entity::find()
            .filter(Column::TenantId.eq(new.tenant_id))
            .order_by_desc(Column::Sequence)
            .limit(1)
            .one(tx)
            .await?;
        let (sequence, previous_hash) = last.map_or((0, vec![0; 32]), |last| (last.sequence, last.hash));
        let mut entry = Model {
            id: AuditEntryId::from_uuid(self.new_uuid()),
            tenant_id: new.tenant_id,
            sequence: sequence + 1,
            at: self.now(),
            actor_id: new.actor_id,
            action: new.action.as_str().to_owned(),
            subject: new.subject,
            details: new.details.to_string(),
            address: new.client.address.map(|address| address.to_string()),
            user_agent: new.client.user_agent,
            previous_hash,
            hash: Vec::new(),
        };
        entry.hash = entry.expected_hash();
        let row = ActiveModel {
            id: Set(entry.id),
            tenant_id: Set(entry.tenant_id),
            sequence: Set(entry.sequence),
            at: Set(entry.at),
            actor_id: Set(entry.actor_id),
            action: Set(entry.action),
            subject: Set(entry.subject),
            details: Set(entry.details),
            address: Set(entry.address),
            user_agent: Set(entry.user_agent),
            previous_hash: Set(entry.previous_hash),
            hash: Set(entry.hash),
        };
        Entity::insert(row).exec_without_returning(tx).await?;
        Ok(())
    }

    /// Walks the tenant's chain from its start; tells the sequence of the first entry that does not fit, if any.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn first_broken_audit_entry(&self, tenant_id: TenantId) -> Result<Option<i64>> {
        const BATCH: u64 = 1_000;
        let (mut sequence, mut hash) = (0, vec![0; 32]);
        loop {
            #[expect(clippy::disallowed_methods, reason = "the chain is the tenant's own, named in the filter")]
            let batch = Entity::find()
                .filter(Column::TenantId.eq(tenant_id))
                .filter(Column::Sequence.gt(sequence))
                .order_by_asc(Column::Sequence)
                .limit(BATCH)
                .all(self.db().reader())
                .await?;
            if batch.is_empty() {
                return Ok(None);
            }
            for entry in batch {
                sequence += 1;
                if entry.sequence != sequence || entry.previous_hash != hash || entry.expected_hash() != entry.hash {
                    return Ok(Some(sequence));
                }
                hash = entry.hash;
            }
        }
    }
}
