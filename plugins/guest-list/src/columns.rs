//! The columns of a guest list and their meaning.

/// A column by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    Reference,
    Order,
    Name,
    Email,
    Type,
    Code,
    State,
    Variation,
    Parent,
    ValidFrom,
    ValidUntil,
    Attribute(String),
    Detail(String),
}

/// The predefined attributes; others are written `attributes.NAME`.
const ATTRIBUTES: [&str; 9] = [
    "is_speaker",
    "is_keynote",
    "is_sponsor",
    "is_organizer",
    "is_volunteer",
    "is_remote",
    "is_onsite",
    "is_guest",
    "online_access",
];

/// The known columns, as an error lists them.
pub fn known() -> String {
    format!(
        "reference, order, name, email, type, code, state, variation, parent, valid_from, valid_until, {}, \
         attributes.… and details.…",
        ATTRIBUTES.join(", ")
    )
}

impl Column {
    /// Reads a column's name, in any case; `None` if it is unknown.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        let folded = name.to_lowercase();
        let is_named = |rest: &&str| !rest.is_empty();
        const DETAILS: &str = "details.";
        if let Some((prefix, detail)) = name.split_at_checked(DETAILS.len())
            && prefix.eq_ignore_ascii_case(DETAILS)
            && is_named(&detail)
        {
            return Some(Self::Detail(detail.to_owned()));
        }
        if let Some(attribute) = folded.strip_prefix("attributes.").filter(is_named) {
            return Some(Self::Attribute(attribute.to_owned()));
        }
        Some(match folded.as_str() {
            "reference" => Self::Reference,
            "order" => Self::Order,
            "name" => Self::Name,
            "email" => Self::Email,
            "type" => Self::Type,
            "code" => Self::Code,
            "state" => Self::State,
            "variation" => Self::Variation,
            "parent" => Self::Parent,
            "valid_from" => Self::ValidFrom,
            "valid_until" => Self::ValidUntil,
            attribute if ATTRIBUTES.contains(&attribute) => Self::Attribute(folded),
            _ => return None,
        })
    }

    /// The column's name in errors.
    pub fn name(&self) -> &str {
        match self {
            Self::Reference => "reference",
            Self::Order => "order",
            Self::Name => "name",
            Self::Email => "email",
            Self::Type => "type",
            Self::Code => "code",
            Self::State => "state",
            Self::Variation => "variation",
            Self::Parent => "parent",
            Self::ValidFrom => "valid_from",
            Self::ValidUntil => "valid_until",
            Self::Attribute(name) => name,
            // The operator chooses the rest of its name.
            Self::Detail(_) => "details.…",
        }
    }

    /// Whether a cell may have several lines: a note for the staff, or several addresses.
    pub fn may_have_lines(&self) -> bool {
        matches!(self, Self::Email | Self::Detail(_))
    }
}
