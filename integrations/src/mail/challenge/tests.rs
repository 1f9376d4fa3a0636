use std::fmt::Write;

use bellwether_domain::challenges::{Breach, PhaseKind, Rules};
use bellwether_domain::ids::{ChallengeId, Id};
use bellwether_domain::mail::{Letter, Notice};

use super::super::words::write;
use super::*;

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn rules() -> Rules {
    Rules {
        profit_target: Some("10".parse().unwrap()),
        daily_loss: Some("5".parse().unwrap()),
        drawdown: Some("7.5".parse().unwrap()),
        minimum_days: 5,
        duration_days: Some(30),
        ..Rules::unlimited(PhaseKind::Evaluation, money("10000"))
    }
}

fn news(change: Change) -> News {
    News {
        challenge: ChallengeId::from_uuid(uuid::Uuid::nil()),
        tier: "Starter".to_owned(),
        phase: 1,
        phases: 2,
        rules: rules(),
        at: "2026-03-02T15:04:59Z".parse().unwrap(),
        profit: Some(money("1234.5")),
        reason: None,
        change,
        link: None,
    }
}

/// One of each, and how else it may come about.
fn all_news() -> Vec<News> {
    let breach = |rule, value: &str| Breach { rule, value: value.parse().unwrap(), limit: "5".parse().unwrap() };
    let link = || Some("https://app.example.com".to_owned());
    let reason = || Some("Ticket 12".to_owned());
    let passed = |next| Change::Passed { certificate: "CH-7Q2M-K4XR".to_owned(), next };
    let until = "2026-03-03T00:00:00Z".parse().unwrap();
    let no_limits = Rules::unlimited(PhaseKind::Funded, money("100000"));
    vec![
        News { profit: None, reason: Some("Invoice 7".to_owned()), link: link(), ..news(Change::Granted) },
        News { profit: None, rules: no_limits, link: link(), ..news(Change::Granted) },
        News { link: link(), ..news(passed(Some(PhaseKind::Funded))) },
        News { phase: 2, profit: Some(money("-20")), reason: reason(), ..news(passed(None)) },
        news(Change::Failed(Some(breach(RuleKind::DailyLoss, "5.0001")))),
        News { reason: reason(), ..news(Change::Failed(None)) },
        news(Change::Expired),
        News { reason: reason(), ..news(Change::Cancelled) },
        News { profit: None, reason: reason(), ..news(Change::Cancelled) },
        news(Change::Locked { breach: breach(RuleKind::DailyLoss, "6.25"), until }),
    ]
}

fn letter(locale: Locale, news: News) -> Letter {
    Letter {
        id: uuid::Uuid::nil(),
        to: "ana@example.com".to_owned(),
        name: Some("Ana".to_owned()),
        locale,
        tenant: "Atlas Signals".to_owned(),
        notice: Notice::Challenge(Box::new(news)),
    }
}

#[test]
fn every_letter_says_in_every_language_what_happened_in_numbers() {
    for locale in Locale::ALL {
        let mut all = String::new();
        for news in all_news() {
            let written = write(&letter(locale, news)).unwrap();
            writeln!(all, "# {}\n\n{}\n", written.subject, written.text).unwrap();
        }
        insta::assert_snapshot!(locale.as_str(), all);
    }
}

#[test]
fn the_html_says_the_same_as_the_text() {
    for locale in Locale::ALL {
        for news in all_news() {
            let has_link = news.link.is_some();
            let written = write(&letter(locale, news)).unwrap();
            let html = written.html.replace("&#x2f;", "/").replace("&#x27;", "'");
            for line in written.text.lines().map(|line| line.trim_end_matches(':')) {
                assert!(html.contains(line), "{line}: {html}");
            }
            assert_eq!(html.contains("href=\"https://app.example.com\""), has_link, "{html}");
            assert!(!html.contains("<p></p>"), "{html}");
        }
    }
}

#[test]
fn a_reason_and_a_tiers_name_are_neither_markup_nor_a_template() {
    let typed = "<b>{{ 7 * 7 }}</b>\r\nBcc: x@y.z";
    let news = News { tier: typed.to_owned(), reason: Some(typed.to_owned()), ..news(Change::Cancelled) };
    let written = write(&letter(Locale::En, news)).unwrap();
    assert!(!written.html.contains("<b>") && written.html.matches("&lt;b&gt;").count() >= 3, "{}", written.html);
    assert!(written.text.contains("<b>{{ 7 * 7 }}</b>") && !written.text.contains("49"), "{}", written.text);
    assert!(!written.subject.contains(['\r', '\n']), "{:?}", written.subject);
}

#[test]
fn numbers_are_written_as_the_language_does() {
    for (plain, currency, english, spanish) in [
        ("1234567.5", "USD", "1,234,567.50 USD", "1.234.567,50 USD"),
        ("-999", "EUR", "-999.00 EUR", "-999,00 EUR"),
        ("0.0001", "USD", "0.0001 USD", "0,0001 USD"),
        ("100000", "JPY", "100,000 JPY", "100.000 JPY"),
        ("-1000.5", "KWD", "-1,000.500 KWD", "-1.000,500 KWD"),
    ] {
        assert_eq!(amount(money(plain), currency, Locale::En), english);
        assert_eq!(amount(money(plain), currency, Locale::Es), spanish);
    }
    assert_eq!(percent("12.3456".parse().unwrap(), Locale::Es), "12,3456 %");
}
