//! What the bench prints.

use std::fmt;
use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use crate::beside::Beside;
use crate::figures::{Latencies, Measured, median};
use crate::paced::PER_SECOND;
use crate::strangers::STRANGERS;
use crate::tokens::Compared;

/// What the reference service of the attendee-validation contract answers a second on two such cores.
const REFERENCE_ATTENDEE: f64 = 1_185.0;
const REFERENCE_EMAIL: f64 = 1_493.0;
const MIB: f64 = 1024.0 * 1024.0;

/// The figures of a run, round by round.
#[derive(Default)]
pub struct Report {
    pub connections: usize,
    pub hello: Vec<Measured>,
    pub bare: Vec<Measured>,
    pub validate: Vec<Measured>,
    pub raw_log: Vec<Measured>,
    pub store: Vec<Measured>,
    pub verify: Vec<Compared>,
    pub beside: Beside,
    /// Of all the event's tickets.
    pub search: Latencies,
    pub attendees: Attendees,
}

/// Questions whether somebody is an attendee, with few, usual and many tickets cached.
#[derive(Default)]
pub struct Attendees {
    /// How many are many; few are a hundredth, usual a tenth.
    pub tickets: usize,
    pub hello: Vec<Measured>,
    pub attendee: Vec<Measured>,
    pub email: Vec<Measured>,
    pub few: Vec<Measured>,
    pub many: Vec<Measured>,
    /// With many: from start to ready, how long a sync takes, and how much more memory.
    pub ready: Duration,
    pub sync: Duration,
    pub sync_bytes: u64,
}

/// What a ratio should be.
enum Goal {
    AtLeast {
        bar: f64,
        aim: f64,
    },
    AtMost {
        bar: f64,
        aim: f64,
    },
    /// It tells where the time goes.
    None,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = available_parallelism().map_or(1, NonZero::get);
        writeln!(
            f,
            "{} connections, {cores} cores, {} rounds\n",
            self.connections,
            self.hello.len()
        )?;
        writeln!(
            f,
            "{:<28}{:>12}{:>10}{:>10}{:>10}{:>10}",
            "", "per second", "p50 ms", "p99 ms", "p99.9 ms", "max ms"
        )?;
        rate(f, "hello", &self.hello)?;
        rate(f, "bare scans", &self.bare)?;
        rate(f, "validate", &self.validate)?;
        rate(f, "raw log, commits", &self.raw_log)?;
        rate(f, "our store, commits", &self.store)?;
        self.attendees.rates(f)?;
        row(f, "search", "", self.search.clone())?;
        self.beside.latencies(f)?;
        self.verify(f)?;
        writeln!(
            f,
            "\n{:<28}{:>8}   {:<16}{:>8}{:>8}",
            "ratio", "median", "rounds", "bar", "aim"
        )?;
        let verify = self
            .verify
            .iter()
            .map(|one| one.ours.as_secs_f64() / one.bare.as_secs_f64());
        let goal = Goal::AtLeast {
            bar: 0.22,
            aim: 0.30,
        };
        goal.judge(f, "validate / hello", &ratio(&self.validate, &self.hello))?;
        Goal::None.judge(f, "bare scans / hello", &ratio(&self.bare, &self.hello))?;
        let to_bare = ratio(&self.validate, &self.bare);
        Goal::None.judge(f, "validate / bare scans", &to_bare)?;
        let goal = Goal::AtLeast {
            bar: 0.40,
            aim: 0.50,
        };
        goal.judge(f, "our store / raw log", &ratio(&self.store, &self.raw_log))?;
        let goal = Goal::AtMost {
            bar: 1.5,
            aim: 1.25,
        };
        goal.judge(f, "JWT verify / bare verify", &verify.collect::<Vec<_>>())?;
        let goal = Goal::AtMost {
            bar: 50.0,
            aim: 25.0,
        };
        let slow = self.search.clone().percentile(990);
        goal.judge(f, "search, p99, ms", &[slow.as_secs_f64() * 1e3])?;
        self.attendees.judge(f)?;
        self.beside.judge(f)
    }
}

impl Beside {
    /// The scans alone, and beside what organizers do, each with the name of its rows.
    fn kinds(&self) -> [(String, &[Latencies]); 3] {
        [
            ("scans alone".to_owned(), &self.alone),
            (format!("beside bulks of {}", self.bulk), &self.bulks),
            (format!("beside syncs of {}", self.synced), &self.syncs),
        ]
    }

    fn latencies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, rounds) in self.kinds() {
            row(f, &name, &PER_SECOND.to_string(), together(rounds))?;
        }
        let strangers = together(&self.strangers);
        row(f, &beside_strangers(), &PER_SECOND.to_string(), strangers)?;
        let seconds = median(self.issuing.iter().map(Duration::as_secs_f64));
        let bulk = self.bulk;
        let per_second = bulk as f64 / seconds;
        writeln!(
            f,
            "\n{bulk} tickets issued in one request, beside scans: {seconds:.2} s, {per_second:.0} a second"
        )
    }

    /// Either of the two is good enough: so many milliseconds, or so many times as long as alone.
    fn judge(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = [("p99", 990, 20.0, 10.0), ("max", 1000, 100.0, 50.0)];
        for (share, thousandths, bar, aim) in shares {
            let millis = |rounds: &[Latencies]| -> Vec<f64> {
                let of = |round: &Latencies| round.clone().percentile(thousandths);
                rounds
                    .iter()
                    .map(|round| of(round).as_secs_f64() * 1e3)
                    .collect()
            };
            let alone = millis(&self.alone);
            let [(name, _), beside @ ..] = self.kinds();
            Goal::None.judge(f, &format!("{name}, {share}, ms"), &alone)?;
            for (name, rounds) in beside {
                let beside = millis(rounds);
                Goal::AtMost { bar, aim }.judge(f, &format!("{name}, {share}, ms"), &beside)?;
                let times = beside
                    .iter()
                    .zip(&alone)
                    .map(|(beside, alone)| beside / alone);
                let goal = Goal::AtMost { bar: 3.0, aim: 2.0 };
                goal.judge(f, "  or times as long as alone", &times.collect::<Vec<_>>())?;
            }
        }
        let p99 = |round: &Latencies| round.clone().percentile(990).as_secs_f64();
        let pairs = self.strangers.iter().zip(&self.alone);
        let times: Vec<_> = pairs
            .map(|(beside, alone)| p99(beside) / p99(alone))
            .collect();
        let goal = Goal::AtMost { bar: 2.0, aim: 1.5 };
        goal.judge(f, &format!("{}, p99 / alone", beside_strangers()), &times)
    }
}

fn beside_strangers() -> String {
    format!("beside {STRANGERS} that hang")
}

impl Attendees {
    fn rates(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rate(f, "hello, attendees", &self.hello)?;
        rate(f, "validate_attendee", &self.attendee)?;
        rate(f, "validate_email", &self.email)?;
        let of = |tickets: usize| format!("attendee of {tickets}");
        rate(f, &of(self.tickets / 100), &self.few)?;
        rate(f, &of(self.tickets), &self.many)
    }

    fn judge(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let beside = |ours: &[Measured], reference: f64| {
            let rates = ours.iter().map(|one| one.per_second / reference);
            rates.collect::<Vec<_>>()
        };
        let goal = Goal::AtLeast {
            bar: 15.0,
            aim: 30.0,
        };
        let attendee = beside(&self.attendee, REFERENCE_ATTENDEE);
        goal.judge(f, "attendee / the reference", &attendee)?;
        let email = beside(&self.email, REFERENCE_EMAIL);
        goal.judge(f, "email / the reference", &email)?;
        let goal = Goal::AtLeast { bar: 0.9, aim: 1.0 };
        goal.judge(f, "many tickets / few", &ratio(&self.many, &self.few))?;
        let goal = Goal::AtMost { bar: 1.0, aim: 0.3 };
        goal.judge(f, "start to ready, s", &[self.ready.as_secs_f64()])?;
        let goal = Goal::AtMost {
            bar: 64.0,
            aim: 32.0,
        };
        goal.judge(
            f,
            "more memory in a sync, MiB",
            &[self.sync_bytes as f64 / MIB],
        )?;
        let (tickets, seconds) = (self.tickets, self.sync.as_secs_f64());
        writeln!(f, "{tickets} tickets are read anew in {seconds:.1} s")
    }
}

fn ratio(ours: &[Measured], limit: &[Measured]) -> Vec<f64> {
    let pairs = ours.iter().zip(limit);
    pairs
        .map(|(ours, limit)| ours.per_second / limit.per_second)
        .collect()
}

impl Report {
    fn verify(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |of: fn(&Compared) -> Duration| {
            median(self.verify.iter().map(|one| of(one).as_secs_f64() * 1e6))
        };
        let (ours, bare) = (micros(|one| one.ours), micros(|one| one.bare));
        writeln!(
            f,
            "a ticket's token verified: {ours:.1} µs; its signature alone by aws-lc: {bare:.1} µs"
        )
    }
}

fn rate(f: &mut fmt::Formatter<'_>, name: &str, rounds: &[Measured]) -> fmt::Result {
    let per_second = median(rounds.iter().map(|round| round.per_second));
    let all = together(rounds.iter().map(|round| &round.latencies));
    row(f, name, &format!("{per_second:.0}"), all)
}

fn together<'l>(rounds: impl IntoIterator<Item = &'l Latencies>) -> Latencies {
    let mut all = Latencies::default();
    rounds
        .into_iter()
        .for_each(|round| all.extend(round.clone()));
    all
}

fn row(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    rate: &str,
    mut latencies: Latencies,
) -> fmt::Result {
    let [p50, p99, p999, max] =
        [500, 990, 999, 1000].map(|share| latencies.percentile(share).as_secs_f64() * 1e3);
    writeln!(
        f,
        "{name:<28}{rate:>12}{p50:>10.3}{p99:>10.3}{p999:>10.3}{max:>10.3}"
    )
}

impl Goal {
    fn judge(&self, f: &mut fmt::Formatter<'_>, name: &str, ratios: &[f64]) -> fmt::Result {
        let median = median(ratios.iter().copied());
        let low = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let high = ratios.iter().copied().fold(0.0, f64::max);
        let rounds = format!("{low:.2} to {high:.2}");
        let (sign, bar, aim) = match self {
            Self::AtLeast { bar, aim } => ('≥', bar, aim),
            Self::AtMost { bar, aim } => ('≤', bar, aim),
            Self::None => return writeln!(f, "{name:<28}{median:>8.2}   {rounds}"),
        };
        let (bar, aim) = (format!("{sign} {bar:.2}"), format!("{sign} {aim:.2}"));
        writeln!(f, "{name:<28}{median:>8.2}   {rounds:<16}{bar:>8}{aim:>8}")
    }
}
