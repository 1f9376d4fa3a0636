//! The audit log, for who runs a tenant; for the owner that of all.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, InputObject, Object};
use bellwether_domain::error::{Error, Problem};
use bellwether_domain::paging::{IdKey, PageArgs, encode_cursor};
use bellwether_domain::permission::Permission as P;
use bellwether_domain::{audit, identity, ids};
use chrono::{DateTime, Utc};

use super::types::{Tenant, User, tenants};
use crate::context::Request;
use crate::field::{Access, Field, field};
use crate::node::parse_id;
use crate::paging::{Connection, Item};
use crate::scalars::Json;
use crate::signals::filter::{Range, Words, times};

const READ: Access = Access::Needs(P::AuditRead);

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "audit::Action")]
pub(crate) enum AuditAction {
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

/// Who did what, when and from where. A tenant's entries are a chain of hashes: none can be changed or left out unseen.
#[derive(Clone, Debug)]
pub(crate) struct AuditEntry {
    entry: audit::Model,
    /// Actor and tenant, where a list has read all of them at once.
    named: Option<Box<(Option<User>, Option<Tenant>)>>,
}

impl AuditEntry {
    /// One entry; its actor and tenant are read when asked for.
    pub(crate) fn one(entry: audit::Model) -> Self {
        Self { entry, named: None }
    }

    /// Entries of a list; with their actors and tenants, each kind read at once, where these are wanted.
    async fn many(
        request: &Request,
        entries: Vec<audit::Model>,
        with_actor: bool,
        with_tenant: bool,
    ) -> Result<Vec<Self>, Error> {
        if !with_actor && !with_tenant {
            return Ok(entries.into_iter().map(Self::one).collect());
        }
        let mut actors: Vec<ids::UserId> =
            entries.iter().filter_map(|entry| entry.actor_id).filter(|_| with_actor).collect();
        actors.sort();
        actors.dedup();
        let actors = request.domain.users(request.viewer(), actors).await?;
        let tenants: HashMap<ids::TenantId, identity::Tenant> =
            tenants(request, entries.iter().map(|entry| entry.tenant_id).filter(|_| with_tenant)).await?;
        let named = |entry: &audit::Model| {
            let actor = entry.actor_id.and_then(|id| actors.get(&id));
            let actor = actor.map(|user| User::new(user.clone(), request.viewer()));
            (actor, tenants.get(&entry.tenant_id).cloned().map(Tenant))
        };
        Ok(entries.into_iter().map(|entry| Self { named: Some(Box::new(named(&entry))), entry }).collect())
    }
}

impl Item for AuditEntry {
    const NAME: &str = "AuditEntry";
}

/// Who did what, when and from where. A tenant's entries are a chain of hashes: none can be changed or left out unseen.
#[Object]
impl AuditEntry {
    /// The id, `aud_…`.
    pub(crate) async fn id(&self) -> ID {
        self.entry.id.to_string().into()
    }

    /// The place in its tenant's chain, from 1.
    async fn sequence(&self) -> String {
        self.entry.sequence.to_string()
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.entry.at
    }

    /// What; null for an action that this version does not know.
    async fn action(&self) -> Option<AuditAction> {
        audit::Action::named(&self.entry.action).map(AuditAction::from)
    }

    /// By whom; null for nobody who was signed in, for the installation itself, and for who is not yours to see.
    async fn actor(&self, ctx: &Context<'_>) -> Field<Option<User>> {
        let (named, id) = (self.named.clone(), self.entry.actor_id);
        field(ctx, READ, async move |request: Request| match (named, id) {
            (Some(named), _) => Ok(named.0),
            (None, None) => Ok(None),
            (None, Some(id)) => {
                let user = request.domain.user(request.viewer(), id).await?;
                Ok(user.map(|user| User::new(user, request.viewer())))
            }
        })
        .await
    }

    /// The tenant whose log it is in.
    async fn tenant(&self, ctx: &Context<'_>) -> Field<Option<Tenant>> {
        let (named, id) = (self.named.clone(), self.entry.tenant_id);
        field(ctx, READ, async move |request: Request| match named {
            Some(named) => Ok(named.1),
            None => Ok(request.domain.visible_tenant(request.viewer(), id).await?.map(Tenant)),
        })
        .await
    }

    /// On what, as an id; null where that has none.
    async fn subject(&self) -> Option<&str> {
        self.entry.subject.as_deref()
    }

    /// More about it: an object whose fields depend on the action.
    async fn details(&self) -> Option<Json> {
        serde_json::from_str(&self.entry.details).ok().map(Json)
    }

    /// From which address; null where it is not known.
    async fn address(&self) -> Option<&str> {
        self.entry.address.as_deref()
    }

    /// With which program, as it calls itself; null where it did not say.
    async fn user_agent(&self) -> Option<&str> {
        self.entry.user_agent.as_deref()
    }

    /// SHA-256 of the entry and of the hash before it, in base16: kept elsewhere, it shows whether the log was changed up to here.
    async fn hash(&self) -> String {
        self.entry.hash_text()
    }
}

/// Which entries. Every part that is given must hold.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct AuditFilter {
    /// Of this action, or one of these.
    action: Option<Words<AuditAction>>,
    /// By this user, `usr_…`, of those that you may see.
    actor_id: Option<ID>,
    /// On this, as its id.
    subject: Option<ID>,
    /// When.
    at: Option<Range<DateTime<Utc>>>,
    /// In the log of this tenant, `ten_…`; others than your own need TENANTS_READ_ALL, and have no entries for who lacks it.
    tenant_id: Option<ID>,
}

impl AuditFilter {
    fn into_domain(self) -> Result<audit::AuditFilter, Error> {
        let action = self.action.map(|words| words.into_compare(&["filter", "action"], |word| Ok(word.into())));
        if self.subject.as_ref().is_some_and(|subject| ids::split(subject).is_none()) {
            return Err(Problem::validation(
                &["filter", "subject"],
                "expected an id, such as usr_01h455vb4pex5vsknk084sn02q",
            )
            .into());
        }
        Ok(audit::AuditFilter {
            action: action.transpose()?,
            actor: self.actor_id.map(|id| parse_id(&id, &["filter", "actorId"])).transpose()?,
            subject: self.subject.map(String::from),
            at: self.at.map(|range| times(range, &["filter", "at"])).transpose()?,
            tenant: self.tenant_id.map(|id| parse_id(&id, &["filter", "tenantId"])).transpose()?,
        })
    }
}

/// Reads the audit log.
#[derive(Debug, Default)]
pub(crate) struct AuditQuery;

#[Object]
impl AuditQuery {
    /// Who did what in your tenant, the newest first; for the owner, in all tenants. Needs AUDIT_READ.
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entries; null for all.")] filter: Option<AuditFilter>,
        #[graphql(desc = "How many, at most 100; 20 where nothing is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Field<Connection<AuditEntry>> {
        let selected = ctx.look_ahead();
        let (edges, nodes) = (selected.field("edges").field("node"), selected.field("nodes"));
        let with = |name: &str| edges.field(name).exists() || nodes.field(name).exists();
        let (with_actor, with_tenant) = (with("actor"), with("tenant"));
        let with_total = selected.field("totalCount").exists();
        field(ctx, READ, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let filter = filter.unwrap_or_default().into_domain()?;
            let page = domain.audit_page(viewer, &filter, &PageArgs { first, after, ..PageArgs::default() }).await?;
            let total = if with_total { Some(domain.count_audit(viewer, &filter).await?) } else { None };
            let entries = async |entries| AuditEntry::many(&request, entries, with_actor, with_tenant).await;
            let page = page.try_map(entries).await?;
            Ok(Connection::of(page, total, |entry| encode_cursor(audit::Model::ORDER, &IdKey(entry.entry.id))))
        })
        .await
    }

    /// The same as a text in CSV (RFC 4180), the newest first, at most 10,000 entries; no cell is taken for a formula by a spreadsheet. Needs AUDIT_READ.
    async fn audit_log_csv(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entries; null for all.")] filter: Option<AuditFilter>,
    ) -> Field<String> {
        field(ctx, READ, async move |request: Request| {
            let filter = filter.unwrap_or_default().into_domain()?;
            request.domain.export_audit(request.viewer(), &filter).await
        })
        .await
    }
}
