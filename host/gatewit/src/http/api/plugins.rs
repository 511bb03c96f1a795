//! Plugins: how they are, and how operators replace them. `gatewit-api.md` §10.

use axum::extract::State;
use gatewit_domain::plugin;
use gatewit_domain::problem::{PluginCode, RequestCode};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Done, Envelope, Failure};
use crate::http::extract::{FromQuery, Operator, Organizer, Params, PathText, QueryFields, Raw};
use crate::http::openapi::failures::failures;
use crate::http::state::Shared;

/// One plugin name and the generation that serves under it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginRow {
    /// The stem of the file's name.
    #[schema(example = "hours-before")]
    name: String,
    /// None for a file that is not a plugin.
    kind: Option<PluginKind>,
    /// The plugin's description of itself; informative only.
    version: Option<String>,
    /// `sha256:` and the hex digest of the file.
    digest: Option<String>,
    /// Increases with every swap; 0 if none ever served.
    generation: u64,
    state: PluginState,
    #[schema(value_type = Option<String>, format = DateTime)]
    loaded_at: Option<Timestamp>,
    /// Why the newest file was refused, or how the plugin fails. Operators also see the plugin's own text here.
    error: Option<String>,
}

/// A plugin's purpose: the world that it exports.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PluginKind {
    Backend,
    Strategy,
}

/// Whether a plugin serves, and how it does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum PluginState {
    Loading,
    Active,
    Failing,
    Rejected,
    Quarantined,
}

/// Something that happened to a plugin.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginEvent {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who or what did it: an identity (`sub`), `plugin directory` or `error budget`.
    #[schema(example = "plugin directory")]
    by: String,
    action: PluginAction,
    /// The digest that served before.
    from: Option<String>,
    /// The digest that serves from then on, or that was refused or quarantined.
    to: Option<String>,
    /// Why, with the plugin's own text.
    why: Option<String>,
}

/// What was done to a plugin.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PluginAction {
    Loaded,
    Refused,
    Swapped,
    RolledBack,
    Quarantined,
    Removed,
}

/// Whether to do it all the same.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ForceParams {
    /// For an upload: load the component though it is in quarantine. For a removal: though something uses the plugin.
    #[param(value_type = Option<bool>)]
    force: bool,
}

impl FromQuery for ForceParams {
    fn read(query: &QueryFields) -> Result<Self, Failure> {
        if query.text("dry-run")?.is_some() {
            let words =
                "the query's dry-run: this server cannot try a plugin without loading it yet";
            return Err(Failure::malformed(words));
        }
        let force = query.one_of("force", &[("true", true), ("false", false)])?;
        let force = force.unwrap_or(false);
        Ok(Self { force })
    }
}

impl From<plugin::PluginRow> for PluginRow {
    fn from(row: plugin::PluginRow) -> Self {
        Self {
            name: row.name,
            kind: row.kind.map(|kind| match kind {
                plugin::PluginKind::Backend => PluginKind::Backend,
                plugin::PluginKind::Strategy => PluginKind::Strategy,
            }),
            version: row.version,
            digest: row.digest,
            generation: row.generation,
            state: match row.state {
                plugin::PluginState::Loading => PluginState::Loading,
                plugin::PluginState::Active => PluginState::Active,
                plugin::PluginState::Failing => PluginState::Failing,
                plugin::PluginState::Rejected => PluginState::Rejected,
                plugin::PluginState::Quarantined => PluginState::Quarantined,
            },
            loaded_at: row.loaded_at,
            error: row.error,
        }
    }
}

impl From<plugin::PluginEvent> for PluginEvent {
    fn from(event: plugin::PluginEvent) -> Self {
        Self {
            at: event.at,
            by: event.by,
            action: match event.action {
                plugin::PluginAction::Loaded => PluginAction::Loaded,
                plugin::PluginAction::Refused => PluginAction::Refused,
                plugin::PluginAction::Swapped => PluginAction::Swapped,
                plugin::PluginAction::RolledBack => PluginAction::RolledBack,
                plugin::PluginAction::Quarantined => PluginAction::Quarantined,
                plugin::PluginAction::Removed => PluginAction::Removed,
            },
            from: event.from,
            to: event.to,
            why: event.why,
        }
    }
}

/// Lists every plugin, serving or not.
///
/// `error` says how a plugin or its ticket sources fail. Operators see all errors, in the plugin's own words too; other
/// organizers see those of their own events.
#[utoipa::path(
    get, path = "/api/v1/plugins", tag = "Plugins",
    responses((status = 200, body = Envelope<Vec<PluginRow>>, description = "One row a name."))
)]
pub async fn list(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
) -> Done<Vec<PluginRow>> {
    let rows = desk.plugins.shown_to(&caller).into_iter();
    Done::ok("Plugins", rows.map(PluginRow::from).collect())
}

failures!(ShowFailures: NOT_FOUND [RequestCode::NotFound]);

/// Shows one plugin.
#[utoipa::path(
    get, path = "/api/v1/plugins/{name}", tag = "Plugins", operation_id = "show_plugin",
    params(("name" = String, Path, example = "hours-before")),
    responses((status = 200, body = Envelope<PluginRow>, description = "The plugin."), ShowFailures)
)]
pub async fn show(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    PathText(name): PathText,
) -> Result<Done<PluginRow>, Failure> {
    let row = desk.plugins.show(&caller, &name)?;
    Ok(Done::ok("Plugin", row.into()))
}

failures!(UploadFailures:
    FORBIDDEN [RequestCode::NotOperator]
    CONFLICT [PluginCode::Quarantined]
    UNPROCESSABLE_ENTITY [PluginCode::Refused]
    SERVICE_UNAVAILABLE [PluginCode::NotKept]
);

/// Uploads a component, which serves under the name once it was tried: it must answer what the plugin that serves answers.
///
/// The plugin directory is left as it is; a file there counts again once its content changes.
#[utoipa::path(
    put, path = "/api/v1/plugins/{name}", tag = "Plugins", operation_id = "upload_plugin",
    params(("name" = String, Path, example = "hours-before"), ForceParams),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The component: 64 MiB at most."),
    responses(
        (status = 200, body = Envelope<PluginRow>, description = "The component serves."),
        UploadFailures
    )
)]
pub async fn upload(
    State(desk): State<Shared>,
    Operator(caller): Operator,
    PathText(name): PathText,
    Params(params): Params<ForceParams>,
    Raw(component): Raw,
) -> Result<Done<PluginRow>, Failure> {
    let row = desk
        .plugins
        .upload(&caller, name, component, params.force)
        .await?;
    Ok(Done::ok("Plugin loaded", row.into()))
}

failures!(RemoveFailures:
    FORBIDDEN [RequestCode::NotOperator]
    NOT_FOUND [RequestCode::NotFound]
    CONFLICT [PluginCode::InUse]
    SERVICE_UNAVAILABLE [PluginCode::NotKept]
);

/// Unloads a plugin that nothing uses; with `force`, any.
///
/// The plugin directory is left as it is; a file there counts again once its content changes.
#[utoipa::path(
    delete, path = "/api/v1/plugins/{name}", tag = "Plugins", operation_id = "remove_plugin",
    params(("name" = String, Path, example = "hours-before"), ForceParams),
    responses((status = 200, body = Envelope<RemovedResponse>, description = "The plugin is unloaded."), RemoveFailures)
)]
pub async fn remove(
    State(desk): State<Shared>,
    Operator(caller): Operator,
    PathText(name): PathText,
    Params(params): Params<ForceParams>,
) -> Result<Done<RemovedResponse>, Failure> {
    desk.plugins.remove(&caller, &name, params.force).await?;
    Ok(Done::ok("Plugin unloaded", RemovedResponse { name }))
}

/// The plugin that was unloaded.
#[derive(Serialize, ToSchema)]
pub struct RemovedResponse {
    name: String,
}

failures!(RollBackFailures:
    FORBIDDEN [RequestCode::NotOperator]
    NOT_FOUND [RequestCode::NotFound]
    CONFLICT [PluginCode::NothingBefore]
    SERVICE_UNAVAILABLE [PluginCode::NotKept]
);

/// Lets the generation before serve again. The last three are kept.
#[utoipa::path(
    post, path = "/api/v1/plugins/{name}/rollback", tag = "Plugins", operation_id = "roll_back_plugin",
    params(("name" = String, Path, example = "hours-before")),
    responses((status = 200, body = Envelope<PluginRow>, description = "The one before serves."), RollBackFailures)
)]
pub async fn roll_back(
    State(desk): State<Shared>,
    Operator(caller): Operator,
    PathText(name): PathText,
) -> Result<Done<PluginRow>, Failure> {
    let row = desk.plugins.roll_back(&caller, &name).await?;
    Ok(Done::ok("Plugin rolled back", row.into()))
}

failures!(HistoryFailures:
    FORBIDDEN [RequestCode::NotOperator]
    NOT_FOUND [RequestCode::NotFound]
);

/// Lists what happened to a plugin, the latest first: who swapped, refused, rolled back, quarantined or removed what, and why.
#[utoipa::path(
    get, path = "/api/v1/plugins/{name}/history", tag = "Plugins", operation_id = "show_plugin_history",
    params(("name" = String, Path, example = "hours-before")),
    responses((status = 200, body = Envelope<Vec<PluginEvent>>, description = "The last 500."), HistoryFailures)
)]
pub async fn history(
    State(desk): State<Shared>,
    Operator(caller): Operator,
    PathText(name): PathText,
) -> Result<Done<Vec<PluginEvent>>, Failure> {
    let history = desk.plugins.history(&caller, &name).await?.into_iter();
    Ok(Done::ok(
        "Plugin history",
        history.map(PluginEvent::from).collect(),
    ))
}
