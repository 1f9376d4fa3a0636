//! A challenge's evidence, to be drawn: the equity above its floors, row after row, and the end of the chain.

use bellwether_domain::challenges::{
    Body, Challenge, ChallengeFilter, ChallengeStatus, EvidenceRow, Measured, RuleKind, SeqKey, Verdict,
};
use bellwether_domain::fixed::Money;
use bellwether_domain::paging::{PageArgs, encode_cursor};
use bellwether_domain::{Domain, Viewer};
use chrono::{DateTime, Utc};
use serde_json::json;

/// Rows at the chain's end that are told in full.
const TOLD: usize = 4;
/// Bytes of a hash that are shown.
const BYTES: usize = 4;

/// The challenge of the viewer that was failed.
async fn failed(domain: &Domain, viewer: &Viewer) -> Challenge {
    let filter = ChallengeFilter { statuses: Some(vec![ChallengeStatus::Failed]), ..ChallengeFilter::default() };
    let mut found = domain.challenges_page(viewer, &filter, &PageArgs::default()).await.unwrap().items;
    assert_eq!(found.len(), 1, "the one that was failed");
    found.remove(0)
}

/// All its rows with what they say, the first first.
async fn rows(domain: &Domain, challenge: &Challenge) -> Vec<(EvidenceRow, Body)> {
    let mut rows: Vec<EvidenceRow> = Vec::new();
    loop {
        let after = rows.last().map(|row| encode_cursor(EvidenceRow::ORDER, &SeqKey(row.seq)));
        let args = PageArgs { first: Some(100), after, ..PageArgs::default() };
        let page = domain.evidence_page(challenge, &args).await.unwrap();
        rows.extend(page.items);
        if !page.has_next {
            let read = |row: EvidenceRow| {
                let body = row.read().unwrap();
                (row, body)
            };
            return rows.into_iter().map(read).collect();
        }
    }
}

/// What of a row is drawn.
struct Look {
    at: DateTime<Utc>,
    equity: Money,
    daily_loss: Measured,
    drawdown: Measured,
}

impl Look {
    /// None of a row before it was begun: there was nothing to look at.
    fn of(body: &Body) -> Option<Self> {
        let (seen, daily_loss, drawdown) = (body.seen?, body.daily_loss?, body.drawdown?);
        Some(Self { at: body.at, equity: seen.equity, daily_loss, drawdown })
    }

    /// Minutes from the first look, equity, and the floors.
    fn row(&self, begun: DateTime<Utc>) -> String {
        let minutes = (self.at - begun).num_minutes();
        format!("    [{minutes}, {}, {}, {}]", self.equity, self.daily_loss.floor, self.drawdown.floor)
    }
}

/// What a hash begins with, in hexadecimal digits.
fn digits(hash: &[u8]) -> String {
    hash[..BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A row at the chain's end, as a reader sees it.
fn told(row: &EvidenceRow, body: &Body) -> String {
    let look = Look::of(body).unwrap();
    let told = json!({
        "sequence": row.seq, "at": row.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "cause": row.cause.as_str(),
        "equity": look.equity.to_string(), "floor": look.drawdown.floor.to_string(),
        "verdict": json!(body.verdict)["is"], "previousHash": digits(&row.previous_hash), "hash": digits(&row.hash),
    });
    format!("    {told}")
}

/// What was found in the failed challenge of the viewer, as JSON.
pub(super) async fn drawn(domain: &Domain, viewer: &Viewer) -> String {
    let challenge = failed(domain, viewer).await;
    let proof = domain.prove_evidence(&challenge).await.unwrap();
    assert!(proof.is_valid(), "{proof:?}");
    let (rules, rows) = (challenge.rules().unwrap(), rows(domain, &challenge).await);
    let looks: Vec<Look> = rows.iter().filter_map(|(_, body)| Look::of(body)).collect();
    let judged = rows.iter().position(|(row, _)| row.status == ChallengeStatus::Failed).unwrap();
    let (row, body) = &rows[judged];
    let Some(Verdict::Fail(breach)) = body.verdict else { panic!("failed by {:?}", body.verdict) };
    assert_eq!(breach.rule, RuleKind::MaxDrawdown, "what the page says is about the drawdown");
    let lows = looks.iter().flat_map(|look| [look.equity, look.daily_loss.floor, look.drawdown.floor]);
    let head = json!({
        "tier": challenge.tier_code, "initial": rules.initial_balance.to_string(),
        "judged": row.seq, "rule": breach.rule.as_str(), "value": breach.value.to_string(),
        "limit": breach.limit.to_string(),
        "low": lows.min().unwrap().to_string(), "high": looks.iter().map(|look| look.equity).max().unwrap().to_string(),
        "begun": looks[0].at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "minutes": (looks.last().unwrap().at - looks[0].at).num_minutes(),
    });
    let end = rows[judged + 1 - TOLD..=judged].iter().map(|(row, body)| told(row, body));
    let looks = looks.iter().map(|look| look.row(looks[0].at));
    let (end, looks) = (end.collect::<Vec<_>>().join(",\n"), looks.collect::<Vec<_>>().join(",\n"));
    let head = head.to_string();
    format!("{},\n   \"end\": [\n{end}\n   ],\n   \"looks\": [\n{looks}\n  ]}}", head.trim_end_matches('}'))
}
