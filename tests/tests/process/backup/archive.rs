//! Archives that are not as they should be.

use std::path::{Path, PathBuf};
use std::process::Command;

use bellwether_tests::both_databases;
use serde_json::{Value, json};

use super::{backed_up, beside};
use crate::place::Place;

/// Opens an archive with the machine's own tools, changes what is in it, and packs it again; none where there are no such
/// tools.
fn repacked(place: &Place, archive: &Path, change: impl FnOnce(&Path)) -> Option<PathBuf> {
    let (folder, to) = (place.path("unpacked"), place.path("repacked.tar.zst"));
    std::fs::create_dir_all(&folder).unwrap();
    let shell = |line: String| Command::new("sh").args(["-c", &line]).status().unwrap().success();
    if !shell("command -v tar >/dev/null && command -v zstd >/dev/null".to_owned()) {
        eprintln!("tar and zstd are not installed: this test is left out");
        return None;
    }
    assert!(shell(format!("zstd -dc {} | tar -xf - -C {}", archive.display(), folder.display())));
    change(&folder);
    // The manifest comes last, and there are no folders.
    let pack = format!(
        "cd {} && tar -cf - $(find tables -type f | sort) manifest.json | zstd -q -o {}",
        folder.display(),
        to.display()
    );
    assert!(shell(pack));
    Some(to)
}

fn change_manifest(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    std::fs::write(path, manifest.to_string()).unwrap();
}

both_databases! {
    /// Cut short or with another byte, anywhere, an archive is refused before a row is written.
    async fn a_damaged_archive_is_refused(app: Place) {
        let app = app.founded();
        let whole = std::fs::read(backed_up(&app)).unwrap();
        let Some(other) = beside(&app, app.backend).await else { return };
        let mut broken: Vec<Vec<u8>> =
            [0, 1, whole.len() / 2, whole.len() - 1].iter().map(|length| whole[..*length].to_vec()).collect();
        for place in [0, whole.len() / 4, whole.len() / 3, whole.len() / 2, whole.len() - 3] {
            let mut flipped = whole.clone();
            flipped[place] ^= 1;
            broken.push(flipped);
        }
        for (number, bytes) in broken.iter().enumerate() {
            app.write("broken.tar.zst", bytes);
            let file = app.path("broken.tar.zst");
            let said = other.refused(1, &["restore", file.to_str().unwrap()]);
            assert!(said.contains("damaged") || said.contains("not whole"), "{number}: {said}");
            assert!(said.contains("nothing was changed"), "{number}: {said}");
            assert!(!said.contains("restored"), "{number}: {said}");
            let said = app.refused(1, &["restore", "--check", file.to_str().unwrap()]);
            assert!(said.contains("damaged") || said.contains("not whole"), "{number}: {said}");
        }
        other.done(&["migrate", "up"]);
        assert_eq!(other.count("users").await, 0);
    }

    /// Somebody who changes rows has to change hashes and counts too, and then the tables' own rules are left.
    async fn a_changed_archive_is_refused(app: Place) {
        let app = app.founded();
        let file = backed_up(&app);
        let Some(other) = beside(&app, app.backend).await else { return };
        other.done(&["migrate", "up"]);
        other.done(&["seed"]);
        let seeded = other.count("assets").await;
        assert!(seeded > 0);
        for (number, part) in [
            (0, "format 2"),
            (1, "m20990101_000001_wonders"),
            (2, "users"),
            (3, "users"),
            (4, "shape"),
            (5, "lacks the table users"),
            (6, "has the table wonders"),
        ] {
            let changed = repacked(&app, &file, |folder| match number {
                0 => change_manifest(folder, |manifest| manifest["format"] = json!(2)),
                1 => change_manifest(folder, |manifest| {
                    manifest["migrations"].as_array_mut().unwrap().push(json!("m20990101_000001_wonders"));
                }),
                2 => change_manifest(folder, |manifest| manifest["tables"]["users"]["rows"] = json!(2)),
                3 => {
                    let users = folder.join("tables/users");
                    let file = std::fs::read_dir(users).unwrap().next().unwrap().unwrap().path();
                    let rows = std::fs::read_to_string(&file).unwrap();
                    assert!(rows.contains("\"OWNER\""), "{rows}");
                    std::fs::write(&file, rows.replace("owner@acme.test", "other@acme.test")).unwrap();
                }
                4 => change_manifest(folder, |manifest| manifest["tables"]["users"]["columns"][1] = json!("shape")),
                5 => {
                    change_manifest(folder, |manifest| drop(manifest["tables"].as_object_mut().unwrap().remove("users")));
                    std::fs::remove_dir_all(folder.join("tables/users")).unwrap();
                }
                _ => change_manifest(folder, |manifest| {
                    let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
                    let nothing = json!({"columns": ["id"], "key": ["id"], "rows": 0, "sha256": sha256});
                    manifest["tables"]["wonders"] = nothing;
                }),
            });
            let Some(changed) = changed else { return };
            let file = changed.to_str().unwrap();
            for (place, args) in [(&other, &["restore", file][..]), (&app, &["restore", "--check", file])] {
                let said = place.refused(1, args);
                assert!(said.contains(part), "{number}: {said}");
            }
            assert_eq!(other.count("assets").await, seeded, "{number}: what was there is there");
            for folder in ["unpacked", "repacked.tar.zst"] {
                let path = app.path(folder);
                if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
            }
        }
        assert_eq!([other.count("users").await, other.count("assets").await], [0, seeded], "nothing of it stayed");
    }
}
