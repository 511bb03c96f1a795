//! Selects undocumented behaviour of Tito, and failures.

use std::str::FromStr;
use std::time::Duration;

/// How the simulator behaves. The defaults follow the documentation, or else the likeliest behaviour.
#[derive(Clone, Debug, clap::Args)]
pub struct Switches {
    /// The token that is good.
    #[arg(long, default_value = "tito-simulator-token")]
    pub token: String,
    /// The version of the API where the URL names none: a setting of the token.
    #[arg(long, value_enum, default_value = "3.0")]
    pub version: Version,
    /// The most rows a page may have. Documented: 1000.
    #[arg(long, default_value_t = 1000)]
    pub page_size_max: usize,
    /// Ignore `page[size]` and `page[number]`, which only the documentation of 3.1 has, and heed a plain `page` alone.
    #[arg(long)]
    pub plain_pages: bool,
    /// Find whole words only. Undocumented: by default parts of words are found, in any case.
    #[arg(long)]
    pub whole_words: bool,
    /// Put the tickets in another order at every request, whatever order is asked for: tickets that were made at the same
    /// moment have none among themselves.
    #[arg(long)]
    pub shuffle: bool,
    /// Refuse every so many-th request with 429. How many are too many is undocumented.
    #[arg(long, value_name = "COUNT")]
    pub refuse_every: Option<u64>,
    /// What a 429 says in Retry-After. Undocumented: by default it has none.
    #[arg(long, value_name = "SECONDS")]
    pub retry_after: Option<u32>,
    /// What befalls every request: a status such as 503, `cut`, or `slow:` and milliseconds.
    #[arg(long)]
    pub trouble: Option<Trouble>,
}

/// A version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Version {
    #[value(name = "3.0")]
    V3_0,
    #[value(name = "3.1")]
    V3_1,
}

/// The failure of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is answered with this status.
    Status(u16),
    /// Its answer ends in the middle.
    Cut,
    /// Its answer takes so long.
    Slow(Duration),
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            token: "tito-simulator-token".to_owned(),
            version: Version::V3_0,
            page_size_max: 1000,
            plain_pages: false,
            whole_words: false,
            shuffle: false,
            refuse_every: None,
            retry_after: None,
            trouble: None,
        }
    }
}

impl FromStr for Trouble {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected a status such as 503, cut, or slow:MILLISECONDS";
        if text == "cut" {
            return Ok(Self::Cut);
        }
        match text.strip_prefix("slow:") {
            Some(millis) => {
                let millis = millis.parse().map_err(|_| expected)?;
                Ok(Self::Slow(Duration::from_millis(millis)))
            }
            None => match text.parse() {
                Ok(status @ 100..=599) => Ok(Self::Status(status)),
                _ => Err(expected),
            },
        }
    }
}

impl Version {
    /// The version that `?version=` names.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "3.0" => Some(Self::V3_0),
            "3.1" => Some(Self::V3_1),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V3_0 => "3.0",
            Self::V3_1 => "3.1",
        }
    }
}
