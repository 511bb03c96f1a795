//! Finds the paths that a Rust file mentions, by its tokens: no comment, no string, no test.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A path in the text of a file, with the inline module that it stands in.
#[derive(Debug)]
pub struct Mention {
    pub within: Vec<String>,
    pub segments: Vec<String>,
    pub line: usize,
    pub kind: Kind,
}

#[derive(Debug, PartialEq)]
pub enum Kind {
    /// A path in code.
    Path,
    /// An import under this name.
    Import(String),
    /// A `pub use`, with any visibility.
    ReExport(String),
}

/// What a file says about modules.
#[derive(Default)]
pub struct Mentions {
    /// The modules that it declares with a file of their own.
    pub files: Vec<Vec<String>>,
    /// The modules whose code it holds itself.
    pub inline: Vec<Vec<String>>,
    pub paths: Vec<Mention>,
}

impl Mentions {
    /// Reads the file of the module `within`.
    pub fn read(text: &str, within: &[String]) -> Self {
        let mut mentions = Self::default();
        let tokens: TokenStream = text.parse().expect("our files are Rust");
        mentions.walk(tokens, within);
        mentions
    }

    fn walk(&mut self, tokens: TokenStream, within: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        let mut is_public = false;
        while let Some(token) = tokens.get(at) {
            let starts_item = is_public;
            is_public = false;
            at = match token {
                TokenTree::Punct(sign)
                    if sign.as_char() == '#' && is_for_tests(tokens.get(at + 1)) =>
                {
                    end_of_item(&tokens, at + 2)
                }
                TokenTree::Ident(word) if *word == "pub" => {
                    is_public = true;
                    at + 1
                        + usize::from(group(tokens.get(at + 1), Delimiter::Parenthesis).is_some())
                }
                TokenTree::Ident(word) if *word == "mod" => self.module(&tokens, at + 1, within),
                TokenTree::Ident(word) if *word == "use" && !is_sign(tokens.get(at + 1), '<') => {
                    let tree = tokens[at + 1..].split(|token| is_sign(Some(token), ';'));
                    let tree = tree.into_iter().next().unwrap_or_default();
                    let kind = if starts_item {
                        Kind::ReExport
                    } else {
                        Kind::Import
                    };
                    self.import(tree, &[], within, kind);
                    at + 1 + tree.len()
                }
                TokenTree::Ident(_) => self.path(&tokens, at, within),
                TokenTree::Group(inner) => {
                    self.walk(inner.stream(), within);
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    fn module(&mut self, tokens: &[TokenTree], at: usize, within: &[String]) -> usize {
        let Some(TokenTree::Ident(name)) = tokens.get(at) else {
            return at;
        };
        let module = [within, &[name.to_string()]].concat();
        match group(tokens.get(at + 1), Delimiter::Brace) {
            Some(inner) => {
                self.walk(inner.stream(), &module);
                self.inline.push(module);
            }
            None => self.files.push(module),
        }
        at + 2
    }

    /// Notes each leaf of the tree of a `use`.
    fn import(
        &mut self,
        tree: &[TokenTree],
        stem: &[String],
        within: &[String],
        kind: fn(String) -> Kind,
    ) {
        let mut segments = stem.to_vec();
        let is_word =
            |token: &&TokenTree| ![':', '$'].iter().any(|sign| is_sign(Some(token), *sign));
        let mut words = tree.iter().filter(is_word);
        let mut name = None;
        while let Some(word) = words.next() {
            match word {
                TokenTree::Group(inner) => {
                    let inner: Vec<_> = inner.stream().into_iter().collect();
                    for tree in inner.split(|token| is_sign(Some(token), ',')) {
                        self.import(tree, &segments, within, kind);
                    }
                    return;
                }
                TokenTree::Ident(word) if *word == "as" => {
                    name = words.next().map(ToString::to_string)
                }
                word => segments.push(word.to_string()),
            }
        }
        // The text after the last comma of a list is empty.
        let Some(last) = tree.last() else {
            return;
        };
        if segments.len() > 1 && segments.ends_with(&["self".to_owned()]) {
            segments.pop();
        }
        let name = name
            .or_else(|| segments.last().cloned())
            .unwrap_or_default();
        self.paths.push(Mention {
            within: within.to_owned(),
            line: last.span().start().line,
            kind: kind(name),
            segments,
        });
    }

    /// Notes the path that begins here, unless it is the name of a field, a method or a value.
    fn path(&mut self, tokens: &[TokenTree], start: usize, within: &[String]) -> usize {
        let mut segments = vec![tokens[start].to_string()];
        let mut at = start + 1;
        while is_sign(tokens.get(at), ':') && is_sign(tokens.get(at + 1), ':') {
            match tokens.get(at + 2) {
                Some(TokenTree::Ident(word)) => segments.push(word.to_string()),
                _ => break,
            }
            at += 3;
        }
        let before = start.checked_sub(1).and_then(|before| tokens.get(before));
        let is_type = segments[0].starts_with(|first: char| first.is_ascii_uppercase());
        let is_call = group(tokens.get(at), Delimiter::Parenthesis).is_some()
            && !matches!(before, Some(TokenTree::Ident(word)) if *word == "fn");
        let goes_on = is_sign(before, '.')
            || is_sign(before, ':') && is_sign(tokens.get(start.wrapping_sub(2)), ':');
        if !goes_on && (segments.len() > 1 || is_type || is_call) {
            let line = tokens[start].span().start().line;
            let within = within.to_owned();
            self.paths.push(Mention {
                within,
                segments,
                line,
                kind: Kind::Path,
            });
        }
        at
    }
}

fn is_sign(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(found)) if found.as_char() == sign)
}

fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

/// Whether these are the brackets of `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn is_for_tests(attribute: Option<&TokenTree>) -> bool {
    let Some(attribute) = group(attribute, Delimiter::Bracket) else {
        return false;
    };
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    text == "test" || text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// Returns where the next item begins.
fn end_of_item(tokens: &[TokenTree], start: usize) -> usize {
    let is_end = |token: &TokenTree| {
        is_sign(Some(token), ';') || group(Some(token), Delimiter::Brace).is_some()
    };
    let length = tokens[start.min(tokens.len())..].iter().position(is_end);
    length.map_or(tokens.len(), |length| start + length + 1)
}
