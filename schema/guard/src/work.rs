//! Counts the selections the guard looks at, so that tests can assert how much work it did without a clock.

#[cfg(test)]
pub(crate) use counter::{take, visit};

/// Nothing outside tests.
#[cfg(not(test))]
#[inline]
pub(crate) fn visit() {}

#[cfg(test)]
mod counter {
    use std::cell::Cell;

    thread_local! {
        static VISITED: Cell<u64> = const { Cell::new(0) };
    }

    /// Notes that one selection was looked at.
    pub(crate) fn visit() {
        VISITED.with(|visited| visited.set(visited.get() + 1));
    }

    /// How many selections this thread looked at since the last call.
    pub(crate) fn take() -> u64 {
        VISITED.with(|visited| visited.replace(0))
    }
}
