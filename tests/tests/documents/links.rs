//! Every link between the documents leads to a file that is there.

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
