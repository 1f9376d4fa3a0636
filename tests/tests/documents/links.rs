//! Every link between the documents leads to a file that is there, and README leads to every document.

use std::collections::BTreeSet;
use std::fs;

use crate::{links, read, root, target};

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut pages = vec![("".to_owned(), "README.md".to_owned()), ("".to_owned(), "CONTRIBUTING.md".to_owned())];
    for folder in ["docs", "docs/api"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        pages.extend(
            names.filter(|name| name.ends_with(".md")).map(|name| (folder.to_owned(), format!("{folder}/{name}"))),
        );
    }
    assert!(pages.len() > 5, "{pages:?}");
    let mut broken = Vec::new();
    for (folder, page) in &pages {
        let text = read(page);
        let missing = |link: &&str| target(folder, link).is_some_and(|path| !path.exists());
        broken.extend(links(&text).into_iter().filter(missing).map(|link| format!("{page}: {link}")));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_readme_leads_to_every_document() {
    let mut reached = BTreeSet::new();
    let mut open = vec![root().join("README.md").canonicalize().unwrap()];
    while let Some(page) = open.pop() {
        if !reached.insert(page.clone()) || page.extension().is_none_or(|kind| kind != "md") {
            continue;
        }
        let text = fs::read_to_string(&page).unwrap();
        let folder = page.parent().unwrap().strip_prefix(root().canonicalize().unwrap()).unwrap().to_owned();
        let led = links(&text).into_iter().filter_map(|link| target(folder.to_str().unwrap(), link));
        open.extend(led.filter_map(|path| path.canonicalize().ok()));
    }
    let entries = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path().canonicalize().unwrap());
    let lost: Vec<_> = entries.filter(|path| path.is_file() && !reached.contains(path)).collect();
    assert!(lost.is_empty(), "nothing leads to {lost:?}");
}
