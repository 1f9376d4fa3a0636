//! Relay pages by keyset: no OFFSET, so the thousandth page costs what the first does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::error::Problem;
use crate::ids::Id;

/// Items on a page when the caller does not say.
pub const DEFAULT_PAGE: usize = 20;
/// Items on a page at most.
pub const LARGEST_PAGE: usize = 100;

/// The Relay arguments as they come.
#[derive(Clone, Debug, Default)]
pub struct PageArgs {
    /// How many from the start.
    pub first: Option<i32>,
    /// After which cursor.
    pub after: Option<String>,
    /// How many from the end.
    pub last: Option<i32>,
    /// Before which cursor.
    pub before: Option<String>,
}

/// A page that was asked for, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest<K> {
    /// How many items.
    pub size: usize,
    /// Whether it is counted from the end.
    pub backward: bool,
    /// Only items after this key.
    pub after: Option<K>,
    /// Only items before this key.
    pub before: Option<K>,
}

/// One page, in the list's order.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether more come after.
    pub has_next: bool,
    /// Whether more come before.
    pub has_previous: bool,
}

impl<T> Page<T> {
    /// The same page of what each of its items is turned into.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(turn).collect();
        Page { items, has_next: self.has_next, has_previous: self.has_previous }
    }

    /// The same page of what its items are turned into, all at once.
    ///
    /// # Errors
    /// What `turn` returned.
    pub async fn try_map<U, E>(self, turn: impl AsyncFnOnce(Vec<T>) -> Result<Vec<U>, E>) -> Result<Page<U>, E> {
        Ok(Page { items: turn(self.items).await?, has_next: self.has_next, has_previous: self.has_previous })
    }
}

/// A position in a list: which list order it belongs to, and the key there.
pub trait CursorKey: Sized {
    /// Writes the key as text.
    fn encode(&self) -> String;
    /// Reads the key of a list in this order, or nothing.
    fn decode(text: &str) -> Option<Self>;
}

/// A position in a list that is sorted by its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdKey<I>(pub I);

impl<I: Id> CursorKey for IdKey<I> {
    fn encode(&self) -> String {
        self.0.uuid().simple().to_string()
    }

    fn decode(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(|uuid| Self(I::from_uuid(uuid)))
    }
}

impl PageArgs {
    /// Checks the arguments against the list's `order`, a short text that every cursor of it carries.
    ///
    /// # Errors
    /// A problem for each argument that is not what was expected.
    pub fn parse<K: CursorKey>(&self, order: &str) -> Result<PageRequest<K>, Vec<Problem>> {
        let mut problems = Vec::new();
        if self.first.is_some() && self.last.is_some() {
            problems.push(Problem::validation(&["last"], "give first or last, not both"));
        }
        let mut size = |name: &str, asked: Option<i32>| match asked {
            None => DEFAULT_PAGE,
            Some(asked) => {
                usize::try_from(asked).ok().filter(|n| (0..=LARGEST_PAGE).contains(n)).unwrap_or_else(|| {
                    problems.push(Problem::validation(&[name], format!("expected 0 to {LARGEST_PAGE}, got {asked}")));
                    0
                })
            }
        };
        let (first, last) = (size("first", self.first), size("last", self.last));
        let mut key = |name: &str, cursor: &Option<String>| {
            let key = cursor.as_deref().map(|cursor| decode_cursor(cursor, order));
            if key.as_ref().is_some_and(Option::is_none) {
                problems.push(Problem::validation(&[name], "expected a cursor of this list in this order"));
            }
            key.flatten()
        };
        let (after, before) = (key("after", &self.after), key("before", &self.before));
        let backward = self.last.is_some() || (self.before.is_some() && self.first.is_none());
        if problems.is_empty() {
            Ok(PageRequest { size: if backward { last } else { first }, backward, after, before })
        } else {
            Err(problems)
        }
    }
}

impl<K> PageRequest<K> {
    /// How many rows to read: one more than the page, to know whether there are more.
    pub fn fetch(&self) -> u64 {
        self.size as u64 + 1
    }

    /// Makes the page of the rows that were read, in reading order.
    pub fn page<T>(&self, mut rows: Vec<T>) -> Page<T> {
        let more = rows.len() > self.size;
        rows.truncate(self.size);
        if self.backward {
            rows.reverse();
            return Page { items: rows, has_next: self.before.is_some(), has_previous: more };
        }
        Page { items: rows, has_next: more, has_previous: self.after.is_some() }
    }
}

/// The cursor of a key in a list of this order.
pub fn encode_cursor<K: CursorKey>(order: &str, key: &K) -> String {
    URL_SAFE_NO_PAD.encode(format!("1:{order}:{}", key.encode()))
}

fn decode_cursor<K: CursorKey>(cursor: &str, order: &str) -> Option<K> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    K::decode(text.strip_prefix("1:")?.strip_prefix(order)?.strip_prefix(':')?)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl CursorKey for u32 {
        fn encode(&self) -> String {
            self.to_string()
        }
        fn decode(text: &str) -> Option<Self> {
            text.parse().ok()
        }
    }

    fn args(first: Option<i32>, after: Option<&str>, last: Option<i32>, before: Option<&str>) -> PageArgs {
        PageArgs { first, after: after.map(str::to_owned), last, before: before.map(str::to_owned) }
    }

    #[test]
    fn sizes_have_a_default_and_a_cap() {
        assert_eq!(PageArgs::default().parse::<u32>("o").unwrap().size, 20);
        assert_eq!(args(Some(100), None, None, None).parse::<u32>("o").unwrap().size, 100);
        for wrong in [-1, 101, i32::MIN, i32::MAX] {
            let problems = args(Some(wrong), None, None, None).parse::<u32>("o").unwrap_err();
            assert_eq!(problems[0].path, ["first"]);
        }
        assert!(args(Some(1), None, Some(1), None).parse::<u32>("o").is_err());
    }

    #[test]
    fn a_cursor_serves_its_own_order_only() {
        let cursor = encode_cursor("TIME", &7_u32);
        assert_eq!(args(None, Some(&cursor), None, None).parse::<u32>("TIME").unwrap().after, Some(7));
        assert!(args(None, Some(&cursor), None, None).parse::<u32>("TIM").is_err());
        for wrong in ["", "x", "MTpUSU1FOng", "\u{0}"] {
            assert!(args(None, Some(wrong), None, None).parse::<u32>("TIME").is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_page_from_the_end_is_in_the_lists_order() {
        let request = args(None, None, Some(2), None).parse::<u32>("o").unwrap();
        let page = request.page(vec![9, 8, 7]);
        assert_eq!((page.items, page.has_previous, page.has_next), (vec![8, 9], true, false));
    }
}
