//! The schema's words for roles and permissions are the domain's, so that documents can be printed from either.

use bellwether_domain::permission::{Permission, Role};
use bellwether_tests::{TestApp, both_databases};
use serde_json::json;

use crate::sdl::enum_values;

#[test]
fn the_permissions_of_the_schema_are_the_domains_word_for_word() {
    let permission = |permission: &Permission| (permission.as_str().to_owned(), permission.description().to_owned());
    let mut expected: Vec<_> = Permission::ALL.iter().map(permission).collect();
    expected.sort();
    assert!(expected.len() >= 8, "{expected:?}");
    assert_eq!(enum_values("Permission"), expected);
}

#[test]
fn the_roles_of_the_schema_are_the_domains() {
    let mut expected = Role::ALL.map(Role::as_str);
    expected.sort_unstable();
    let values = enum_values("Role");
    assert_eq!(values.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), expected);
    assert!(values.iter().all(|(_, description)| description.ends_with('.')), "{values:?}");
}

both_databases! {
    /// What a viewer is told that they may do is what the domain's table says of their role.
    async fn a_viewer_is_told_the_permissions_of_their_role(app: TestApp) {
        for role in Role::ALL {
            let viewer = app.sign_in("a", role).await.data("{ viewer { role permissions } }", json!({})).await;
            let held: Vec<_> = Permission::ALL.iter().filter(|p| role.holds(**p)).map(|p| p.as_str()).collect();
            assert!(!held.is_empty());
            assert_eq!(viewer["viewer"], json!({"role": role.as_str(), "permissions": held}));
        }
    }
}
