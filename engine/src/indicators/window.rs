//! The last so many numbers, and what is kept of them from one to the next.

/// The last `n` numbers; what was not pushed yet counts as it was begun with.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    values: Box<[f64]>,
    /// Where the oldest is.
    at: usize,
}

impl Ring {
    /// `n` times `value`; at least one.
    pub(super) fn new(n: usize, value: f64) -> Self {
        Self { values: vec![value; n.max(1)].into_boxed_slice(), at: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Puts a number in the place of the oldest, which is returned.
    #[inline]
    pub(super) fn replace(&mut self, value: f64) -> f64 {
        let oldest = std::mem::replace(&mut self.values[self.at], value);
        self.at += 1;
        if self.at == self.values.len() {
            self.at = 0;
        }
        oldest
    }

    /// Whether the ring's first place is the oldest: once every `n` numbers.
    #[inline]
    pub(super) fn is_at_start(&self) -> bool {
        self.at == 0
    }

    /// The numbers as they lie, not as they came.
    pub(super) fn as_slice(&self) -> &[f64] {
        &self.values
    }

    /// The numbers, oldest first.
    fn in_order(&self) -> impl Iterator<Item = f64> {
        let (newer, older) = self.values.split_at(self.at);
        older.iter().chain(newer).copied()
    }
}

/// The sum of `term` over the values: in four lanes, which the processor adds at once.
#[inline]
pub(super) fn sum_of(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; 4];
    let mut fours = values.chunks_exact(4);
    for four in &mut fours {
        for (lane, value) in lanes.iter_mut().zip(four) {
            *lane += term(*value);
        }
    }
    let rest: f64 = fours.remainder().iter().map(|value| term(*value)).sum();
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

/// The sum of the last `n` numbers. It is carried from number to number, and added up anew every `n`, so that rounding
/// does not pile up.
#[derive(Clone, Debug)]
pub(super) struct RollingSum {
    ring: Ring,
    sum: f64,
    missing: usize,
}

impl RollingSum {
    pub(super) fn new(n: usize) -> Self {
        let ring = Ring::new(n, 0.0);
        Self { missing: ring.len(), ring, sum: 0.0 }
    }

    /// The sum with this number; none until there are `n`.
    #[inline]
    pub(super) fn push(&mut self, value: f64) -> Option<f64> {
        let oldest = self.ring.replace(value);
        self.sum += value - oldest;
        if self.ring.is_at_start() {
            self.sum = sum_of(self.ring.as_slice(), |value| value);
        }
        self.missing = self.missing.saturating_sub(1);
        (self.missing == 0).then_some(self.sum)
    }
}

/// Windows up to this many numbers are looked through at each: that is sooner done than guessing when to.
const SHORT: usize = 12;

/// The highest of the last `n` numbers. (The lowest is that of the negated ones, negated.)
#[derive(Clone, Debug)]
pub struct Highest {
    ring: Ring,
    best: f64,
    /// How many numbers ago the best came.
    age: usize,
    missing: usize,
}

impl Highest {
    /// Of the last `n`, at least one.
    pub fn new(n: usize) -> Self {
        let ring = Ring::new(n, f64::NEG_INFINITY);
        Self { missing: ring.len(), ring, best: f64::NEG_INFINITY, age: 0 }
    }

    /// The highest with this number; none until there are `n`.
    #[inline]
    pub fn push(&mut self, value: f64) -> Option<f64> {
        self.ring.replace(value);
        if self.ring.len() <= SHORT {
            self.best =
                self.ring.as_slice().iter().fold(value, |best, other| if *other > best { *other } else { best });
        } else if value >= self.best {
            (self.best, self.age) = (value, 0);
        } else {
            self.age += 1;
            if self.age == self.ring.len() {
                self.look_again();
            }
        }
        self.missing = self.missing.saturating_sub(1);
        (self.missing == 0).then_some(self.best)
    }

    /// The best fell out: the newest of the highest that are left.
    fn look_again(&mut self) {
        self.best = f64::NEG_INFINITY;
        for (place, value) in self.ring.in_order().enumerate() {
            if value >= self.best {
                (self.best, self.age) = (value, self.ring.len() - 1 - place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_highest_is_the_highest(values in prop::collection::vec(-5_i8..5, 0..60), n in 1_usize..20) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let mut highest = Highest::new(n);
            for (i, value) in values.iter().enumerate() {
                let expected = (i + 1 >= n).then(|| values[i + 1 - n..=i].iter().copied().fold(f64::MIN, f64::max));
                prop_assert_eq!(highest.push(*value), expected);
            }
        }

        #[test]
        fn the_sum_forgets_what_fell_out(large in 1e12_f64..1e15, n in 1_usize..30) {
            let mut sum = RollingSum::new(n);
            for _ in 0..n {
                sum.push(large);
            }
            let last = (0..2 * n).filter_map(|_| sum.push(0.1)).last();
            let expected = 0.1 * n as f64;
            prop_assert!((last.unwrap() - expected).abs() < 1e-12 * expected, "{:?}", last);
        }
    }
}
