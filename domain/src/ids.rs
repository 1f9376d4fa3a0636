//! Ids: a type for each entity over a UUIDv7, so that one can't be passed for another.
//!
//! Outside they are [TypeIDs](https://github.com/jetify-com/typeid): a prefix that names the entity, an underscore, and
//! the UUID in 26 letters of base32 (`sig_01h455vb4pex5vsknk084sn02q`); these are the Relay node ids too.

use std::fmt;

use chrono::{DateTime, Utc};
use type_safe_id::{DynamicType, TypeSafeId};
use uuid::Uuid;

use crate::clock::Clock;
use crate::entropy::Entropy;

/// What every id type can do.
pub trait Id: Copy + Eq + fmt::Display + std::str::FromStr<Err = IdError> + Send + Sync + 'static {
    /// The prefix outside, such as `sig`.
    const PREFIX: &'static str;
    /// The id of this UUID.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The UUID of this id.
    fn uuid(self) -> Uuid;
}

/// A text that is not an id of the kind that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an id like {expected}_01h455vb4pex5vsknk084sn02q")]
pub struct IdError {
    /// The prefix that was expected.
    pub expected: &'static str,
}

/// Makes a new UUIDv7 (RFC 9562, 5.7) from the time and randomness that were given.
pub fn new_uuid(clock: &dyn Clock, entropy: &Entropy) -> Uuid {
    uuid_at(clock.now(), entropy)
}

/// Makes a UUIDv7 for a given moment.
pub fn uuid_at(time: DateTime<Utc>, entropy: &Entropy) -> Uuid {
    let millis = u64::try_from(time.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &entropy.bytes()).into_uuid()
}

/// The least of all UUIDv7s that are made at a moment or after it.
pub(crate) fn first_uuid_at(time: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(time.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// Splits a TypeID into its prefix and UUID, whatever entity it is of.
pub fn split(id: &str) -> Option<(String, Uuid)> {
    let id: TypeSafeId<DynamicType> = id.parse().ok()?;
    Some((id.type_prefix().to_owned(), id.uuid()))
}

/// Writes a TypeID.
fn write(f: &mut fmt::Formatter<'_>, prefix: &str, uuid: Uuid) -> fmt::Result {
    let prefix = DynamicType::new(prefix).map_err(|_| fmt::Error)?;
    write!(f, "{}", TypeSafeId::from_type_and_uuid(prefix, uuid))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sea_orm::DeriveValueType)]
        pub struct $name(Uuid);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }
            fn uuid(self) -> Uuid { self.0 }
        }

        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write(f, $prefix, self.0) }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write(f, $prefix, self.0) }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                match split(text) {
                    Some((prefix, uuid)) if prefix == $prefix => Ok(Self(uuid)),
                    _ => Err(IdError { expected: $prefix }),
                }
            }
        }
    )*};
}

ids! {
    /// A tenant.
    TenantId = "ten";
    /// A user.
    UserId = "usr";
    /// A session of a user.
    SessionId = "ses";
    /// An API key.
    ApiKeyId = "key";
    /// An asset.
    AssetId = "ast";
    /// A strategy.
    StrategyId = "str";
    /// A signal.
    SignalId = "sig";
    /// A source of signals.
    SourceId = "src";
    /// A delivery in the ingest journal.
    DeliveryId = "dlv";
    /// An entry of the audit log.
    AuditEntryId = "aud";
    /// A run of a job.
    RunId = "run";
    /// A letter that waits in the outbox.
    LetterId = "ltr";
    /// An entry of the waitlist.
    WaitlistEntryId = "wle";
    /// A message from the contact form.
    ContactMessageId = "msg";
    /// A paper account.
    AccountId = "acc";
    /// An order.
    OrderId = "ord";
    /// A fill of an order.
    FillId = "fil";
    /// A trade.
    TradeId = "trd";
    /// A watchlist.
    WatchlistId = "wtl";
    /// A challenge.
    ChallengeId = "chl";
}

/// For serde's `with`: an id as the text that it is outside.
pub(crate) mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::Id;

    pub(crate) fn serialize<I: Id, S: Serializer>(id: &I, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(crate) fn deserialize<'de, I: Id, D: Deserializer<'de>>(deserializer: D) -> Result<I, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn an_id_reads_back_and_no_other_kind_does() {
        let id = SignalId::from_uuid(new_uuid(&SystemClock, &Entropy::from_seed(1)));
        assert_eq!(id.to_string().parse::<SignalId>(), Ok(id));
        assert_eq!(id.to_string().parse::<UserId>(), Err(IdError { expected: "usr" }));
        for wrong in ["", "sig", "sig_", "sig_zzz", "SIG_01h455vb4pex5vsknk084sn02q", "sig_01h455vb4pex5vsknk084sn02u1"]
        {
            assert!(wrong.parse::<SignalId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_letters_are_those_of_the_typeid_specification() {
        // From the specification's valid.json, "valid-uuidv7".
        let uuid: Uuid = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        assert_eq!(SignalId::from_uuid(uuid).to_string(), "sig_01h455vb4pex5vsknk084sn02q");
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let entropy = Entropy::from_seed(2);
        let early = uuid_at(DateTime::from_timestamp_millis(1_000).unwrap(), &entropy);
        let late = uuid_at(DateTime::from_timestamp_millis(1_001).unwrap(), &entropy);
        assert!(early < late);
        let first = first_uuid_at(DateTime::from_timestamp_millis(1_001).unwrap());
        assert!(early < first && first <= late);
    }
}
