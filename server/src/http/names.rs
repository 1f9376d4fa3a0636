//! Names of operations as labels of metrics.
//!
//! Clients choose the names, and every new label value is memory in whoever collects the metrics. So only so many are
//! taken, and strangers can use up only half of them.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Names that are taken in all, and of strangers.
const MOST: usize = 200;
const MOST_OF_STRANGERS: usize = 100;
/// Letters of a name.
const LONGEST: usize = 60;

/// The names that are labels so far.
#[derive(Default)]
pub(super) struct OperationNames(Mutex<HashSet<String>>);

impl OperationNames {
    /// The label of an operation: its name, `unnamed`, or `other`.
    pub(super) fn label(&self, name: Option<&str>, is_signed_in: bool) -> String {
        let Some(name) = name else { return "unnamed".to_owned() };
        if name.len() > LONGEST {
            return "other".to_owned();
        }
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let most = if is_signed_in { MOST } else { MOST_OF_STRANGERS };
        if !names.contains(name) {
            if names.len() >= most {
                return "other".to_owned();
            }
            names.insert(name.to_owned());
        }
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_bounded() {
        let names = OperationNames::default();
        assert_eq!(names.label(None, true), "unnamed");
        assert_eq!(names.label(Some("Signals"), false), "Signals");
        assert_eq!(names.label(Some(&"a".repeat(61)), true), "other");
        for n in 0..MOST_OF_STRANGERS {
            names.label(Some(&format!("Stranger{n}")), false);
        }
        assert_eq!(names.label(Some("OneMore"), false), "other");
        assert_eq!(names.label(Some("Signals"), false), "Signals");
        assert_eq!(names.label(Some("OneMore"), true), "OneMore");
        for n in 0..MOST {
            names.label(Some(&format!("Member{n}")), true);
        }
        assert_eq!(names.label(Some("Another"), true), "other");
    }
}
