//! The words of challenges.

use std::fmt;

use sea_orm::{DeriveActiveEnum, EnumIter};

use crate::signals::vocabulary::{words, written};

words! {
    /// How far a challenge has come. PENDING leads to ACTIVE or CANCELLED, ACTIVE to any of the others, and those to none.
    ChallengeStatus {
        /// It was granted, and waits for its trader to begin.
        Pending = "PENDING",
        /// It is traded and judged.
        Active = "ACTIVE",
        /// Its target was reached under its rules, or somebody who runs the tenant passed it.
        Passed = "PASSED",
        /// One of its limits was broken, or somebody who runs the tenant failed it.
        Failed = "FAILED",
        /// Its days were over first.
        Expired = "EXPIRED",
        /// It was taken back by whoever runs the tenant.
        Cancelled = "CANCELLED",
    }
}

impl ChallengeStatus {
    /// Whether a challenge may go from this to that.
    pub const fn leads_to(self, next: Self) -> bool {
        match self {
            Self::Pending => matches!(next, Self::Active | Self::Cancelled),
            Self::Active => matches!(next, Self::Passed | Self::Failed | Self::Expired | Self::Cancelled),
            Self::Passed | Self::Failed | Self::Expired | Self::Cancelled => false,
        }
    }

    /// Whether nothing comes after it.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Pending | Self::Active)
    }
}

words! {
    /// What a phase of a tier is.
    PhaseKind {
        /// The first: the target is to be reached.
        Evaluation = "EVALUATION",
        /// The second, where a tier has one: it is to be reached again.
        Verification = "VERIFICATION",
        /// A simulated funded account: limits, and no target.
        Funded = "FUNDED",
    }
}

words! {
    /// A rule of a challenge, in the order in which limits are judged.
    RuleKind {
        /// The equity may lie so far below the day's base.
        DailyLoss = "DAILY_LOSS",
        /// The equity may lie so far below the anchor.
        MaxDrawdown = "MAX_DRAWDOWN",
        /// What one asset's open trades cost may be so much of the initial balance.
        PositionSize = "POSITION_SIZE",
        /// The best day may be so much of the total profit for a pass. Delays, never fails.
        Consistency = "CONSISTENCY",
    }
}

words! {
    /// What the loss of a day is counted from, at the midnight that it begins with.
    DailyBase {
        /// The balance.
        Balance = "BALANCE",
        /// The balance or the equity, whichever is higher.
        HigherOfBalanceAndEquity = "HIGHER_OF_BALANCE_AND_EQUITY",
    }
}

words! {
    /// What the daily loss limit is a percentage of.
    DailyLossBasis {
        /// The day's base.
        PercentOfBase = "PERCENT_OF_BASE",
        /// The initial balance: the same amount every day.
        AmountOfInitial = "AMOUNT_OF_INITIAL",
    }
}

words! {
    /// What the drawdown limit is a percentage of.
    DrawdownBasis {
        /// The anchor.
        PercentOfPeak = "PERCENT_OF_PEAK",
        /// The initial balance: the same amount wherever the anchor lies.
        AmountOfInitial = "AMOUNT_OF_INITIAL",
    }
}

words! {
    /// What the drawdown is counted from.
    DrawdownAnchor {
        /// The highest equity so far.
        EquityPeak = "EQUITY_PEAK",
        /// The highest balance at a midnight so far, the initial one among them.
        EndOfDayBalance = "END_OF_DAY_BALANCE",
        /// The initial balance.
        Static = "STATIC",
    }
}

words! {
    /// What breaking the daily loss limit leads to.
    OnDailyBreach {
        /// The challenge is failed.
        Fail = "FAIL",
        /// What is open is closed, and nothing is traded until the day is over.
        LockUntilReset = "LOCK_UNTIL_RESET",
    }
}

words! {
    /// How much of the nearest limit is used.
    RiskLevel {
        /// Under half of it.
        Low = "LOW",
        /// Under four fifths of it.
        Medium = "MEDIUM",
        /// Four fifths of it or more.
        High = "HIGH",
    }
}

words! {
    /// Why a challenge was looked at.
    Cause {
        /// It was granted, or its phase came up.
        Granted = "GRANTED",
        /// Its trader began it.
        Started = "STARTED",
        /// An order was filled.
        Fill = "FILL",
        /// An order that waited was taken back.
        Order = "ORDER",
        /// A price changed.
        Quote = "QUOTE",
        /// The clock: a day, an hour or the challenge's days were over.
        Clock = "CLOCK",
        /// Whoever runs the tenant asked for it, or decided.
        Admin = "ADMIN",
    }
}

written! {
    ChallengeStatus PhaseKind RuleKind DailyBase DailyLossBasis DrawdownBasis DrawdownAnchor OnDailyBreach Cause
}

#[cfg(test)]
mod tests;
