//! Telling whoever sits at a terminal what goes on and for how long already.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

/// How often the time is brought up to date.
const TICK: Duration = Duration::from_millis(200);

/// What goes on, until it is dropped. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Tells nobody.
    pub(crate) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Tells on standard error, where that is a terminal.
    ///
    /// # Errors
    /// Never, as a test proves.
    pub(crate) fn on_terminal() -> anyhow::Result<Self> {
        if !std::io::stderr().is_terminal() {
            return Ok(Self::hidden());
        }
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})")?;
        let bar = ProgressBar::new_spinner().with_style(style).with_finish(ProgressFinish::AndClear);
        bar.set_message("starting");
        bar.enable_steady_tick(TICK);
        Ok(Self(bar))
    }

    /// Tells what begins now.
    pub(super) fn step(&self, what: &'static str) {
        self.0.set_message(what);
    }
}
