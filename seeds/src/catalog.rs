//! What is sold, as `site/data/plans.toml` says it: the one file that the site's prices are made of as well.
//!
//! It is read when the server is built, so that a server and the site of the same source say the same.

use std::collections::BTreeSet;

use bellwether_domain::billing::{NewPlan, SubscriptionTier};
use bellwether_domain::challenges::{NewTier, PhaseKind, Rules};
use bellwether_domain::fixed::{FixedError, Money, Percent};
use bellwether_domain::trading::minor_digits;
use bellwether_domain::{Fault, Result};
use serde::Deserialize;

/// The file, as it was when the server was built.
const TEXT: &str = include_str!("../../site/data/plans.toml");

/// What is sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The subscription plans, in the order in which they are shown.
    pub plans: Vec<NewPlan>,
    /// The tiers of challenges, in the order in which they are shown.
    pub challenge_tiers: Vec<ChallengeTier>,
}

/// A tier of challenges: the rules that an account is judged by. What each percentage is of, the file says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeTier {
    /// Its code, such as STARTER.
    pub code: String,
    /// Whether it is the one that is recommended.
    #[serde(default)]
    pub recommended: bool,
    /// What the account begins with, in cents.
    pub balance_cents: i64,
    /// The profit that passes.
    pub profit_target_percent: u32,
    /// What may be lost in a day.
    pub daily_loss_percent: u32,
    /// How far the equity may fall.
    pub drawdown_percent: u32,
    /// On how many days must be traded at least.
    pub minimum_trading_days: u32,
    /// How large a position may be.
    pub position_percent: u32,
    /// How much of the profit one day may have made.
    pub consistency_percent: u32,
    /// How many days it lasts.
    pub duration_days: u32,
    /// How much can be held with one unit of its money.
    pub leverage: i32,
}

impl ChallengeTier {
    /// The tier that it makes, in the file's currency: an evaluation, and a simulated funded account under the same limits,
    /// without a target and without an end. Every setting is at its default.
    ///
    /// # Errors
    /// When an amount does not fit.
    pub fn to_new(&self, currency: &str) -> Result<NewTier> {
        let percent = |whole: u32| Percent::from_int(whole.into());
        let balance = Money::from_raw(self.balance_cents.checked_mul(100).ok_or(FixedError::Overflow)?);
        let evaluation = Rules {
            currency: currency.to_owned(),
            leverage: self.leverage,
            profit_target: Some(percent(self.profit_target_percent)?),
            daily_loss: Some(percent(self.daily_loss_percent)?),
            drawdown: Some(percent(self.drawdown_percent)?),
            minimum_days: self.minimum_trading_days,
            position: Some(percent(self.position_percent)?),
            consistency: Some(percent(self.consistency_percent)?),
            duration_days: Some(self.duration_days),
            ..Rules::unlimited(PhaseKind::Evaluation, balance)
        };
        let funded = Rules {
            phase: PhaseKind::Funded,
            profit_target: None,
            minimum_days: 0,
            consistency: None,
            duration_days: None,
            ..evaluation.clone()
        };
        let mut name = self.code.to_lowercase();
        name.get_mut(..1).into_iter().for_each(str::make_ascii_uppercase);
        Ok(NewTier {
            code: self.code.clone(),
            name,
            is_recommended: self.recommended,
            price: None,
            is_refundable: false,
            phases: vec![evaluation, funded],
        })
    }
}

/// The file's own form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    currency: String,
    yearly_discount_percent: u32,
    plans: Vec<Plan>,
    challenge_tiers: Vec<ChallengeTier>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    code: String,
    #[serde(default)]
    recommended: bool,
    monthly_cents: i64,
    yearly_cents: i64,
    external_signals_per_day: Option<i32>,
    pipelines: Option<i32>,
    signal_types: Vec<String>,
    custom_signals: bool,
    priority: bool,
}

impl Catalog {
    /// What this server's source says.
    ///
    /// # Errors
    /// When the file is wrong: what a test finds before a server is built of it.
    pub fn built_in() -> Result<Self> {
        Self::parse(TEXT)
    }

    /// What a file of this form says.
    ///
    /// # Errors
    /// A sentence that tells what is wrong in it, and where.
    pub fn parse(text: &str) -> Result<Self> {
        read(text).map_err(|problem| Fault::Bug(format!("site/data/plans.toml: {problem}")).into())
    }
}

fn read(text: &str) -> Result<Catalog, String> {
    let file: File = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| format!("line {}: ", 1 + before.matches('\n').count()));
        format!("{}{}", line.unwrap_or_default(), error.message())
    })?;
    if minor_digits(&file.currency) != Some(2) {
        return Err(format!("currency: {} is not known here as one that has cents", file.currency));
    }
    let plans = file.plans.iter().map(|plan| (plan.code.as_str(), plan.recommended));
    require_one_recommended("plans", plans)?;
    let tiers = file.challenge_tiers.iter().map(|tier| (tier.code.as_str(), tier.recommended));
    require_one_recommended("challenge_tiers", tiers)?;
    let plan = |plan| new_plan(plan, &file.currency, file.yearly_discount_percent);
    let plans = file.plans.into_iter().map(plan).collect::<Result<_, _>>()?;
    Ok(Catalog { plans, challenge_tiers: file.challenge_tiers, currency: file.currency })
}

/// Every code is there once, and one of them is recommended.
fn require_one_recommended<'t>(name: &str, items: impl Iterator<Item = (&'t str, bool)>) -> Result<(), String> {
    let (mut codes, mut recommended) = (BTreeSet::new(), 0);
    for (code, is_recommended) in items {
        if !codes.insert(code) {
            return Err(format!("{name}: {code} is there twice"));
        }
        recommended += u32::from(is_recommended);
    }
    if recommended == 1 { Ok(()) } else { Err(format!("{name}: one is to be recommended, and {recommended} are")) }
}

fn new_plan(plan: Plan, currency: &str, discount: u32) -> Result<NewPlan, String> {
    let Plan { code, recommended, monthly_cents, yearly_cents, signal_types, .. } = plan;
    let of_plan = |problem: &str| format!("plans: {code}: {problem}");
    let Some(tier) = SubscriptionTier::ALL.iter().copied().find(|tier| tier.as_str() == code) else {
        let known: Vec<&str> = SubscriptionTier::ALL.iter().map(|tier| tier.as_str()).collect();
        return Err(of_plan(&format!("there is no such plan, only {}", known.join(", "))));
    };
    let money = |cents: i64| {
        let raw = cents.checked_mul(100).filter(|raw| *raw >= 0);
        raw.map(Money::from_raw).ok_or_else(|| of_plan(&format!("{cents} is no price")))
    };
    let (monthly_price, yearly_price) = (money(monthly_cents)?, money(yearly_cents)?);
    if i128::from(yearly_cents) * 100 != i128::from(monthly_cents) * 12 * (100 - i128::from(discount)) {
        let said =
            format!("yearly_cents, {yearly_cents}, is not {discount} % less than twelve months of {monthly_cents}");
        return Err(of_plan(&said));
    }
    if let Some(limit) = [plan.external_signals_per_day, plan.pipelines].into_iter().flatten().find(|limit| *limit < 0)
    {
        return Err(of_plan(&format!("{limit} is no limit; left out there is none")));
    }
    let mut types = BTreeSet::new();
    for signal_type in &signal_types {
        let is_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if signal_type.is_empty() || !signal_type.bytes().all(is_code) {
            return Err(of_plan(&format!("{signal_type:?} is no type of signal: expected a code like GOLDEN_CROSS")));
        }
        if !types.insert(signal_type) {
            return Err(of_plan(&format!("{signal_type} is there twice")));
        }
    }
    Ok(NewPlan {
        code: tier,
        is_recommended: recommended,
        currency: currency.to_owned(),
        monthly_price,
        yearly_price,
        external_signals_per_day: plan.external_signals_per_day,
        max_pipelines: plan.pipelines,
        signal_types,
        custom_signals: plan.custom_signals,
        priority: plan.priority,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_site_is_read_whole() {
        let catalog = Catalog::built_in().unwrap();
        assert_eq!(catalog.currency, "USD");
        let codes: Vec<&str> = catalog.plans.iter().map(|plan| plan.code.as_str()).collect();
        assert_eq!(codes, ["FREE", "BASIC", "PRO", "ENTERPRISE"]);
        let basic = &catalog.plans[1];
        let prices = [basic.monthly_price, basic.yearly_price].map(|price| price.to_string());
        assert_eq!((prices, basic.max_pipelines), (["29", "278.4"].map(str::to_owned), Some(5)));
        let codes: Vec<&str> = catalog.challenge_tiers.iter().map(|tier| tier.code.as_str()).collect();
        assert_eq!(codes, ["STARTER", "PRO", "ELITE"]);
        let pro = ChallengeTier {
            code: "PRO".to_owned(),
            recommended: true,
            balance_cents: 5_000_000,
            profit_target_percent: 10,
            daily_loss_percent: 5,
            drawdown_percent: 10,
            minimum_trading_days: 7,
            position_percent: 20,
            consistency_percent: 40,
            duration_days: 45,
            leverage: 10,
        };
        assert_eq!(catalog.challenge_tiers[1], pro);
    }

    /// Each is the site's file with one thing changed where it stands first.
    #[test]
    fn a_wrong_file_is_refused_with_a_sentence() {
        for (right, wrong, sentence) in [
            ("currency = \"USD\"", "currency = USD", "line 3: "),
            ("currency = \"USD\"", "currency = \"usd\"", "currency: usd is not known here as one that has cents"),
            ("currency = \"USD\"", "currency = \"JPY\"", "currency: JPY is not known here as one that has cents"),
            (
                "code = \"FREE\"",
                "code = \"GOLD\"",
                "plans: GOLD: there is no such plan, only FREE, BASIC, PRO, ENTERPRISE",
            ),
            ("code = \"FREE\"", "code = \"BASIC\"", "plans: BASIC is there twice"),
            ("code = \"ELITE\"", "code = \"STARTER\"", "challenge_tiers: STARTER is there twice"),
            ("recommended = true\n", "", "plans: one is to be recommended, and 0 are"),
            ("code = \"FREE\"", "code = \"FREE\"\nrecommended = true", "plans: one is to be recommended, and 2 are"),
            (
                "code = \"ELITE\"",
                "code = \"ELITE\"\nrecommended = true",
                "challenge_tiers: one is to be recommended, and 2 are",
            ),
            ("27840", "27841", "plans: BASIC: yearly_cents, 27841, is not 20 % less than twelve months of 2900"),
            (
                "yearly_discount_percent = 20",
                "yearly_discount_percent = 25",
                "plans: BASIC: yearly_cents, 27840, is not 25 % less than twelve months of 2900",
            ),
            ("monthly_cents = 0", "monthly_cents = -1", "plans: FREE: -1 is no price"),
            ("monthly_cents = 0", "monthly_cents = 92233720368547759", "plans: FREE: 92233720368547759 is no price"),
            ("monthly_cents = 0", "monthly_cents = 0.5", "line 9: invalid type: floating point `0.5`, expected i64"),
            ("monthly_cents = 0\n", "", "line 7: missing field `monthly_cents`"),
            ("pipelines = 5", "pipelines = -5", "plans: BASIC: -5 is no limit; left out there is none"),
            ("pipelines = 5", "pipeline = 5", "line 21: unknown field `pipeline`, expected one of "),
            ("[\"GOLDEN_CROSS\"", "[\"GOLDEN_CROSS\", \"RSI\"", "plans: BASIC: RSI is there twice"),
            (
                "[\"GOLDEN_CROSS\"",
                "[\"Golden Cross\"",
                "plans: BASIC: \"Golden Cross\" is no type of signal: expected a code like GOLDEN_CROSS",
            ),
            ("position_percent", "positions_percent", "unknown field `positions_percent`"),
            ("[[challenge_tiers]]", "[[tiers]]", "unknown field `tiers`"),
        ] {
            let changed = TEXT.replacen(right, wrong, 1);
            assert_ne!(changed, TEXT, "{right}");
            let refused = Catalog::parse(&changed).unwrap_err().to_string();
            let told = refused.strip_prefix("site/data/plans.toml: ");
            assert!(told.is_some_and(|told| told.contains(sentence)), "{wrong}: {refused}");
        }
    }
}
