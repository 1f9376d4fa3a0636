//! A signal with what it names.

use std::sync::Arc;

use super::signal::Model;
use crate::Domain;
use crate::error::{Fault, Result};
use crate::identity::User;
use crate::market::Asset;

/// A signal with its asset, its author and the name of its strategy, mostly from memory.
#[derive(Clone, Debug)]
pub struct SignalView {
    /// The signal.
    pub signal: Arc<Model>,
    /// Its asset.
    pub asset: Arc<Asset>,
    /// Who recorded it; none for the house.
    pub author: Option<Arc<User>>,
    /// The name of its strategy, where it has one.
    pub strategy: Option<Arc<str>>,
}

impl Domain {
    /// Adds to each signal what it names.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view_signals(&self, signals: Vec<impl Into<Arc<Model>>>) -> Result<Vec<SignalView>> {
        let signals: Vec<Arc<Model>> = signals.into_iter().map(Into::into).collect();
        self.learn_strategy_names(signals.iter().filter_map(|signal| signal.strategy_id)).await?;
        let authors = self.profiles(signals.iter().filter_map(|signal| signal.author_id).collect()).await?;
        let mut views = Vec::with_capacity(signals.len());
        for signal in signals {
            let asset = self.asset_by_id(signal.asset_id).await?;
            let asset = asset.ok_or_else(|| Fault::Bug(format!("the asset of {} is gone", signal.id)))?;
            let strategy = signal.strategy_id.and_then(|id| self.strategies().name(id));
            let author = signal.author_id.and_then(|id| authors.get(&id).cloned());
            views.push(SignalView { signal, asset, author, strategy });
        }
        Ok(views)
    }
}
