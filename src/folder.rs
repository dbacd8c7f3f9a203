//! Folders that are their owner's alone.

use std::path::Path;
use std::{fs, io};

/// Makes a folder, and those above it, readable for its owner only. One that is there stays as it is.
///
/// # Errors
///
/// Where it cannot be made.
pub fn make(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Sees whether a file can be made in it.
///
/// # Errors
///
/// Where it cannot.
pub fn try_out(path: &Path) -> io::Result<()> {
    let probe = path.join(format!(".probe-{}", uuid::Uuid::new_v4()));
    fs::write(&probe, b"")?;
    fs::remove_file(&probe)
}
