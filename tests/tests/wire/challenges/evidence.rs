//! The evidence of a challenge: page by page, as a file, proven, and spoilt.

use aws_lc_rs::digest::{SHA256, digest};
use bellwether_tests::{TestApp, both_databases};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::support::*;

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap().as_bytes();
    hex.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    digest(&SHA256, &parts.concat()).as_ref().to_vec()
}

/// A challenge that was granted, begun, traded and passed; its id.
async fn passed(arena: &Arena<'_>) -> String {
    let (id, account) = arena.begin("SPRINT").await;
    let trade = arena.buy(&account, "9").await;
    quote(&arena.app.domain, "1200", "1200").await;
    arena.close(&trade).await;
    assert_eq!(arena.challenge(&id).await["status"], "PASSED");
    id
}

/// A page of the evidence.
async fn page(arena: &Arena<'_>, id: &str, arguments: &str) -> Value {
    let query = format!(
        "query ($id: ID!) {{ challenge(id: $id) {{ evidence{arguments} {{
        totalCount pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
        nodes {{ sequence at cause status rule verdict balance equity body previousHash hash }} }} }} }}"
    );
    arena.trader.data(&query, json!({"id": id})).await["challenge"]["evidence"].clone()
}

fn sequences(page: &Value) -> Vec<u64> {
    let rows = page["nodes"].as_array().unwrap().iter();
    rows.map(|row| row["sequence"].as_str().unwrap().parse().unwrap()).collect()
}

async fn proof(arena: &Arena<'_>, id: &str) -> Value {
    let query = "query ($id: ID!) { verifyEvidence(challengeId: $id) { isValid rows problem } }";
    arena.trader.data(query, json!({"id": id})).await["verifyEvidence"].clone()
}

both_databases! {
    async fn evidence_is_read_page_by_page_both_ways(app: TestApp) {
        let arena = Arena::open(&app).await;
        let id = passed(&arena).await;
        let all = page(&arena, &id, "(first: 100)").await;
        let count = sequences(&all).len() as u64;
        assert!(count >= 4, "granted, begun, bought, sold: {all}");
        assert_eq!(sequences(&all), (1..=count).collect::<Vec<_>>());
        assert_eq!(all["totalCount"], count);
        let (mut forward, mut after) = (Vec::new(), String::new());
        loop {
            let part = page(&arena, &id, &format!("(first: 1{after})")).await;
            forward.extend(sequences(&part));
            if part["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = format!(", after: {}", part["pageInfo"]["endCursor"]);
        }
        assert_eq!(forward, sequences(&all));
        let (mut backward, mut before) = (Vec::new(), String::new());
        loop {
            let part = page(&arena, &id, &format!("(last: 2{before})")).await;
            backward.splice(0..0, sequences(&part));
            if part["pageInfo"]["hasPreviousPage"] == false {
                break;
            }
            before = format!(", before: {}", part["pageInfo"]["startCursor"]);
        }
        assert_eq!(backward, sequences(&all));
        let query = "query ($id: ID!) { challenge(id: $id) { evidence(first: 101) { totalCount } } }";
        let answer = arena.trader.send(query, json!({"id": id})).await;
        let nothing = json!({"evidence": null});
        assert_eq!((answer.code(), &answer.body["data"]["challenge"]), (Some("BAD_REQUEST"), &nothing), "{}", answer.body);
    }

    async fn whoever_has_the_rows_can_judge_again(app: TestApp) {
        let arena = Arena::open(&app).await;
        let id = passed(&arena).await;
        let rows = page(&arena, &id, "(first: 100)").await["nodes"].as_array().unwrap().clone();
        let mut previous = vec![0; 32];
        for row in &rows {
            assert_eq!(bytes(&row["previousHash"]), previous);
            assert_eq!(bytes(&row["hash"]), sha256(&[&previous, row["body"].as_str().unwrap().as_bytes()]));
            previous = bytes(&row["hash"]);
        }
        let (first, last) = (&rows[0], rows.last().unwrap());
        assert_eq!(
            [&first["cause"], &first["status"], &first["verdict"], &first["balance"], &first["equity"], &first["rule"]],
            [&json!("GRANTED"), &json!("PENDING"), &Value::Null, &Value::Null, &Value::Null, &Value::Null]
        );
        assert_eq!([&last["cause"], &last["status"], &last["verdict"]], [&json!("FILL"), &json!("PASSED"), &json!("PASS")]);
        assert_eq!(last["balance"], last["equity"], "nothing is held any more");
        assert_eq!(proof(&arena, &id).await, json!({"isValid": true, "rows": rows.len(), "problem": null}));

        let query = "query ($id: ID!) { exportEvidence(challengeId: $id) challenge(id: $id) { rulesHash } }";
        let found = arena.trader.data(query, json!({"id": id})).await;
        let lines = found["exportEvidence"].as_str().unwrap().lines();
        let lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), rows.len() + 1);
        assert_eq!([&lines[0]["challenge"], &lines[0]["rulesHash"]], [&json!(id), &found["challenge"]["rulesHash"]]);
        assert_eq!(bytes(&lines[0]["rulesHash"]), sha256(&[lines[0]["rules"].as_str().unwrap().as_bytes()]));
        for (line, row) in lines[1..].iter().zip(&rows) {
            for part in ["body", "previousHash", "hash"] {
                assert_eq!(line[part], row[part]);
            }
        }
    }

    async fn a_row_that_was_changed_is_found(app: TestApp) {
        let arena = Arena::open(&app).await;
        let id = passed(&arena).await;
        let db = app.domain.db();
        let spoil = async |statement: &str| {
            assert_eq!(db.writer().execute_unprepared(statement).await.unwrap().rows_affected(), 1, "{statement}");
        };
        let spoilt = async |part: &str| {
            let proof = proof(&arena, &id).await;
            assert_eq!((&proof["isValid"], &proof["rows"]), (&json!(false), &json!(2)), "{proof}");
            assert!(proof["problem"].as_str().unwrap().contains(part), "{proof}");
        };
        let rest = "WHERE seq = 3 AND challenge_id = (SELECT id FROM challenges WHERE status = 'PASSED')";
        spoil(&format!("UPDATE challenge_evidence SET body = REPLACE(body, '\"sequence\":3', '\"sequence\":4') {rest}")).await;
        spoilt("row 3").await;
        // What can't be read any more is shown all the same, with what its columns say.
        spoil(&format!("UPDATE challenge_evidence SET body = 'gone' {rest}")).await;
        spoilt("row 3").await;
        let third = page(&arena, &id, "(first: 3)").await["nodes"][2].clone();
        assert_eq!([&third["body"], &third["verdict"], &third["equity"]], [&json!("gone"), &Value::Null, &Value::Null]);
        assert_eq!(third["cause"], "FILL");
        let challenge = arena.challenge(&id).await;
        assert!(challenge["room"].is_object() && challenge["history"].as_array().unwrap().len() >= 3, "{challenge}");
        spoil(&format!("DELETE FROM challenge_evidence {rest}")).await;
        spoilt("row 3 is missing").await;
    }

    async fn there_is_no_evidence_of_what_may_not_be_read(app: TestApp) {
        let arena = Arena::open(&app).await;
        let id = arena.grant("SPRINT").await;
        let query = "query ($id: ID!) { verifyEvidence(challengeId: $id) { rows } exportEvidence(challengeId: $id) }";
        let nothing = json!({"verifyEvidence": null, "exportEvidence": null});
        let stranger = app.sign_in("b", bellwether_domain::permission::Role::Admin).await;
        assert_eq!(stranger.data(query, json!({"id": id})).await, nothing);
        let found = arena.admin.data(query, json!({"id": id})).await;
        assert_eq!(found["verifyEvidence"]["rows"], 1, "{found}");
        let answer = arena.trader.send(query, json!({"id": arena.trader_id})).await;
        assert_eq!((answer.code(), &answer.body["data"]), (Some("BAD_REQUEST"), &nothing), "{}", answer.body);
    }
}
