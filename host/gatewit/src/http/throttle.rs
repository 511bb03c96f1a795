//! Limits wrong guesses per minute: `gatewit-api.md` §2. Pure: it reads no clock and knows no requests.
//!
//! Per client address, only wrong guesses are refused. So a caller with a valid credential or token, or with the right
//! name, is answered whatever others at the same address do. Credentials and tokens are too long to be guessed. Names
//! are not: after too many wrong guesses about an order or a ticket, right ones are refused too, so that guessing on is
//! useless.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;

/// Default number of wrong guesses per minute that are answered per token, order or ticket.
pub const GUESS_LIMIT: u32 = 10;
/// How many failures of unauthenticated callers are answered per minute and client address.
const ADDRESS_LIMIT: u32 = 300;
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// The most accounts kept for tokens and tickets, and for addresses; beyond that, the least used are dropped. Accounts
/// are of fixed size: 20 MB in total.
const ACCOUNTS_MAX: u64 = 100_000;

/// Counts the wrong guesses of each minute.
pub struct Throttle {
    guess_limit: u32,
    /// Randomly keyed.
    hasher: RandomState,
    by_subject: Accounts<u64>,
    by_address: Accounts<IpAddr>,
}

/// A failed attempt to use something that the caller could not prove to be its own.
#[derive(Clone, Copy, Debug)]
struct WrongGuess<'a> {
    /// None if the caller is authenticated.
    from: Option<IpAddr>,
    /// The token, order or ticket asked about, if it was well-formed.
    about: Option<&'a str>,
}

/// A guess, attached to its answer for the middleware.
#[derive(Clone, Debug)]
pub struct Guess {
    /// The token, order or ticket asked about.
    pub about: Option<String>,
    pub is_right: bool,
    /// How many wrong guesses it counts as if it is wrong: one for each e-mail address asked about.
    pub count: usize,
    /// Whether the caller proved who it is.
    pub is_identified: bool,
}

impl Guess {
    /// A token that opens nothing: a guess about no order, ticket or registration token.
    pub const REJECTED_TOKEN: Self = Self {
        about: None,
        is_right: false,
        count: 1,
        is_identified: false,
    };
}

/// The limit on wrong guesses is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// After how many seconds a guess will be answered again: at least one.
    pub retry_after_seconds: i64,
}

impl Throttle {
    /// Makes a throttle that answers this many wrong guesses per minute about one token, order or ticket.
    pub fn new(guess_limit: u32) -> Self {
        Self {
            guess_limit,
            hasher: RandomState::new(),
            by_subject: Accounts::new(),
            by_address: Accounts::new(),
        }
    }

    /// Counts a guess if it is wrong; fails if it may not be answered.
    pub fn judge(&self, guess: &Guess, from: IpAddr, now: Timestamp) -> Result<(), TooMany> {
        let about = guess.about.as_deref();
        match (guess.is_right, about) {
            (true, None) => Ok(()),
            (true, Some(about)) => self.check(about, now),
            (false, about) => {
                let from = (!guess.is_identified).then_some(from);
                let wrong = WrongGuess { from, about };
                (0..guess.count).try_for_each(|_| self.count(wrong, now))
            }
        }
    }

    /// Counts a wrong guess; fails if it is one too many.
    fn count(&self, guess: WrongGuess<'_>, now: Timestamp) -> Result<(), TooMany> {
        // An address over its limit cannot fill the accounts of subjects.
        if let Some(address) = guess.from {
            self.by_address
                .count(network(address), ADDRESS_LIMIT, now)?;
        }
        match guess.about {
            Some(subject) => self
                .by_subject
                .count(self.digest(subject), self.guess_limit, now),
            None => Ok(()),
        }
    }

    /// Fails if a right guess must be refused, after too many wrong ones about the same subject.
    fn check(&self, about: &str, now: Timestamp) -> Result<(), TooMany> {
        self.by_subject
            .check(&self.digest(about), self.guess_limit, now)
    }

    /// Two subjects share an account with a probability of 2⁻⁶⁴.
    fn digest(&self, subject: &str) -> u64 {
        self.hasher.hash_one(subject)
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new(GUESS_LIMIT)
    }
}

/// The wrong guesses of the current minute, by subject or by address.
struct Accounts<K>(Cache<K, Arc<Mutex<Account>>>);

#[derive(Clone, Copy)]
struct Account {
    /// The first guess of this minute.
    since: Timestamp,
    guesses: u32,
}

impl<K: Hash + Eq + Send + Sync + 'static> Accounts<K> {
    fn new() -> Self {
        Self(Cache::new(ACCOUNTS_MAX))
    }

    fn count(&self, key: K, limit: u32, now: Timestamp) -> Result<(), TooMany> {
        let account = self
            .0
            .get_with(key, || Arc::new(Mutex::new(Account::fresh(now))));
        let mut account = account.lock().unwrap_or_else(PoisonError::into_inner);
        account.check(limit, now)?;
        account.guesses += 1;
        Ok(())
    }

    fn check(&self, key: &K, limit: u32, now: Timestamp) -> Result<(), TooMany> {
        let Some(account) = self.0.get(key) else {
            return Ok(());
        };
        let mut account = account.lock().unwrap_or_else(PoisonError::into_inner);
        account.check(limit, now)
    }
}

impl Account {
    fn fresh(now: Timestamp) -> Self {
        Self {
            since: now,
            guesses: 0,
        }
    }

    /// Starts a new minute if this one is over; fails if no guess is left in it.
    fn check(&mut self, limit: u32, now: Timestamp) -> Result<(), TooMany> {
        let age = now.duration_since(self.since);
        // A clock that was set back also ends the minute.
        if age.is_negative() || age >= WINDOW {
            *self = Self::fresh(now);
        }
        match self.guesses >= limit {
            true => Err(TooMany {
                retry_after_seconds: seconds_up(WINDOW - age),
            }),
            false => Ok(()),
        }
    }
}

/// Rounds up to whole seconds.
fn seconds_up(wait: SignedDuration) -> i64 {
    wait.as_secs() + i64::from(wait.subsec_nanos() > 0)
}

/// Rate-limit IPv6 by /64: one subscriber controls the whole prefix.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "203.0.113.7";
    const TOKEN: Option<&str> = Some("REG-00000000-00000000");

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    fn guess<'a>(from: &str, about: Option<&'a str>) -> WrongGuess<'a> {
        let from = Some(from.parse().unwrap());
        WrongGuess { from, about }
    }

    /// Counts how many guesses out of several are answered.
    fn answered(
        throttle: &Throttle,
        guess: WrongGuess<'_>,
        guesses: usize,
        now: Timestamp,
    ) -> usize {
        let answers = (0..guesses).map(|_| throttle.count(guess, now));
        answers.filter(Result::is_ok).count()
    }

    fn wait(seconds: i64) -> Result<(), TooMany> {
        Err(TooMany {
            retry_after_seconds: seconds,
        })
    }

    #[test]
    fn ten_wrong_guesses_about_one_token_are_answered_in_a_minute() {
        let throttle = Throttle::default();
        let about_token = guess(HERE, TOKEN);
        assert_eq!(throttle.count(about_token, at(0)), Ok(()));
        assert_eq!(answered(&throttle, about_token, 20, at(10_000)), 9);
        assert_eq!(throttle.count(about_token, at(10_001)), wait(50));
        assert_eq!(throttle.count(about_token, at(59_999)), wait(1));
        assert_eq!(answered(&throttle, about_token, 20, at(60_000)), 10);
    }

    #[test]
    fn guesses_about_one_token_add_up_from_wherever_they_come() {
        let throttle = Throttle::new(2);
        assert_eq!(throttle.count(guess(HERE, TOKEN), at(0)), Ok(()));
        assert_eq!(throttle.count(guess("203.0.113.8", TOKEN), at(0)), Ok(()));
        assert_eq!(throttle.count(guess("203.0.113.9", TOKEN), at(0)), wait(60));
        let other = Some("REG-00000000-00000001");
        assert_eq!(throttle.count(guess(HERE, other), at(0)), Ok(()));
    }

    #[test]
    fn about_a_ticket_with_too_many_wrong_guesses_right_ones_are_refused_too() {
        let throttle = Throttle::new(2);
        assert_eq!(throttle.check("MH9CG", at(0)), Ok(()));
        let wrong = WrongGuess {
            from: None,
            about: Some("MH9CG"),
        };
        assert_eq!(answered(&throttle, wrong, 1, at(0)), 1);
        assert_eq!(throttle.check("MH9CG", at(0)), Ok(()));
        assert_eq!(answered(&throttle, wrong, 5, at(0)), 1);
        assert_eq!(throttle.check("MH9CG", at(10_000)), wait(50));
        assert_eq!(throttle.check("HLL1H", at(10_000)), Ok(()));
        assert_eq!(throttle.check("MH9CG", at(60_000)), Ok(()));
    }

    #[test]
    fn three_hundred_failures_a_minute_are_answered_per_address() {
        let throttle = Throttle::default();
        assert_eq!(answered(&throttle, guess(HERE, None), 400, at(0)), 300);
        assert_eq!(throttle.count(guess(HERE, TOKEN), at(0)), wait(60));
        assert_eq!(throttle.count(guess("203.0.113.8", TOKEN), at(0)), Ok(()));
        assert_eq!(throttle.count(guess(HERE, None), at(60_000)), Ok(()));
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let throttle = Throttle::default();
        assert_eq!(
            answered(&throttle, guess("2001:db8::1", None), 300, at(0)),
            300
        );
        assert_eq!(
            throttle.count(guess("2001:db8::ffff:2", None), at(0)),
            wait(60)
        );
        assert_eq!(
            throttle.count(guess("2001:db8:0:1::1", None), at(0)),
            Ok(())
        );
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let throttle = Throttle::new(1);
        assert_eq!(throttle.count(guess(HERE, TOKEN), at(3_600_000)), Ok(()));
        assert_eq!(throttle.count(guess(HERE, TOKEN), at(0)), Ok(()));
        assert_eq!(throttle.count(guess(HERE, TOKEN), at(0)), wait(60));
    }
}
