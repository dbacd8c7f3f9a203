//! A directory of `.eml` files, for trying out: any mail program opens them.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::{Accepted, Failure};
use crate::folder;
use crate::mail::{Letter, mime};

/// So many of the last letters can be read on the page of the demo.
const SHOWN: usize = 400;

/// The directory, and the last letters.
pub struct Files {
    directory: PathBuf,
    last: Mutex<VecDeque<Letter>>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Files").field(&self.directory).finish()
    }
}

impl Files {
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), last: Mutex::default() }
    }

    /// The last letters, the newest first.
    pub fn letters(&self) -> Vec<Letter> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }

    /// Writes a letter under the name of its id, so that a repeat takes the place of the first.
    ///
    /// # Errors
    ///
    /// A letter that cannot be written, and a directory that does not take it.
    pub async fn send(&self, letter: &Letter) -> Result<Accepted, Failure> {
        let posted = mime::post(letter)?;
        let name = format!("{}.eml", letter.id.simple());
        let (directory, bytes) = (self.directory.clone(), posted.bytes);
        let written = tokio::task::spawn_blocking(move || {
            folder::make(&directory)?;
            // Whoever looks into the directory finds whole letters only.
            let partial = directory.join(format!(".{name}"));
            std::fs::write(&partial, bytes)?;
            std::fs::rename(partial, directory.join(name))
        });
        match written.await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Err(Failure::transient("files")),
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.retain(|known| known.id != letter.id);
        if SHOWN <= last.len() {
            last.pop_front();
        }
        last.push_back(letter.clone());
        Ok(Accepted { code: "file".to_owned() })
    }
}
