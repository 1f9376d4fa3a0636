//! The rules of every phase of a tier, as a text that never changes its letters: a hash is over them.

use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, Value, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, DbErr, QueryResult, TryGetError, TryGetable};
use sha2::{Digest, Sha256};

use super::rules::Rules;
use crate::error::{Fault, Result};

/// The rules of each phase, the first first, and the text that says them: a JSON list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phases {
    text: String,
    rules: Vec<Rules>,
}

impl Phases {
    /// These rules as a text.
    ///
    /// # Errors
    /// Never in fact: they hold nothing that JSON can't.
    pub fn new(rules: Vec<Rules>) -> Result<Self> {
        let text = serde_json::to_string(&rules).map_err(|error| Fault::Bug(error.to_string()))?;
        Ok(Self { text, rules })
    }

    /// The rules that a text says.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: String) -> Result<Self, serde_json::Error> {
        let rules = serde_json::from_str(&text)?;
        Ok(Self { text, rules })
    }

    /// The rules of each phase, the first first.
    pub fn rules(&self) -> &[Rules] {
        &self.rules
    }

    /// The rules of the phase of this number, from 1.
    pub fn phase(&self, number: i32) -> Option<&Rules> {
        self.rules.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The SHA-256 of the text, by which evidence names it.
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(&self.text).to_vec()
    }
}

impl From<Phases> for Value {
    fn from(phases: Phases) -> Self {
        phases.text.into()
    }
}

impl Nullable for Phases {
    fn null() -> Value {
        Value::String(None)
    }
}

impl TryGetable for Phases {
    fn try_get_by<I: ColIdx>(result: &QueryResult, index: I) -> Result<Self, TryGetError> {
        let text = String::try_get_by(result, index)?;
        Self::read(text).map_err(|error| TryGetError::DbErr(DbErr::Type(format!("rules of a challenge: {error}"))))
    }
}

impl ValueType for Phases {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        let text = <String as ValueType>::try_from(value)?;
        Self::read(text).map_err(|_| ValueTypeErr)
    }
    fn type_name() -> String {
        "Phases".to_owned()
    }
    fn array_type() -> ArrayType {
        ArrayType::String
    }
    fn column_type() -> ColumnType {
        ColumnType::Text
    }
}
