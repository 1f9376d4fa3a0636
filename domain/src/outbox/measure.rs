//! What is measured of the outbox.

use metrics::{Unit, describe_counter, describe_gauge, gauge};
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::row::{Column, Entity};
use crate::Domain;
use crate::error::Result;

/// Says what the metrics of the outbox are.
pub(crate) fn describe_metrics() {
    describe_counter!("bellwether_outbox_messages_total", "Tries of messages in this instance, by kind and outcome");
    describe_gauge!(
        "bellwether_outbox_letters",
        "Messages that are not delivered, by whether they wait or were given up"
    );
    describe_gauge!(
        "bellwether_outbox_delay_seconds",
        Unit::Seconds,
        "By how long the message is late that was to be tried first; 0 where none is"
    );
}

/// Brings the gauges to what the database says, whichever instance delivers.
pub(crate) async fn measure(domain: &Domain) -> Result<()> {
    let reader = domain.db().reader();
    #[expect(clippy::disallowed_methods, reason = "the installation is measured, not a tenant")]
    let all = Entity::find();
    let waiting = all.clone().filter(Column::DeliveredAt.is_null()).filter(Column::DeadAt.is_null());
    let dead = all.filter(Column::DeadAt.is_not_null()).count(reader).await?;
    gauge!("bellwether_outbox_letters", "state" => "dead").set(dead as f64);
    gauge!("bellwether_outbox_letters", "state" => "waiting").set(waiting.clone().count(reader).await? as f64);
    let first = waiting.select_only().column(Column::NextAttemptAt).order_by_asc(Column::NextAttemptAt);
    let first: Option<DateTimeUtc> = first.into_tuple().one(reader).await?;
    let late = first.map_or(0, |due| (domain.now() - due).num_seconds().max(0));
    gauge!("bellwether_outbox_delay_seconds").set(late as f64);
    Ok(())
}
