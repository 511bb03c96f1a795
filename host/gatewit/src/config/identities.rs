//! The identities in the configuration: operators and the members of organizations. `gatewit-api.md` §2.

use std::collections::BTreeMap;

use gatewit_desk::{Access, DEFAULT_ORGANIZATION};
use serde::Deserialize;

/// One organization, by the `org_id` of its events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationEntry {
    /// Identities (`sub`) that may create events in it.
    members: Vec<String>,
}

/// Collects all permissions; `given` are further operators, separated by commas.
pub(super) fn access(
    given: &str,
    operators: &[String],
    organizations: &BTreeMap<String, OrganizationEntry>,
) -> Access {
    let members = |entry: &OrganizationEntry| entry.members.iter().cloned().collect();
    Access {
        operators: subs(given).chain(operators.iter().cloned()).collect(),
        organizations: organizations
            .iter()
            .map(|(id, entry)| (id.clone(), members(entry)))
            .collect(),
    }
}

/// Parses comma-separated identities.
fn subs(text: &str) -> impl Iterator<Item = String> {
    let names = text.split(',').map(str::trim);
    names.filter(|sub| !sub.is_empty()).map(str::to_owned)
}

/// Refuses empty identities, and members for the organization to which everyone belongs.
pub(super) fn check(
    operators: &[String],
    organizations: &BTreeMap<String, OrganizationEntry>,
) -> Result<(), String> {
    let is_empty = |subs: &[String]| subs.iter().any(|sub| sub.trim().is_empty());
    if is_empty(operators) {
        return Err("operators: an identity is empty".to_owned());
    }
    if organizations.contains_key(DEFAULT_ORGANIZATION) {
        return Err(format!(
            "organizations.{DEFAULT_ORGANIZATION}: everyone may make events there, so it has no members"
        ));
    }
    match organizations
        .iter()
        .find(|(_, entry)| is_empty(&entry.members))
    {
        Some((id, _)) => Err(format!("organizations.{id}.members: an identity is empty")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::Config;

    #[track_caller]
    fn check(text: &str, words: &str) {
        let problem = Config::parse(text).unwrap_err();
        assert!(problem.contains(words), "{problem}");
    }

    #[test]
    fn operators_of_the_file_and_of_the_environment_add_up() {
        let text = "operators: [ada]\norganizations:\n  club:\n    members: [bob, eve]\n";
        let access = Config::parse(text).unwrap().access(" carol, ,dan");
        let set = |subs: &[&str]| subs.iter().map(ToString::to_string).collect::<HashSet<_>>();
        assert_eq!(access.operators, set(&["ada", "carol", "dan"]));
        assert_eq!(access.organizations["club"], set(&["bob", "eve"]));
        assert_eq!(access.organizations.len(), 1);
    }

    #[test]
    fn who_is_nobody_and_an_organization_of_everyone_are_refused() {
        check("operators: ['']\n", "operators");
        check(
            "organizations:\n  club:\n    members: [' ']\n",
            "organizations.club.members",
        );
        check(
            "organizations:\n  default:\n    members: [ada]\n",
            "organizations.default",
        );
        check(
            "organizations:\n  club:\n    member: [ada]\n",
            "did you mean `members`?",
        );
    }
}
