use serde::{Deserialize, Serialize};

use super::*;

#[test]
fn only_the_listed_transitions_are_there() {
    use ChallengeStatus::*;
    let listed = [
        (Pending, Active),
        (Pending, Cancelled),
        (Active, Passed),
        (Active, Failed),
        (Active, Expired),
        (Active, Cancelled),
    ];
    for from in ChallengeStatus::ALL {
        for to in ChallengeStatus::ALL {
            assert_eq!(from.leads_to(*to), listed.contains(&(*from, *to)), "{from} to {to}");
        }
        assert_eq!(from.is_over(), !listed.iter().any(|(begin, _)| begin == from), "{from}");
    }
}

#[test]
fn words_are_written_as_they_are_stored() {
    fn read_back<T: Serialize + for<'de> Deserialize<'de> + Copy + PartialEq + fmt::Debug + fmt::Display>(all: &[T]) {
        for word in all {
            let text = serde_json::to_string(word).unwrap();
            assert_eq!(text, format!("\"{word}\""));
            assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *word);
            assert!(serde_json::from_str::<T>(&text.to_lowercase()).is_err(), "{text}");
        }
    }
    read_back(ChallengeStatus::ALL);
    read_back(PhaseKind::ALL);
    read_back(RuleKind::ALL);
    read_back(DailyBase::ALL);
    read_back(DailyLossBasis::ALL);
    read_back(DrawdownBasis::ALL);
    read_back(DrawdownAnchor::ALL);
    read_back(OnDailyBreach::ALL);
    read_back(Cause::ALL);
}
