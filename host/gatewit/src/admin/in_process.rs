//! The router of a server that does not listen, over a data directory that no server holds.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use gatewit_desk::DeskSettings;
use gatewit_store::SledStore;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::task::JoinSet;

use crate::apply::Applier;
use crate::directories::Directories;
use crate::http::{App, Traffic, router};
use crate::plan::ConfigFiles;
use crate::serve;

/// The store, the plugins and the router over them.
pub struct InProcess {
    app: TowerToHyperService<Router>,
    /// Holds the ticket sources, of which none is synced.
    _applier: Applier,
    /// Holds the library of plugins.
    _plugins: JoinSet<()>,
}

impl InProcess {
    /// Opens a data directory with the plugins that served last as a server would, with the present configuration: ticket sources are known, but not read,
    /// and declared events stay as they are stored.
    pub async fn open(directories: &Directories, config: Option<PathBuf>) -> anyhow::Result<Self> {
        let data = &directories.data;
        if !SledStore::is_in(data) {
            bail!("there is no data of a server in {}", data.display());
        }
        let files = ConfigFiles {
            config,
            operators: None,
            fixed_variables: Vec::new(),
        };
        let plan = files.read()?;
        let opened = serve::open(directories, DeskSettings::default(), &plan).await;
        let is_held = opened.as_ref().err().is_some_and(serve::is_in_use);
        let opened = match is_held {
            true => opened.context(
                "a server holds the data directory and has no admin.sock there to be asked over: it is starting or \
                 stopping, or its log says why",
            )?,
            false => opened?,
        };
        let mut plugins = JoinSet::new();
        let keeper = opened.desk.plugins.clone();
        opened.engine.start_as_kept(keeper, &mut plugins).await?;
        let mut applier = Applier::open(&opened.desk, &opened.engine).await?;
        let configured = applier.configure(&plan).await;
        configured.context("cannot use the configuration")?;
        let app = App {
            desk: opened.desk,
            oidc: None,
        };
        Ok(Self {
            app: TowerToHyperService::new(router(app, Arc::new(Traffic::default()))),
            _applier: applier,
            _plugins: plugins,
        })
    }

    /// Answers a request as an operator's.
    pub async fn answer(&self, request: Request) -> Response {
        match self.app.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}
