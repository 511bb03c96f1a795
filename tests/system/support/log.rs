//! What a program says on stderr, kept while it says it.

use std::io::{BufRead, BufReader};
use std::process::ChildStderr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a program may take until it says what is waited for.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A program's log, which grows while the program runs.
pub struct Log {
    said: Arc<Said>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Said {
    text: Mutex<String>,
    grown: Condvar,
}

impl Log {
    pub fn of(stderr: ChildStderr) -> Self {
        let said = Arc::<Said>::default();
        let heard = said.clone();
        let reader = thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut text = heard.text.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&line);
                text.push('\n');
                heard.grown.notify_all();
            }
        });
        Self {
            said,
            reader: Some(reader),
        }
    }

    /// All that was said so far.
    pub fn so_far(&self) -> String {
        let text = self.said.text.lock();
        text.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All that was said, once the program has ended.
    pub fn whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("reading a log does not panic");
        }
        self.so_far()
    }

    /// Waits until these words were said.
    #[track_caller]
    pub fn wait_for(&self, words: &str) {
        let text = self.said.text.lock();
        let text = text.unwrap_or_else(PoisonError::into_inner);
        let is_missing = |text: &mut String| !text.contains(words);
        let waited = self
            .said
            .grown
            .wait_timeout_while(text, WAIT_MAX, is_missing);
        let (text, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "{words:?} was not said: {text}");
    }
}
