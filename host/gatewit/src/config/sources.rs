//! `sources`: where tickets come from, and how a configured entry becomes a source that can be opened. `gatewit-api.md`
//! §9, §11.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gatewit_domain::source::{RunLimits, SourceName};
use gatewit_engine::{Grant, GuestLimits, Secret, SourceLimits, SourceSettings};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::contract::{BACKENDS, TITO, missing};
use super::environment::Environment;
use super::files;
use super::scalars;

const EVERY: SignedDuration = SignedDuration::from_mins(5);
const EVERY_MIN: SignedDuration = SignedDuration::from_secs(1);
const MIB: usize = 1024 * 1024;

/// A ticket source as configured.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SourceEntry {
    /// Default: the plugin of the source's own name.
    pub plugin: Option<String>,
    /// The settings passed to the plugin. `secret://NAME` stands for a variable that only the host sees,
    /// `file://people.csv` for the text of a file beside the configuration.
    #[serde(deserialize_with = "scalars::map_read_later")]
    pub settings: Map<String, Value>,
    pub sync: SyncEntry,
    /// Organizations whose events may use its tickets.
    pub orgs: Option<Vec<String>>,
    /// A ticket type needs one of these activities for its tickets to make attendees. Default: no such condition.
    pub include_activities: Option<Vec<String>>,
    /// Whether an unknown ticket is looked up in the ticketing system at once. Default: for Tito only.
    pub live_find: Option<bool>,
    pub limits: SourceLimitsEntry,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyncEntry {
    /// The interval: `5m`, `1h 30m`. Default: 5 minutes.
    every: Option<SignedDuration>,
}

/// Limits of a source; each has a default.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SourceLimitsEntry {
    memory_mib: Option<NonZero<u32>>,
    answer_mib: Option<NonZero<u32>>,
    table_entries: Option<NonZero<u32>>,
    handles: Option<NonZero<u32>>,
    call_timeout_ms: Option<NonZero<u32>>,
    request_timeout_ms: Option<NonZero<u32>>,
    response_mib: Option<NonZero<u32>>,
    requests_per_run: Option<NonZero<u32>>,
    tickets_per_run: Option<NonZero<u32>>,
    run_mib: Option<NonZero<u32>>,
    run_timeout_s: Option<NonZero<u32>>,
    run_cpu_s: Option<NonZero<u32>>,
}

/// A source that can be opened, and opened again whenever its files change.
#[derive(Clone, PartialEq)]
pub struct SourcePlan {
    pub name: SourceName,
    pub plugin: String,
    pub every: SignedDuration,
    pub orgs: Option<Vec<String>>,
    pub include_activities: Option<Vec<String>>,
    pub live_find: bool,
    pub run_limits: RunLimits,
    settings: Map<String, Value>,
    secrets: BTreeMap<String, Secret>,
    grants: Vec<Grant>,
    limits: SourceLimits,
    /// The folder to which file names are relative.
    folder: PathBuf,
}

impl SourcePlan {
    /// Makes a plan of an entry whose settings are complete except for the base URL.
    pub fn of(
        name: SourceName,
        entry: SourceEntry,
        allowed_hosts: &[String],
        environment: &Environment,
        folder: &Path,
    ) -> Result<Self, String> {
        let plugin = entry.plugin.unwrap_or_else(|| name.to_string());
        let mut settings = entry.settings;
        each_text(&mut settings, &mut |text| {
            let checked = files::named(text).map_or(Ok(()), files::check);
            checked.map_err(|problem| format!("sources.{name}.settings: {problem}"))
        })?;
        let mut grants = Vec::new();
        grants.extend(grant_of_base(&name, &plugin, &mut settings, environment)?);
        for host in allowed_hosts {
            let grant = Grant::of_host(host);
            grants.push(grant.map_err(|err| format!("plugins.{plugin}.allowed_hosts: {err}"))?);
        }
        let every = entry.sync.every.unwrap_or(EVERY);
        if every < EVERY_MIN {
            return Err(format!(
                "sources.{name}.sync.every: less than {EVERY_MIN:#}"
            ));
        }
        Ok(Self {
            secrets: secrets(&name, &settings, environment)?,
            limits: entry.limits.into(),
            run_limits: entry.limits.into(),
            every,
            orgs: entry.orgs,
            include_activities: entry.include_activities,
            live_find: entry.live_find.unwrap_or(plugin == TITO.name),
            folder: folder.to_owned(),
            name,
            plugin,
            settings,
            grants,
        })
    }

    /// Returns its fields, to be compared with what was applied before: as digests, since settings may hold secrets. The
    /// values of named secrets are left out.
    pub fn fields(&self) -> Map<String, Value> {
        let fields = [
            ("plugin", digest_of(&self.plugin)),
            ("settings", digest_of(&self.settings)),
            ("allowed_hosts", digest_of(&self.grants)),
            ("limits", digest_of(&(self.limits, self.run_limits))),
            ("sync", digest_of(&self.every)),
            ("orgs", digest_of(&self.orgs)),
            ("include_activities", digest_of(&self.include_activities)),
            ("live_find", digest_of(&self.live_find)),
        ];
        let fields = fields.into_iter();
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// Whether cancelled tickets make attendees, as the contract says for Tito.
    pub fn counts_canceled(&self) -> bool {
        self.plugin == TITO.name
    }

    /// Returns the files that its settings name.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut settings = self.settings.clone();
        let taken = each_text(&mut settings, &mut |text| {
            let named = files::named(text);
            files.extend(named.map(|name| files::path(&self.folder, name)));
            Ok(())
        });
        taken.map(|()| files).unwrap_or_default()
    }

    /// Reads its files. The error names the one that cannot be read.
    pub fn read(&self) -> Result<SourceSettings, String> {
        let mut settings = self.settings.clone();
        each_text(&mut settings, &mut |text| {
            if let Some(name) = files::named(text) {
                *text = files::read(&self.folder, name)?;
            }
            Ok(())
        })?;
        Ok(SourceSettings {
            name: self.name.to_string(),
            plugin: self.plugin.clone(),
            settings,
            secrets: self.secrets.clone(),
            grants: self.grants.clone(),
            limits: self.limits,
        })
    }
}

/// Returns a digest of a value, which is only compared.
pub fn digest_of(value: &impl Debug) -> Value {
    let digest = Sha256::digest(format!("{value:?}"));
    format!("sha256:{digest:x}").into()
}

/// Grants access to the origin of the base URL (`gatewit-api.md` §11). For a plugin of the contract, a missing base URL
/// is filled in.
fn grant_of_base(
    name: &SourceName,
    plugin: &str,
    settings: &mut Map<String, Value>,
    environment: &Environment,
) -> Result<Option<Grant>, String> {
    let backend = BACKENDS.iter().find(|backend| backend.name == plugin);
    let mut place = format!("sources.{name}.settings.base_url");
    if let (Some(backend), false) = (backend, settings.contains_key("base_url")) {
        backend.base_url.clone_into(&mut place);
        let base_url = environment.get(backend.base_url);
        let base_url = base_url.unwrap_or(backend.hosted);
        settings.insert("base_url".to_owned(), base_url.into());
    }
    let Some(Value::String(base_url)) = settings.get("base_url") else {
        return Ok(None);
    };
    let grant = Grant::of_base_url(base_url);
    grant.map(Some).map_err(|err| format!("{place}: {err}"))
}

/// Returns the values of the secrets that the settings name.
fn secrets(
    name: &SourceName,
    settings: &Map<String, Value>,
    environment: &Environment,
) -> Result<BTreeMap<String, Secret>, String> {
    let named = Secret::names_in(settings).into_iter();
    let valued = named.map(|variable| {
        let value = environment.get(&variable);
        let value = value.ok_or_else(|| missing(&variable, name.as_str()))?;
        Ok((variable, Secret::new(value)))
    });
    valued.collect()
}

/// Calls a function with every text in the settings, at any depth.
fn each_text(
    settings: &mut Map<String, Value>,
    take: &mut dyn FnMut(&mut String) -> Result<(), String>,
) -> Result<(), String> {
    fn within(
        value: &mut Value,
        take: &mut dyn FnMut(&mut String) -> Result<(), String>,
    ) -> Result<(), String> {
        match value {
            Value::String(text) => take(text),
            Value::Array(values) => values.iter_mut().try_for_each(|value| within(value, take)),
            Value::Object(values) => each_text(values, take),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }
    settings
        .values_mut()
        .try_for_each(|value| within(value, take))
}

impl From<SourceLimitsEntry> for SourceLimits {
    fn from(entry: SourceLimitsEntry) -> Self {
        let default = Self::default();
        let guest = default.guest;
        let bytes = |mib: NonZero<u32>| mib.get() as usize * MIB;
        let count = |count: NonZero<u32>| count.get() as usize;
        let time = |ms: NonZero<u32>| Duration::from_millis(ms.get().into());
        Self {
            guest: GuestLimits {
                memory_bytes: entry.memory_mib.map_or(guest.memory_bytes, bytes),
                answer_bytes: entry.answer_mib.map_or(guest.answer_bytes, bytes),
                table_entries: entry.table_entries.map_or(guest.table_entries, count),
                handles: entry.handles.map_or(guest.handles, count),
            },
            call_timeout: entry.call_timeout_ms.map_or(default.call_timeout, time),
            run_cpu: entry.run_cpu_s.map_or(default.run_cpu, |seconds| {
                Duration::from_secs(seconds.get().into())
            }),
            request_timeout: entry
                .request_timeout_ms
                .map_or(default.request_timeout, time),
            response_bytes: entry.response_mib.map_or(default.response_bytes, bytes),
            requests_per_run: entry
                .requests_per_run
                .map_or(default.requests_per_run, NonZero::get),
        }
    }
}

impl From<SourceLimitsEntry> for RunLimits {
    fn from(entry: SourceLimitsEntry) -> Self {
        let default = Self::default();
        let number = |number: NonZero<u32>| u64::from(number.get());
        Self {
            tickets: entry.tickets_per_run.map_or(default.tickets, number),
            bytes: entry.run_mib.map_or(default.bytes, |mib| number(mib) << 20),
            time: entry.run_timeout_s.map_or(default.time, |seconds| {
                SignedDuration::from_secs(seconds.get().into())
            }),
        }
    }
}
