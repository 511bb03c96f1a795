//! The query of a request, read parameter by parameter, so that a message can say which one is wrong and what was
//! expected.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::http::answer::Failure;

/// The parsed query of a route. An invalid query is 400.
pub struct Params<T>(pub T);

/// A type that can be read from a query's parameters. Unknown parameters are ignored.
pub trait FromQuery: Sized {
    fn read(query: &QueryFields) -> Result<Self, Failure>;
}

/// The parameters of a query, decoded.
pub struct QueryFields(Vec<(String, String)>);

impl<T: FromQuery, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let query = QueryFields::decode(parts.uri.query().unwrap_or_default())?;
        T::read(&query).map(Self)
    }
}

impl QueryFields {
    fn decode(query: &str) -> Result<Self, Failure> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name), decoded(value));
            match (name, value) {
                (Some(name), Some(value)) => Ok((name, value)),
                (Some(name), None) => Err(wrong(&name, "text in UTF-8, percent-encoded")),
                (None, _) => {
                    let words = "the query: the name of a parameter is not UTF-8, percent-encoded";
                    Err(Failure::malformed(words))
                }
            }
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    /// Returns a parameter as text.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        let mut values = self.0.iter().filter(|(other, _)| other == name);
        let value = values.next().map(|(_, value)| value.as_str());
        match values.next() {
            None => Ok(value),
            Some(_) => Err(wrong(name, "one value, and it is given more than once")),
        }
    }

    /// Parses a parameter; `expected` describes a valid value to people.
    pub fn read<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let text = self.text(name)?;
        text.map(|text| parse(text).ok_or_else(|| wrong(name, expected)))
            .transpose()
    }

    /// Parses a parameter that has one of these values.
    pub fn one_of<T: Copy>(&self, name: &str, values: &[(&str, T)]) -> Result<Option<T>, Failure> {
        let known: Vec<_> = values.iter().map(|(word, _)| *word).collect();
        let parse = |text: &str| {
            let value = values.iter().find(|(word, _)| *word == text);
            value.map(|(_, value)| *value)
        };
        self.read(name, &format!("one of {}", known.join(", ")), parse)
    }

    /// Parses the parameter `limit`.
    pub fn limit(&self) -> Result<Option<usize>, Failure> {
        self.read("limit", "a whole number, such as 50", |text| {
            text.parse().ok()
        })
    }

    /// Parses the parameter `cursor`.
    pub fn cursor<I: std::str::FromStr>(&self) -> Result<Option<I>, Failure> {
        let expected = "the nextCursor of the page before";
        self.read("cursor", expected, |text| text.parse().ok())
    }
}

fn wrong(name: &str, expected: &str) -> Failure {
    // The name may be of any length.
    let name: String = name.chars().take(100).collect();
    Failure::malformed(format!("the query's {name}: expected {expected}"))
}

fn decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    let text = percent_decode_str(&text).decode_utf8().ok();
    text.map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, name: &str, value: Result<Option<&str>, &str>) {
        let fields = QueryFields::decode(query);
        let found = fields.and_then(|fields| Ok(fields.text(name)?.map(str::to_owned)));
        match (found, value) {
            (Ok(found), Ok(value)) => assert_eq!(found.as_deref(), value, "{query}"),
            (Err(found), Err(words)) => assert!(found.message().contains(words), "{found:?}"),
            (found, _) => panic!("{query}: {found:?}"),
        }
    }

    #[test]
    fn a_query_is_decoded_as_forms_are() {
        check("", "a", Ok(None));
        check("a=1&&b=2", "b", Ok(Some("2")));
        check("a", "a", Ok(Some("")));
        check("a=b=c", "a", Ok(Some("b=c")));
        check("query=M%C3%BCller+J%2B&x=1", "query", Ok(Some("Müller J+")));
        check("%71uery=1", "query", Ok(Some("1")));
        check("a=100%", "a", Ok(Some("100%")));
        check("A=1", "a", Ok(None));
    }

    #[test]
    fn what_cannot_be_read_is_told_by_name() {
        check(
            "x=1&query=%FF",
            "query",
            Err("the query's query: expected text in UTF-8"),
        );
        check("%FF=1", "query", Err("the name of a parameter"));
        check("a=1&a=2", "a", Err("the query's a: expected one value"));
        check(
            &format!("{}=%FF", "x".repeat(9_000)),
            "a",
            Err("expected text"),
        );
    }
}
