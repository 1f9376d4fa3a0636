//! `migrate`, `seed` and `reset`.

use bellwether_migrations::Migrator;
use bellwether_tests::both_databases;
use sea_orm_migration::MigratorTrait;

use crate::place::{PASSWORD, Place};

/// The lines of the status, as `Applied` or `Pending`.
fn states(out: &str) -> Vec<&str> {
    out.lines().map(|line| line.split_whitespace().next().unwrap()).collect()
}

/// How many rows there are of everything that a business would miss.
async fn rows(place: &Place) -> Vec<i64> {
    let mut rows = Vec::new();
    for table in ["tenants", "users", "assets", "signals", "audit_log", "installation"] {
        rows.push(place.count(table).await);
    }
    rows
}

both_databases! {
    async fn the_schema_goes_up_down_and_up(app: Place) {
        let all = Migrator::migrations().len();
        assert_eq!(states(&app.done(&["migrate", "status"]).out), vec!["Pending"; all]);
        for _ in 0..2 {
            assert_eq!(states(&app.done(&["migrate", "up"]).out), vec!["Applied"; all]);
        }
        assert_eq!(app.count("users").await, 0);
        app.done(&["seed"]);
        let down = app.done(&["migrate", "down", "--steps", &all.to_string()]);
        assert_eq!(states(&down.out), vec!["Pending"; all]);
        app.done(&["migrate", "down"]);
        assert_eq!(states(&app.done(&["migrate", "status"]).out), vec!["Pending"; all]);
        assert_eq!(states(&app.done(&["migrate", "up"]).out), vec!["Applied"; all]);
        assert_eq!(app.count("assets").await, 0);
    }

    /// As when several servers of a new version start together.
    async fn migrators_at_once_do_not_meet(app: Place) {
        std::fs::create_dir_all(app.path("data")).unwrap();
        let outcomes = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| app.run(&["migrate", "up"]))).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect::<Vec<_>>()
        });
        for outcome in outcomes {
            assert_eq!(outcome.code, 0, "{outcome:?}");
        }
        app.done(&["seed"]);
    }

    async fn seeding_again_adds_nothing(app: Place) {
        let said = app.refused(1, &["seed", "--demo"]);
        assert!(said.contains("bellwether migrate up"), "{said}");
        app.done(&["migrate", "up"]);
        app.done(&["seed"]);
        assert_eq!(app.count("users").await, 0);
        let first = app.done(&["seed", "--demo"]).out;
        assert!(first.contains("8 new users") && first.contains(" 0 were there"), "{first}");
        let before = rows(&app).await;
        let second = app.done(&["seed", "--demo"]).out;
        assert!(second.contains("0 new users, 0 new signals"), "{second}");
        assert_eq!(rows(&app).await, before);
        app.make_keys();
        let said = app.refused(1, &["serve"]);
        assert!(said.contains("--allow-demo"), "{said}");
    }

    async fn a_business_is_reset_by_force_alone(app: Place) {
        let app = app.founded();
        let before = rows(&app).await;
        for args in [&["reset"][..], &["reset", "--demo"]] {
            let said = app.refused(1, args);
            assert!(said.contains("--force"), "{said}");
            assert_eq!(rows(&app).await, before);
        }
        app.done(&["reset", "--force"]);
        assert_eq!([app.count("users").await, app.count("tenants").await, app.count("installation").await], [0, 0, 0]);
        assert!(app.count("assets").await > 0);
        app.create_owner("owner@acme.test", PASSWORD).expect_done();
        let server = app.serve().await;
        server.sign_in("owner@acme.test", PASSWORD).await;
    }

    async fn the_demo_is_reset_to_what_it_was(app: Place) {
        app.done(&["reset", "--demo"]);
        let demo = rows(&app).await;
        assert_eq!(demo[0..2], [2, 8]);
        app.make_keys();
        let server = app.serve_with(&["serve", "--allow-demo"]).await;
        server.register("new@rif.test").await;
        drop(server);
        assert_eq!(app.count("users").await, 9);
        app.done(&["reset", "--demo"]);
        assert_eq!(rows(&app).await, demo);
        // Without the demo data it is not the demo's any more.
        app.done(&["reset"]);
        assert_eq!(app.count("users").await, 0);
        app.serve().await;
    }
}
