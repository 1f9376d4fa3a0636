//! `owner create`.

use std::io::Write;
use std::process::Stdio;

use bellwether_tests::both_databases;
use serde_json::json;

use crate::place::{PASSWORD, Place};

both_databases! {
    async fn an_owner_is_made_and_signs_in(app: Place) {
        app.done(&["migrate", "up"]);
        let made = app.create_owner("Owner@Acme.Test", PASSWORD).expect_done();
        assert!(made.out.contains("acme") && !made.out.contains(PASSWORD), "{made:?}");
        app.make_keys();
        let server = app.serve().await;
        let client = server.sign_in("owner@acme.test", PASSWORD).await;
        let data = client.data("{ viewer { role tenant { slug name } } }", json!({})).await;
        assert_eq!(data["viewer"], json!({"role": "OWNER", "tenant": {"slug": "acme", "name": "Acme"}}));

        let again = app.create_owner("owner@acme.test", "Other-Passw0rd!");
        assert_eq!(again.code, 1);
        assert!(again.err.contains("exists"), "{again:?}");
        assert_eq!(app.count("users").await, 1);
        server.sign_in("owner@acme.test", PASSWORD).await;
    }

    /// Every rule at once.
    async fn a_weak_password_is_told_by_every_rule(app: Place) {
        app.done(&["migrate", "up"]);
        let refused = app.create_owner("nobody", "abc");
        assert_eq!(refused.code, 1, "{refused:?}");
        for part in ["8 characters", "upper-case letter", "digit", "special character", "email"] {
            assert!(refused.err.contains(part), "{part}: {refused:?}");
        }
        assert!(!refused.err.contains("abc"), "{refused:?}");
        assert_eq!(app.count("users").await, 0);
    }

    async fn what_is_refused_leaves_no_tenant_behind(app: Place) {
        app.done(&["migrate", "up"]);
        assert_eq!(app.create_owner("me@acme.test", "abc").code, 1);
        assert_eq!(app.count("tenants").await, 0);
    }
}

/// What is not as it should be is called by its name.
#[test]
fn what_is_missing_or_wrong_is_named() {
    let place = Place::sqlite();
    place.done(&["migrate", "up"]);
    let mut unnamed = Vec::new();
    for (tenant, tenant_name, first_name, name) in [
        ("acme", None, "Ada", "--tenant-name"),
        ("Acme Inc", Some("Acme"), "Ada", "tenant"),
        ("acme", Some(""), "Ada", "tenant"),
        ("acme", Some("Acme"), "", "first"),
    ] {
        let args = ["owner", "create", "--email", "me@acme.test", "--tenant", tenant, "--first-name", first_name];
        let mut command = place.command(&args);
        command
            .args(tenant_name.map(|name| format!("--tenant-name={name}")))
            .env("BELLWETHER_OWNER_PASSWORD", PASSWORD);
        let ran = place.ran(command);
        assert_eq!(ran.code, 1, "{ran:?}");
        if !ran.err.contains(name) {
            unnamed.push(format!("{name}: {}", ran.err));
        }
    }
    assert_eq!(unnamed, Vec::<String>::new(), "which of the options is wrong is not said");
}

#[test]
fn the_password_is_read_from_standard_input() {
    let place = Place::sqlite();
    place.done(&["migrate", "up"]);
    let args = ["owner", "create", "--email", "me@acme.test", "--tenant", "acme", "--tenant-name", "Acme"];
    let none = place.run(&args);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("BELLWETHER_OWNER_PASSWORD"), "{none:?}");
    let mut command = place.command(&args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{PASSWORD}\r\n").as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{done:?}");
}
