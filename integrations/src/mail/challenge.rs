//! What the words of letters about challenges are filled with: amounts, percentages and times as a language writes them.

use bellwether_domain::challenges::{Change, News, RuleKind};
use bellwether_domain::fixed::{Money, Percent};
use bellwether_domain::locale::Locale;
use bellwether_domain::trading::minor_digits;
use chrono::{DateTime, Utc};
use minijinja::{Value, context};

use super::words::{Terms, WordsError, one_line};

/// What there is to say of a step of a challenge; what there is not of it is none.
pub(super) fn facts(news: &News, locale: Locale, terms: &Terms) -> Result<Value, WordsError> {
    let rules = &news.rules;
    let amount = |amount: Money| self::amount(amount, &rules.currency, locale);
    let term = |word: &'static str| terms.get(word).cloned().ok_or(WordsError::Missing(word));
    let mut limits = Vec::new();
    for (rule, limit) in [
        (RuleKind::DailyLoss, rules.daily_loss),
        (RuleKind::MaxDrawdown, rules.drawdown),
        (RuleKind::PositionSize, rules.position),
        (RuleKind::Consistency, rules.consistency),
    ] {
        if let Some(limit) = limit {
            limits.push(context! { rule => term(rule.as_str())?, percent => percent(limit, locale) });
        }
    }
    let (breach, until) = match news.change {
        Change::Failed(breach) => (breach, None),
        Change::Locked { breach, until } => (Some(breach), Some(until)),
        _ => (None, None),
    };
    let (certificate, next) = match &news.change {
        Change::Passed { certificate, next } => (Some(certificate), *next),
        _ => (None, None),
    };
    Ok(context! {
        id => news.challenge.to_string(),
        tier => one_line(&news.tier),
        phase => news.phase,
        phases => news.phases,
        at => time(news.at),
        reason => news.reason.as_deref().map(one_line),
        initial => amount(rules.initial_balance),
        target => rules.target().map(amount),
        profit => news.profit.map(amount),
        limits,
        minimum_days => rules.minimum_days,
        days => rules.duration_days,
        certificate,
        next => next.map(|phase| term(phase.as_str())).transpose()?,
        rule => breach.map(|breach| term(breach.rule.as_str())).transpose()?,
        value => breach.map(|breach| percent(breach.value, locale)),
        limit => breach.map(|breach| percent(breach.limit, locale)),
        until => until.map(time),
    })
}

/// An amount with all the digits of its currency's minor unit.
fn amount(amount: Money, currency: &str, locale: Locale) -> String {
    let digits = minor_digits(currency).and_then(|digits| usize::try_from(digits).ok());
    format!("{} {currency}", number(&amount.to_string(), digits.unwrap_or(0), locale))
}

fn percent(percent: Percent, locale: Locale) -> String {
    format!("{} %", number(&percent.to_string(), 0, locale))
}

/// To the minute, as orders that a locked day refuses say it.
fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A decimal number as a language writes it, with at least so many digits after the point.
fn number(plain: &str, least: usize, locale: Locale) -> String {
    let (group, point) = match locale {
        Locale::En => (',', '.'),
        Locale::Es => ('.', ','),
    };
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut text = sign.to_owned();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(group);
        }
        text.push(digit);
    }
    if least > 0 || !fraction.is_empty() {
        text.push(point);
        text.push_str(&format!("{fraction:0<least$}"));
    }
    text
}

#[cfg(test)]
mod tests;
