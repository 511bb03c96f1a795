//! When the operator's files are read again: on SIGHUP, and when one of them has changed.

use std::sync::Arc;

use anyhow::Context;
use gatewit_desk::ConfigChange;
use tokio::signal::unix::Signal;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::apply::{Applier, Begun};
use crate::config::Environment;
use crate::plan::ConfigFiles;
use crate::watched::WatchedFiles;

/// What a server needs to read its files again.
pub struct Reloads {
    pub files: ConfigFiles,
    pub watched: WatchedFiles,
    pub hangups: Signal,
    /// The variables that the server began with.
    pub began_with: Environment,
}

impl Reloads {
    /// Sets up the events of the first plan, drops `is_set_up`, then applies the files each time that they are to be read.
    pub async fn run(mut self, mut applier: Applier, begun: Begun, is_set_up: oneshot::Sender<()>) {
        self.files.require_found();
        applier.finish(begun).await;
        drop(is_set_up);
        let began_with = Arc::new(self.began_with);
        loop {
            tokio::select! {
                Some(()) = self.hangups.recv() => {}
                () = self.watched.changed() => {}
            }
            self.watched.note();
            match reload(&self.files, &began_with, &mut applier).await {
                Ok(changes) => tell(&changes),
                Err(error) => tracing::error!(
                    "the configuration is not applied, and everything stays as it was: {error:#}"
                ),
            }
        }
    }
}

async fn reload(
    files: &ConfigFiles,
    began_with: &Arc<Environment>,
    applier: &mut Applier,
) -> anyhow::Result<Vec<ConfigChange>> {
    let (files, began_with) = (files.clone(), Arc::clone(began_with));
    let read = spawn_blocking(move || files.read_again(&began_with)).await;
    let (plan, fixed) = read.context("reading was cut off")??;
    let changes = applier.apply(plan).await?;
    for place in &fixed {
        tracing::warn!("{place} has changed, which takes effect when the server is started next");
    }
    Ok(changes)
}

fn tell(changes: &[ConfigChange]) {
    let told: Vec<_> = changes.iter().map(ToString::to_string).collect();
    let told = match told.is_empty() {
        true => "nothing in it differs".to_owned(),
        false => told.join("; "),
    };
    tracing::info!("the configuration is read again and applied: {told}");
}
