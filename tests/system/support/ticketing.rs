//! Our own backends in an engine, as the server runs them, without a server around them.

use std::sync::Arc;

use gatewit::clock::SystemClock;
use gatewit_domain::ports::TicketSource;
use gatewit_domain::source::{Continuation, SourceFault, SourceTicket, SourceType};
use gatewit_engine::{
    Compiler, Engine, EngineSettings, Grant, NothingKept, PluginPolicy, Secret, Source,
    SourceLimits, SourceSettings,
};
use serde_json::Value;
use tokio::task::JoinSet;

/// What the token is called that a source's settings name.
pub const TOKEN: &str = "secret://TOKEN";

/// An engine with our own plugins, and one source of it.
pub struct Ticketing {
    pub source: Source,
    _engine: Engine,
}

/// What a sync brought.
#[derive(Debug, PartialEq)]
pub struct Synced {
    pub types: Vec<SourceType>,
    pub tickets: Vec<SourceTicket>,
    pub pages: usize,
    /// With what the next one begins; None if it is a full one.
    pub token: Option<String>,
}

impl Ticketing {
    /// Starts one with these settings, whose `base_url` is granted and whose token has this value.
    pub async fn start(plugin: &str, settings: &Value, token: &str) -> Self {
        let engine_settings = EngineSettings {
            plugins: super::plugins(),
            cache: super::target().join("test-cache"),
            kept: super::target().join("test-kept"),
            compiler: Compiler::InProcess,
            policy: PluginPolicy::default(),
        };
        let engine = Engine::open(engine_settings, Arc::new(SystemClock));
        let engine = engine.expect("the engine opens");
        let mut beside = JoinSet::new();
        let started = engine.start(Arc::new(NothingKept), &mut beside).await;
        started.expect("the engine starts");
        let base_url = settings["base_url"].as_str().expect("it has a base URL");
        let source = engine.source(SourceSettings {
            name: plugin.to_owned(),
            plugin: plugin.to_owned(),
            settings: settings.as_object().cloned().expect("it is an object"),
            secrets: [("TOKEN".to_owned(), Secret::new(token))].into(),
            grants: vec![Grant::of_base_url(base_url).expect("it is a URL")],
            limits: SourceLimits::default(),
        });
        Self {
            source,
            _engine: engine,
        }
    }

    /// Runs a sync to its end.
    pub async fn sync(&self, token: Option<String>) -> Result<Synced, SourceFault> {
        let mut run = self.source.begin().await?;
        let mut synced = Synced {
            types: run.ticket_types().await?,
            tickets: Vec::new(),
            pages: 0,
            token: None,
        };
        let mut cursor = token;
        loop {
            let page = run.page(cursor.as_deref()).await?;
            synced.pages += 1;
            synced.tickets.extend(page.tickets);
            cursor = match page.next {
                Continuation::More(cursor) => Some(cursor),
                Continuation::Done(token) => return Ok(Synced { token, ..synced }),
            };
        }
    }
}
