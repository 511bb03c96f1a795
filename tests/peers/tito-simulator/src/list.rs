//! Splits lists into pages as Tito does.

use serde_json::{Value, json};

use crate::{Switches, Version};

/// The parameters of a query, decoded, in their order. A name may occur several times.
pub struct Parameters(pub Vec<(String, String)>);

/// The default number of rows in a page.
const PAGE_SIZE: usize = 100;

impl Parameters {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let of_name = self.0.iter().filter(move |(own, _)| own == name);
        of_name.map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.parse().ok().filter(|number| *number > 0)
    }
}

/// One page of rows, under their name, with Tito's metadata.
pub fn page(
    name: &str,
    rows: Vec<Value>,
    parameters: &Parameters,
    switches: &Switches,
    version: Version,
) -> Value {
    let heeded = |name| match switches.plain_pages {
        true => None,
        false => parameters.number(name),
    };
    let size = heeded("page[size]").unwrap_or(PAGE_SIZE);
    let size = size.clamp(1, switches.page_size_max.max(1));
    let number = heeded("page[number]").or_else(|| parameters.number("page"));
    let number = number.unwrap_or(1);
    let total = rows.len();
    let pages = total.div_ceil(size).max(1);
    let rows: Vec<_> = rows
        .into_iter()
        .skip((number - 1) * size)
        .take(size)
        .collect();
    let mut meta = json!({
        "current_page": number, "next_page": (number < pages).then_some(number + 1),
        "prev_page": (number > 1).then(|| number - 1), "total_pages": pages, "total_count": total,
        "per_page": size, "overall_total": total, "search_states_hidden_by_default": ["void", "archived"],
    });
    if version == Version::V3_1 {
        meta["api_version"] = version.name().into();
        meta["expandable"] = json!({});
    }
    json!({ name: rows, "meta": meta })
}
