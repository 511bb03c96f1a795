//! Plugins: how they are, and how operators replace them. `gatewit-api.md` §10.

mod detail;
mod dry_run;
mod row;

use axum::extract::State;
use gatewit_desk::DryRun;
use gatewit_domain::problem::{PluginCode, RequestCode};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Done, Envelope, Failure};
use crate::http::extract::{FromQuery, Operator, Organizer, Params, PathText, QueryFields, Raw};
use crate::http::openapi::failures::failures;
use crate::http::state::Shared;

use detail::PluginDetail;
use dry_run::PluginDiff;
use row::{PluginEvent, PluginRow};

/// Whether to do it all the same.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ForceParams {
    /// Unload the plugin though something uses it.
    #[param(value_type = Option<bool>)]
    force: bool,
}

impl FromQuery for ForceParams {
    fn read(query: &QueryFields) -> Result<Self, Failure> {
        let force = flag(query, "force")?;
        Ok(Self { force })
    }
}

/// How to upload a component.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct UploadParams {
    /// Load the component though it is in quarantine.
    #[param(value_type = Option<bool>)]
    force: bool,
    /// Only tell what would change.
    #[param(rename = "dry-run", value_type = Option<bool>)]
    dry_run: bool,
    /// With `dry-run`: the digest of one of the last three components that served, to compare with instead of what serves.
    against: Option<String>,
    /// With `dry-run`: the id or slug of the one event to look at.
    event: Option<String>,
}

impl FromQuery for UploadParams {
    fn read(query: &QueryFields) -> Result<Self, Failure> {
        let text = |name| query.text(name).map(|text| text.map(str::to_owned));
        Ok(Self {
            force: flag(query, "force")?,
            dry_run: flag(query, "dry-run")?,
            against: text("against")?,
            event: text("event")?,
        })
    }
}

fn flag(query: &QueryFields, name: &str) -> Result<bool, Failure> {
    let flag = query.one_of(name, &[("true", true), ("false", false)])?;
    Ok(flag.unwrap_or(false))
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

/// Shows one plugin, and what it has cost since the start.
#[utoipa::path(
    get, path = "/api/v1/plugins/{name}", tag = "Plugins", operation_id = "show_plugin",
    params(("name" = String, Path, example = "early-vip")),
    responses((status = 200, body = Envelope<PluginDetail>, description = "The plugin."), ShowFailures)
)]
pub async fn show(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    PathText(name): PathText,
) -> Result<Done<PluginDetail>, Failure> {
    let row = desk.plugins.show(&caller, &name)?;
    let used = desk.plugins.used(&caller, &name)?;
    let used_by = desk.plugins.used_by(&caller, &name);
    Ok(Done::ok(
        "Plugin",
        PluginDetail::new(row.into(), used, used_by),
    ))
}

failures!(UploadFailures:
    FORBIDDEN [RequestCode::NotOperator]
    NOT_FOUND [RequestCode::NotFound]
    CONFLICT [PluginCode::Quarantined, PluginCode::DryRunUnderWay]
    UNPROCESSABLE_ENTITY [PluginCode::Refused, PluginCode::NotOneKept]
    SERVICE_UNAVAILABLE [PluginCode::NotKept]
);

/// Uploads a component, which serves under the name once it was tried: it must answer what the plugin that serves answers.
///
/// With `dry-run=true` it is loaded and tried, and the answer tells what would change; nothing does. The plugin directory is
/// left as it is; a file there counts again once its content changes.
#[utoipa::path(
    put, path = "/api/v1/plugins/{name}", tag = "Plugins", operation_id = "upload_plugin",
    params(("name" = String, Path, example = "early-vip"), UploadParams),
    request_body(content = ComponentBody, content_type = "application/wasm", description = "The component: 64 MiB at most."),
    responses(
        (status = 200, body = Envelope<Uploaded>, description = "The component serves, or what would change if it did."),
        UploadFailures
    )
)]
pub async fn upload(
    State(desk): State<Shared>,
    Operator(caller): Operator,
    PathText(name): PathText,
    Params(params): Params<UploadParams>,
    Raw(component): Raw,
) -> Result<Done<Uploaded>, Failure> {
    if params.dry_run {
        let run = DryRun {
            plugin: name,
            component,
            against: params.against,
            event: params.event,
        };
        let diff = desk.admissions.dry_run(&caller, run).await?;
        return Ok(Done::ok("What would change", Uploaded::Diff(diff.into())));
    }
    let uploaded = (desk.plugins).upload(&caller, name, component, params.force);
    let row = uploaded.await?;
    Ok(Done::ok("Plugin loaded", Uploaded::Row(row.into())))
}

/// A component as it is.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it describes a body that is read as it is")]
pub struct ComponentBody(Vec<u8>);

/// What an upload has changed, or would change.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Uploaded {
    Row(PluginRow),
    Diff(PluginDiff),
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
    params(("name" = String, Path, example = "early-vip"), ForceParams),
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
    params(("name" = String, Path, example = "early-vip")),
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
    params(("name" = String, Path, example = "early-vip")),
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
