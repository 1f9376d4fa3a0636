//! What visitors sent.

use async_graphql::{Enum, ID, Object};
use bellwether_domain::site;
use chrono::{DateTime, Utc};

use crate::paging::Item;

/// Somebody who wants to hear when something is there.
#[derive(Clone, Debug)]
pub(crate) struct WaitlistEntry(pub(crate) site::WaitlistEntry);

impl Item for WaitlistEntry {
    const NAME: &str = "WaitlistEntry";
}

/// Somebody who wants to hear when something is there.
#[Object]
impl WaitlistEntry {
    /// The id, `wle_…`.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The email.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// What they wait for, in a word of the site's such as plan-pro; null where they did not say.
    async fn interest(&self) -> Option<&str> {
        self.0.interest.as_deref()
    }

    /// The language of the page that they filled in, such as es; null where it did not say.
    async fn language(&self) -> Option<&str> {
        self.0.language.as_deref()
    }

    /// When they joined.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// What a visitor wrote through the contact form.
#[derive(Clone, Debug)]
pub(crate) struct ContactMessage(pub(crate) site::ContactMessage);

impl Item for ContactMessage {
    const NAME: &str = "ContactMessage";
}

/// What a visitor wrote through the contact form.
#[Object]
impl ContactMessage {
    /// The id, `msg_…`.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The name of who wrote.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Where to answer to.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// What it is about.
    async fn topic(&self) -> ContactTopic {
        self.0.topic.into()
    }

    /// What was written, with its line breaks.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// The language of the page that it was written on, such as es; null where it did not say.
    async fn language(&self) -> Option<&str> {
        self.0.language.as_deref()
    }

    /// When it came.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "site::ContactTopic")]
pub(crate) enum ContactTopic {
    /// Buying.
    Sales,
    /// Using it.
    Support,
    /// Personal data.
    Privacy,
    /// A weakness that was found.
    Security,
    /// Anything else.
    Other,
}
