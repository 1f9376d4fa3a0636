//! Inviting people.

use bellwether_domain::permission::Role;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::mail::{link, token};
use bellwether_tests::{TestApp, both_databases};
use serde_json::{Value, json};

use super::email::is_refused;
use crate::world::{Caller, Written, count, execute};

const INVITE: &str = "mutation ($input: InviteUserInput!) { inviteUser(input: $input) {
    user { id email role locale isInvited isEmailVerified } userErrors { code path message } } }";
const ACCEPT: &str = "mutation ($token: String!, $password: String!, $terms: String!) {
    acceptInvitation(input: {token: $token, password: $password, acceptTerms: $terms}) {
        viewer { role user { id isInvited isEmailVerified } tenant { slug } } session { accessToken }
        userErrors { code path } } }";

async fn invite(caller: &Caller, email: &str, role: &str) -> Value {
    let input = json!({"email": email, "firstName": "Ana", "lastName": "Pérez", "role": role, "locale": "ES"});
    caller.ask(INVITE, &json!({"input": input})).await.json()["data"]["inviteUser"].clone()
}

async fn accept(app: &TestApp, token: &str, password: &str) -> Written {
    let terms = &app.domain.config().terms_version;
    Caller::anonymous(app).ask(ACCEPT, &json!({"token": token, "password": password, "terms": terms})).await
}

async fn may_sign_in(app: &TestApp, email: &str, password: &str) -> bool {
    let login = "mutation ($email: String!, $password: String!) {
        login(input: {email: $email, password: $password}) { session { accessToken } } }";
    let done = Caller::anonymous(app).ask(login, &json!({"email": email, "password": password})).await;
    done.json()["data"]["login"]["session"].is_object()
}

both_databases! {
    async fn an_invited_person_sets_a_password_and_is_in(app: TestApp) {
        let admin = Caller::of(&app, "a", Role::Admin).await;
        let invited = invite(&admin, "ana@example.com", "SELLER").await;
        assert_eq!(invited["userErrors"], json!([]), "{invited}");
        let (role, locale) = (&invited["user"]["role"], &invited["user"]["locale"]);
        assert_eq!((role, locale, &invited["user"]["isInvited"]), (&json!("SELLER"), &json!("ES"), &json!(true)));
        let letter = app.mail.wait_for("ana@example.com", "invitation", 1).await;
        assert_eq!((letter.locale.as_str(), letter.name.as_deref()), ("es", None));
        assert!(link(&letter).starts_with("http://127.0.0.1:8080/accept-invitation#token=bwi_"), "{}", link(&letter));
        // A colleague sees a name and no more.
        let seen = "query ($id: ID!) { node(id: $id) { ... on User { firstName email isInvited locale } } }";
        let trader = Caller::of(&app, "a", Role::Trader).await.ask(seen, &json!({"id": invited["user"]["id"]})).await;
        assert_eq!(trader.json()["data"]["node"],
            json!({"firstName": "Ana", "email": null, "isInvited": null, "locale": null}));
        for guess in ["", PASSWORD] {
            assert!(!may_sign_in(&app, "ana@example.com", guess).await, "nobody is in before");
        }
        let refused = accept(&app, &token(&letter), "weak").await.json();
        assert_eq!(refused["data"]["acceptInvitation"]["userErrors"].as_array().unwrap().len(), 5, "{refused}");
        let terms = json!({"token": token(&letter), "password": PASSWORD, "terms": "1999"});
        let refused = Caller::anonymous(&app).ask(ACCEPT, &terms).await.json();
        assert_eq!(refused["data"]["acceptInvitation"]["userErrors"],
            json!([{"code": "VALIDATION", "path": ["input", "acceptTerms"]}]));
        let done = accept(&app, &token(&letter), PASSWORD).await.json()["data"]["acceptInvitation"].clone();
        assert_eq!(done["viewer"], json!({"role": "SELLER", "tenant": {"slug": "a"},
            "user": {"id": invited["user"]["id"], "isInvited": false, "isEmailVerified": true}}));
        let caller = Caller::anonymous(&app).with_token(done["session"]["accessToken"].as_str().unwrap());
        assert_eq!(caller.viewer().await["role"], "SELLER");
        assert!(may_sign_in(&app, "ana@example.com", PASSWORD).await);
        assert!(is_refused(&accept(&app, &token(&letter), "An0ther-Passw0rd!").await, "acceptInvitation"), "it is used");
        for action in ["USER_INVITED", "INVITATION_ACCEPTED"] {
            let noted = format!("audit_log WHERE action = '{action}' AND actor_id IS NOT NULL AND address IS NOT NULL");
            assert_eq!(count(&app, &noted).await, 1, "{action}");
        }
        let version = &app.domain.config().terms_version;
        assert_eq!(count(&app, &format!("users WHERE email_key = 'ana@example.com' AND terms_version = '{version}'")).await, 1);
    }

    async fn nobody_invites_above_themselves(app: TestApp) {
        for (role, highest) in [(Role::Admin, "ADMIN"), (Role::Owner, "OWNER")] {
            let caller = Caller::of(&app, "a", role).await;
            let name = highest.to_lowercase();
            for (invited, may) in [("TRADER", true), ("ADMIN", true), ("OWNER", role == Role::Owner)] {
                let done = invite(&caller, &format!("{name}-{}@example.com", invited.to_lowercase()), invited).await;
                let expected = if may { json!([]) } else { json!("VALIDATION") };
                let errors = if may { &done["userErrors"] } else { &done["userErrors"][0]["code"] };
                assert_eq!(*errors, expected, "{role:?} invites {invited}: {done}");
            }
        }
        // Nor takes over an invitation of a higher one.
        let admin = Caller::of(&app, "a", Role::Admin).await;
        let taken = invite(&admin, "owner-owner@example.com", "TRADER").await;
        assert_eq!(taken["userErrors"][0]["code"], "EMAIL_TAKEN", "{taken}");
        assert_eq!(count(&app, "users WHERE email_key = 'owner-owner@example.com' AND role = 'OWNER'").await, 1);
    }

    async fn every_problem_is_named_and_a_taken_email_is_taken(app: TestApp) {
        let admin = Caller::of(&app, "a", Role::Admin).await;
        let input = json!({"email": "a@b\r\nBcc: c@d.ef", "firstName": "", "lastName": "a\nb", "role": "OWNER"});
        let refused = admin.ask(INVITE, &json!({"input": input})).await.json()["data"]["inviteUser"].clone();
        let paths: Vec<_> = refused["userErrors"].as_array().unwrap().iter().map(|error| error["path"][1].clone()).collect();
        assert_eq!(paths, ["email", "firstName", "lastName", "role"], "{refused}");
        let taken = invite(&admin, &email("a", Role::Trader).to_uppercase(), "TRADER").await;
        assert_eq!(taken["userErrors"][0]["code"], "EMAIL_TAKEN", "{taken}");
        assert_eq!(count(&app, "outbox").await, 0);
        let of_b = invite(&admin, &email("b", Role::Trader), "TRADER").await;
        assert_eq!(of_b["userErrors"], json!([]), "another tenant's is another account: {of_b}");
    }

    async fn a_lost_invitation_is_sent_again_by_whoever_invites_or_is_invited(app: TestApp) {
        let admin = Caller::of(&app, "a", Role::Admin).await;
        let first = invite(&admin, "ana@example.com", "TRADER").await;
        let lost = token(&app.mail.wait_for("ana@example.com", "invitation", 1).await);
        let second = invite(&admin, "ANA@example.com", "SUPPORT").await;
        assert_eq!((&second["user"]["id"], &second["user"]["role"]), (&first["user"]["id"], &json!("SUPPORT")));
        let newer = token(&app.mail.wait_for("ana@example.com", "invitation", 2).await);
        assert!(is_refused(&accept(&app, &lost, PASSWORD).await, "acceptInvitation"));
        // "I forgot my password" of somebody who never had one.
        let forgot = "mutation { requestPasswordReset(input: {email: \"ana@example.com\"}) { userErrors { code } } }";
        Caller::anonymous(&app).ask(forgot, &json!({})).await;
        let newest = token(&app.mail.wait_for("ana@example.com", "invitation", 3).await);
        assert!(is_refused(&accept(&app, &newer, PASSWORD).await, "acceptInvitation"));
        // Who was suspended meanwhile is not in.
        execute(&app, "UPDATE users SET status = 'SUSPENDED' WHERE email_key = 'ana@example.com'").await;
        assert!(is_refused(&accept(&app, &newest, PASSWORD).await, "acceptInvitation"));
        assert_eq!(invite(&admin, "ana@example.com", "TRADER").await["userErrors"][0]["code"], "EMAIL_TAKEN");
        execute(&app, "UPDATE users SET status = 'ACTIVE' WHERE email_key = 'ana@example.com'").await;
        assert!(!is_refused(&accept(&app, &newest, PASSWORD).await, "acceptInvitation"));
        // Who is in is not invited any more.
        assert_eq!(invite(&admin, "ana@example.com", "TRADER").await["userErrors"][0]["code"], "EMAIL_TAKEN");
        assert_eq!(app.mail.to("ana@example.com").len(), 3);
    }

    /// Eight at once: one is in.
    async fn a_race_for_an_invitation_has_one_winner(app: TestApp) {
        let admin = Caller::of(&app, "a", Role::Admin).await;
        invite(&admin, "ana@example.com", "TRADER").await;
        let good = token(&app.mail.wait_for("ana@example.com", "invitation", 1).await);
        let terms = app.domain.config().terms_version.clone();
        let caller = Caller::anonymous(&app);
        let tasks: Vec<_> = (0..8).map(|number| {
            let input = json!({"token": good, "password": format!("R4ce-numb3r-{number}!"), "terms": terms});
            let caller = caller.clone();
            tokio::spawn(async move { !is_refused(&caller.ask(ACCEPT, &input).await, "acceptInvitation") })
        }).collect();
        let mut won = 0;
        for task in tasks {
            won += usize::from(task.await.unwrap());
        }
        assert_eq!((won, count(&app, "audit_log WHERE action = 'INVITATION_ACCEPTED'").await), (1, 1));
    }
}
