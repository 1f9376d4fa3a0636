//! Anything by its id.

use async_graphql::{Context, ID, Interface, Object};
use bellwether_domain::error::{Error, Fault, Problem};
use bellwether_domain::ids::{
    AccountId, ApiKeyId, AssetId, AuditEntryId, ChallengeId, ContactMessageId, DeliveryId, FillId, Id, IdError,
    OrderId, RunId, SessionId, SignalId, SourceId, TenantId, TradeId, UserId, WaitlistEntryId, WatchlistId, split,
};
use bellwether_domain::paging::LARGEST_PAGE;

use crate::challenges::Challenge;
use crate::context::Request;
use crate::field::{Access, Field, field};
use crate::identity::{ApiKey, AuditEntry, Session, Tenant, User};
use crate::market::{Asset, Watchlist};
use crate::scheduler::SchedulerRun;
use crate::signals::{Signal, SignalDelivery, SignalSource};
use crate::site::{ContactMessage, WaitlistEntry};
use crate::trading::{Account, Fill, Order, Trade};

/// Something with an id.
#[derive(Debug, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The id: a prefix that names the kind, and 26 letters."))]
pub(crate) enum Node {
    /// A signal.
    Signal(Signal),
    /// An asset.
    Asset(Asset),
    /// A user.
    User(User),
    /// A tenant.
    Tenant(Tenant),
    /// A source of signals.
    SignalSource(SignalSource),
    /// A delivery in the ingest journal.
    SignalDelivery(SignalDelivery),
    /// A run of a job.
    SchedulerRun(SchedulerRun),
    /// A session of one's own.
    Session(Session),
    /// An API key of one's own.
    ApiKey(ApiKey),
    /// An entry of the audit log.
    AuditEntry(AuditEntry),
    /// An entry of the waitlist.
    WaitlistEntry(WaitlistEntry),
    /// A message from the contact form.
    ContactMessage(ContactMessage),
    /// A paper account.
    Account(Account),
    /// An order.
    Order(Order),
    /// A fill of an order.
    Fill(Fill),
    /// A trade.
    Trade(Trade),
    /// A phase of a challenge.
    Challenge(Challenge),
    /// A watchlist of one's own.
    Watchlist(Watchlist),
}

/// Reads anything by its id.
#[derive(Debug, Default)]
pub(crate) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Whatever has this id; null where that is nothing, or not yours to see. For whoever is signed in.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "A TypeID.")] id: ID) -> Field<Option<Node>> {
        field(ctx, Access::SignedIn, async move |request: Request| find(&request, &id, &["id"]).await).await
    }

    /// Whatever has these ids, in their order; null for each that is nothing, or not yours to see. For whoever is signed in.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "TypeIDs, at most 100.")] ids: Vec<ID>,
    ) -> Field<Vec<Option<Node>>> {
        field(ctx, Access::SignedIn, async move |request: Request| {
            if ids.len() > LARGEST_PAGE {
                let message = format!("at most {LARGEST_PAGE} ids, got {}", ids.len());
                return Err(Problem::validation(&["ids"], message).into());
            }
            // Signals are what is asked for in numbers: those are read at once.
            let signals = ids.iter().filter_map(|id| id.parse().ok()).collect();
            let signals = visible(request.domain.signals_by_id(request.viewer(), signals).await.map(Some))?;
            let signals = signals.unwrap_or_default();
            let mut nodes = Vec::with_capacity(ids.len());
            for (index, id) in ids.iter().enumerate() {
                nodes.push(match id.parse::<SignalId>() {
                    Ok(id) => signals.get(&id).map(|view| Node::Signal(Signal::from(view.clone()))),
                    Err(_) => find(&request, id, &["ids", &index.to_string()]).await?,
                });
            }
            Ok(nodes)
        })
        .await
    }
}

/// Asks the use case of the kind that the id's prefix names.
async fn find(request: &Request, id: &ID, path: &[&str]) -> Result<Option<Node>, Error> {
    let (domain, viewer) = (&request.domain, request.viewer());
    let unknown = || Problem::validation(path, "expected an id like sig_01h455vb4pex5vsknk084sn02q");
    let (prefix, uuid) = split(id).ok_or_else(unknown)?;
    Ok(match prefix.as_str() {
        SignalId::PREFIX => {
            let signal = visible(domain.signal(viewer, SignalId::from_uuid(uuid)).await)?;
            signal.map(|view| Node::Signal(Signal::from(view)))
        }
        AssetId::PREFIX => domain.asset_by_id(AssetId::from_uuid(uuid)).await?.map(|asset| Node::Asset(Asset(asset))),
        UserId::PREFIX => {
            let user = domain.user(viewer, UserId::from_uuid(uuid)).await?;
            user.map(|user| Node::User(User::new(user, viewer)))
        }
        TenantId::PREFIX => {
            let tenant = domain.visible_tenant(viewer, TenantId::from_uuid(uuid)).await?;
            tenant.map(|tenant| Node::Tenant(Tenant(tenant)))
        }
        SourceId::PREFIX => {
            let source = visible(domain.source(viewer, SourceId::from_uuid(uuid)).await)?;
            source.map(|source| Node::SignalSource(SignalSource::new(source, domain.now())))
        }
        DeliveryId::PREFIX => {
            let delivery = visible(domain.delivery(viewer, DeliveryId::from_uuid(uuid)).await)?;
            match delivery {
                Some(delivery) => SignalDelivery::one(request, delivery).await?.map(Node::SignalDelivery),
                None => None,
            }
        }
        RunId::PREFIX => {
            let run = visible(domain.scheduler_run(viewer, RunId::from_uuid(uuid)).await)?;
            run.map(|run| Node::SchedulerRun(SchedulerRun::one(run)))
        }
        SessionId::PREFIX => {
            let session = visible(domain.session(viewer, SessionId::from_uuid(uuid)).await)?;
            session.map(|session| Node::Session(Session::new(session, viewer)))
        }
        ApiKeyId::PREFIX => {
            let key = visible(domain.api_key(viewer, ApiKeyId::from_uuid(uuid)).await)?;
            key.map(|key| Node::ApiKey(ApiKey::from(key)))
        }
        AuditEntryId::PREFIX => {
            let entry = visible(domain.audit_entry(viewer, AuditEntryId::from_uuid(uuid)).await)?;
            entry.map(|entry| Node::AuditEntry(AuditEntry::one(entry)))
        }
        WaitlistEntryId::PREFIX => {
            let entry = visible(domain.waitlist_entry(viewer, WaitlistEntryId::from_uuid(uuid)).await)?;
            entry.map(|entry| Node::WaitlistEntry(WaitlistEntry(entry)))
        }
        ContactMessageId::PREFIX => {
            let message = visible(domain.contact_message(viewer, ContactMessageId::from_uuid(uuid)).await)?;
            message.map(|message| Node::ContactMessage(ContactMessage(message)))
        }
        AccountId::PREFIX => match visible(domain.account(viewer, AccountId::from_uuid(uuid)).await)? {
            Some(account) => Some(Node::Account(Account::one(request, account).await?)),
            None => None,
        },
        OrderId::PREFIX => match visible(domain.order(viewer, OrderId::from_uuid(uuid)).await)? {
            Some((account, order)) => Order::one(request, &account, order).await?.map(Node::Order),
            None => None,
        },
        FillId::PREFIX => match visible(domain.fill(viewer, FillId::from_uuid(uuid)).await)? {
            Some((account, fill)) => Some(Node::Fill(Fill::one(request, &account, fill).await?)),
            None => None,
        },
        TradeId::PREFIX => match visible(domain.trade(viewer, TradeId::from_uuid(uuid)).await)? {
            Some((account, trade)) => Trade::one(request, &account, trade).await?.map(Node::Trade),
            None => None,
        },
        ChallengeId::PREFIX => {
            let challenge = visible(domain.challenge(viewer, ChallengeId::from_uuid(uuid)).await)?;
            challenge.map(|challenge| Node::Challenge(Challenge::one(challenge)))
        }
        WatchlistId::PREFIX => {
            let list = visible(domain.watchlist(viewer, WatchlistId::from_uuid(uuid)).await)?;
            list.map(|list| Node::Watchlist(Watchlist(list)))
        }
        _ => return Err(unknown().into()),
    })
}

/// What a role may not see at all does not exist for it, here as elsewhere.
fn visible<T>(found: Result<Option<T>, Error>) -> Result<Option<T>, Error> {
    match found {
        Err(Error::Fault(Fault::Forbidden(_))) => Ok(None),
        found => found,
    }
}

/// Reads the id of one kind from an argument.
pub(crate) fn parse_id<I: Id>(id: &ID, path: &[&str]) -> Result<I, Error> {
    id.parse().map_err(|error: IdError| Problem::validation(path, error.to_string()).into())
}
