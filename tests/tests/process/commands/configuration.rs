//! What is wrong with a configuration is told before anything is done.

use bellwether_tests::Port;

use crate::place::Place;

/// Runs a command that only loads the configuration; what it says.
fn refusal(place: &Place) -> String {
    let said = place.refused(2, &["check", "config"]);
    assert!(!place.path("data").exists());
    said
}

#[test]
fn an_unknown_key_is_told_with_the_nearest_known() {
    for (key, value, parts) in [
        ("SERVER__LISEN", "127.0.0.1:1", ["server.lisen", "server.listen", "BELLWETHER__"]),
        ("LIMITS__LOGIN_PER_MINUTE", "1", ["limits.login_per_minute", "limits.logins_per_minute", "BELLWETHER__"]),
        ("DATADIR", "x", ["datadir", "data_dir", "BELLWETHER__"]),
        ("METRIC__LISTEN", "127.0.0.1:1", ["metric", "metrics", "BELLWETHER__"]),
    ] {
        let said = refusal(&Place::sqlite().with(key, value));
        assert!(parts.iter().all(|part| said.contains(part)), "{key}: {said}");
    }
    for (content, parts) in [
        ("[server]\nlisen = \"127.0.0.1:1\"", ["server.lisen", "server.listen", "bellwether.toml"]),
        ("[limit]\nlogins_per_minute = 1", ["limit", "limits", "bellwether.toml"]),
        ("data_dirr = \"x\"", ["data_dirr", "data_dir", "bellwether.toml"]),
    ] {
        let place = Place::sqlite();
        place.write("bellwether.toml", content);
        let said = refusal(&place);
        assert!(parts.iter().all(|part| said.contains(part)), "{content}: {said}");
    }
}

#[test]
fn a_wrong_value_is_told_with_its_key() {
    for (key, value, part) in [
        ("SERVER__LISTEN", "nowhere", "server.listen"),
        ("LIMITS__LOGINS_PER_MINUTE", "many", "limits.logins_per_minute"),
        ("LIMITS__LOGINS_PER_MINUTE", "-1", "limits.logins_per_minute"),
        ("SERVER__INTROSPECTION", "nobody", "server.introspection"),
        ("SERVER__TRUSTED_PROXIES", "[\"10.0.0.0/99\"]", "server.trusted_proxies"),
        ("DATABASE__URL", "mysql://h/d", "database.url"),
        ("DATABASE__CONNECTIONS", "0", "database.connections"),
        ("LOG__FORMAT", "xml", "log.format"),
    ] {
        let said = refusal(&Place::sqlite().with(key, value));
        assert!(said.contains(part), "{key}={value}: {said}");
    }
    let place = Place::sqlite().with("LOG__LEVEL", "bellwether=loud");
    let said = place.refused(2, &["serve"]);
    assert!(said.contains("log.level"), "{said}");
}

/// What is safe is the least, unless a switch says that safety is not the point; and then the server says that.
#[tokio::test]
async fn passwords_are_not_hashed_too_cheaply_by_mistake() {
    let place = |is_allowed: &str, memory: &str, iterations: &str| {
        let place = Place::sqlite().with("AUTH__ALLOW_WEAK_PASSWORD_HASHING", is_allowed);
        place.with("AUTH__PASSWORD_MEMORY_KIB", memory).with("AUTH__PASSWORD_ITERATIONS", iterations)
    };
    for (is_allowed, memory, iterations, least) in [
        ("false", "19455", "2", ["19456", "at least 2", "auth.allow_weak_password_hashing"]),
        ("false", "19456", "1", ["19456", "at least 2", "auth.allow_weak_password_hashing"]),
        ("false", "65536", "1", ["19456", "at least 2", "auth.allow_weak_password_hashing"]),
        ("true", "7", "1", ["at least 8", "at least 1", "auth.password_memory_kib"]),
        ("true", "8", "0", ["at least 8", "at least 1", "auth.password_iterations"]),
    ] {
        let said = refusal(&place(is_allowed, memory, iterations));
        assert!(least.iter().all(|part| said.contains(part)), "{memory} {iterations}: {said}");
    }
    for (is_allowed, memory, iterations) in [("false", "19456", "2"), ("true", "8", "1")] {
        let place = place(is_allowed, memory, iterations);
        place.done(&["check", "config"]);
        place.done(&["migrate", "up"]);
        place.make_keys();
        let server = place.serve().await;
        let warns =
            server.lines().any(|line| line["message"].as_str().unwrap_or_default().contains("hashed too cheaply"));
        assert_eq!(warns.to_string(), is_allowed, "{}", server.log());
    }
}

#[test]
fn a_broken_file_is_told_with_its_place() {
    let place = Place::sqlite();
    place.write("bellwether.toml", "data_dir = \"data\"\n[server\nlisten = 1\n");
    let said = refusal(&place);
    assert!(said.contains("bellwether.toml") && said.contains("line 2"), "{said}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let place = Place::sqlite();
    let said = place.refused(2, &["check", "config", "--config", "elsewhere.toml"]);
    assert!(said.contains("elsewhere.toml"), "{said}");
    place.write("bellwether.toml", b"data_dir = \"\xff\"");
    let said = refusal(&place);
    assert!(said.contains("bellwether.toml"), "{said}");
}

/// Prints the configuration with this database; fails if its password is in it.
fn assert_masked(url: &str) {
    let place = Place::sqlite().with("DATABASE__URL", url);
    let out = place.done(&["check", "config"]).out;
    assert!(out.contains("db.example") && out.contains("***"), "{url}: {out}");
    assert!(!out.contains("s3cr3t"), "{url}: {out}");
}

#[test]
fn it_is_printed_without_its_password() {
    assert_masked("postgres://me:s3cr3t@db.example:5432/trade");
    assert_masked("postgres://me:s3cr3t%40x@db.example/trade?sslmode=require");
    assert_masked("postgresql://me:s3cr3t@db.example/trade");
    assert_masked("postgres://me:s3cr3t@db.example");
}

/// libpq's form, which sqlx reads, too.
#[test]
fn it_is_printed_without_a_password_among_the_parameters() {
    assert_masked("postgres://db.example/trade?user=me&password=s3cr3t");
    assert_masked("postgres://me@db.example/trade?password=s3cr3t&sslmode=require");
}

#[test]
fn what_is_printed_can_be_read_again() {
    let place = Place::sqlite().with("LIMITS__LOGINS_PER_MINUTE", "7");
    place.write("bellwether.toml", "[auth]\nissuer = \"https://me.example\"");
    let out = place.done(&["check", "config", "--listen", "127.0.0.1:9"]).out;
    for line in ["logins_per_minute = 7", "issuer = \"https://me.example\"", "listen = \"127.0.0.1:9\""] {
        assert!(out.contains(line), "{line}: {out}");
    }
    place.write("again.toml", &out);
    assert_eq!(place.done(&["check", "config", "--config", "again.toml"]).out, out);
}

/// Where there is no database, the address may be told, the password not.
#[test]
fn a_database_that_is_not_there_is_told_without_its_password() {
    let nobody = Port::hold();
    let place = Place::postgres(format!("postgres://me:s3cr3t@{}/trade", nobody.address));
    place.make_keys();
    std::thread::scope(|scope| {
        for args in [&["migrate", "up"][..], &["serve"], &["seed"], &["reset", "--demo"]] {
            let place = &place;
            scope.spawn(move || {
                let said = place.refused(1, args);
                assert!(said.contains("database") && !said.contains("s3cr3t"), "{args:?}: {said}");
            });
        }
    });
}
