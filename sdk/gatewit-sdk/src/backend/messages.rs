//! Requests that are easy to write, and responses that are easy to read.

use std::fmt::{Display, Write};

use crate::{Request, Response};

impl Request {
    /// A request for JSON.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: "GET".to_owned(),
            url: url.into(),
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            body: Vec::new(),
        }
    }

    /// Adds a parameter to the URL's query, encoded. A name may be added several times.
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        self.url
            .push(if self.url.contains('?') { '&' } else { '?' });
        encode(name, &mut self.url);
        self.url.push('=');
        encode(&value.to_string(), &mut self.url);
        self
    }

    /// Adds a header. Its value may refer to a secret, which the host puts in as the request leaves.
    pub fn header(mut self, name: &str, value: impl Display) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }
}

impl Response {
    /// The value of a header, by its name in lower case; the first if there are several.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }
}

fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                into.push(char::from(byte));
            }
            _ => write!(into, "%{byte:02X}").expect("a string takes any text"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_encoded() {
        let request = Request::get("https://t.test/")
            .query("search[q]", "a+b c&d=é")
            .query("page", 2);
        assert_eq!(
            request.url,
            "https://t.test/?search%5Bq%5D=a%2Bb%20c%26d%3D%C3%A9&page=2"
        );
    }
}
