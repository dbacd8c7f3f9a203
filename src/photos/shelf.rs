//! Keeps bytes under their SHA-256: `photos/ab/cdef…` in the data directory. What is there is complete and does not change.
//!
//! A file is written beside, made durable, and only then given its name; so a crash leaves either the whole photo or a
//! file in `incoming` that [`Shelf::sweep`] takes away. Everything here blocks: call it from the blocking pool.

use std::{
    fmt, fs,
    fs::File,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    str::FromStr,
    time::SystemTime,
};

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What a photo is called: the SHA-256 of its bytes, in lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhotoHash([u8; 32]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a photo is called by 64 lower-case hex digits")]
pub struct PhotoHashFault;

impl PhotoHash {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for PhotoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PhotoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhotoHash({self})")
    }
}

impl FromStr for PhotoHash {
    type Err = PhotoHashFault;

    fn from_str(text: &str) -> Result<Self, PhotoHashFault> {
        let mut bytes = [0; 32];
        let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
        if upper || hex::decode_to_slice(text, &mut bytes).is_err() {
            return Err(PhotoHashFault);
        }
        Ok(Self(bytes))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ShelfFault {
    #[error("the shelf of photos cannot be used")]
    Io(#[from] io::Error),
    #[error("the photo {wanted} was changed on the disk: its bytes hash to {found}")]
    Changed { wanted: PhotoHash, found: PhotoHash },
}

/// The photos of one data directory. Several processes may share it.
#[derive(Clone, Debug)]
pub struct Shelf {
    photos: PathBuf,
    incoming: PathBuf,
}

impl Shelf {
    /// Opens the shelf in a data directory and makes what is missing of it.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let photos = data_dir.join("photos");
        let incoming = photos.join("incoming");
        fs::create_dir_all(&incoming)?;
        sync_directory(&photos)?;
        sync_directory(data_dir)?;
        Ok(Self { photos, incoming })
    }

    /// Puts bytes on the shelf. When it answers they are durable. The same bytes again change nothing.
    pub fn put(&self, bytes: &[u8]) -> io::Result<PhotoHash> {
        let hash = PhotoHash::of(bytes);
        let (directory, path) = self.place(hash);
        if path.try_exists()? {
            // Whoever put it may not have come as far as this yet.
            sync_directory(&directory)?;
            return Ok(hash);
        }
        match fs::create_dir(&directory) {
            Ok(()) => sync_directory(&self.photos)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let temporary = Temporary::write(self.incoming.join(Uuid::new_v4().to_string()), bytes)?;
        temporary.rename(&path)?;
        sync_directory(&directory)?;
        Ok(hash)
    }

    /// Reads a photo and sees whether it is still what it was; `None` if there is none.
    pub fn get(&self, hash: PhotoHash) -> Result<Option<Vec<u8>>, ShelfFault> {
        let bytes = match fs::read(self.place(hash).1) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let found = PhotoHash::of(&bytes);
        if found != hash {
            return Err(ShelfFault::Changed { wanted: hash, found });
        }
        Ok(Some(bytes))
    }

    pub fn contains(&self, hash: PhotoHash) -> io::Result<bool> {
        self.place(hash).1.try_exists()
    }

    /// Takes a photo away; answers whether it was there.
    pub fn remove(&self, hash: PhotoHash) -> io::Result<bool> {
        let (directory, path) = self.place(hash);
        match fs::remove_file(path) {
            Ok(()) => sync_directory(&directory).map(|()| true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes away what crashes left half written, if it was last written to before then. Answers how many.
    pub fn sweep(&self, before: SystemTime) -> io::Result<usize> {
        let mut swept = 0;
        for entry in fs::read_dir(&self.incoming)? {
            let entry = entry?;
            // It may have been finished and renamed in the meantime.
            let Ok(modified) = entry.metadata().and_then(|data| data.modified()) else { continue };
            if modified < before && fs::remove_file(entry.path()).is_ok() {
                swept += 1;
            }
        }
        Ok(swept)
    }

    /// The directory of a photo and its path: no directory holds more than a 256th of them.
    fn place(&self, hash: PhotoHash) -> (PathBuf, PathBuf) {
        let name = hash.to_string();
        let (first, rest) = name.split_at(2);
        let directory = self.photos.join(first);
        let path = directory.join(rest);
        (directory, path)
    }
}

/// A file in `incoming` that is gone when it was not renamed.
struct Temporary {
    path: PathBuf,
    renamed: bool,
}

impl Temporary {
    fn write(path: PathBuf, bytes: &[u8]) -> io::Result<Self> {
        let mut file = File::create_new(&path)?;
        let temporary = Self { path, renamed: false };
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(temporary)
    }

    /// Two that come with the same bytes at once both get here; the second replaces a file by its like.
    fn rename(mut self, to: &Path) -> io::Result<()> {
        fs::rename(&self.path, to)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // What remains is swept later.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A name is durable only when its directory is.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Elsewhere a directory cannot be opened as a file, and the file system keeps names durable itself.
#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shelf() -> (tempfile::TempDir, Shelf) {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(dir.path()).unwrap();
        (dir, shelf)
    }

    fn incoming(shelf: &Shelf) -> usize {
        fs::read_dir(&shelf.incoming).unwrap().count()
    }

    #[test]
    fn bytes_lie_under_their_hash() {
        let (dir, shelf) = shelf();
        let hash = shelf.put(b"abc").unwrap();
        let path = "photos/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(fs::read(dir.path().join(path)).unwrap(), b"abc");
        assert_eq!(shelf.get(hash).unwrap().unwrap(), b"abc");
        assert!(shelf.contains(hash).unwrap());
        assert_eq!(incoming(&shelf), 0);
    }

    #[test]
    fn putting_twice_is_putting_once() {
        let (_dir, shelf) = shelf();
        let hash = shelf.put(b"abc").unwrap();
        let made = fs::metadata(shelf.place(hash).1).unwrap().modified().unwrap();
        assert_eq!(shelf.put(b"abc").unwrap(), hash);
        assert_eq!(fs::metadata(shelf.place(hash).1).unwrap().modified().unwrap(), made);
        assert_eq!(incoming(&shelf), 0);
    }

    #[test]
    fn many_at_once_with_the_same_bytes_all_succeed() {
        let (_dir, shelf) = shelf();
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| shelf.put(b"same").unwrap())).collect();
            all.into_iter().for_each(|one| assert_eq!(one.join().unwrap(), PhotoHash::of(b"same")));
        });
        assert_eq!(shelf.get(PhotoHash::of(b"same")).unwrap().unwrap(), b"same");
        assert_eq!(incoming(&shelf), 0);
    }

    #[test]
    fn what_is_not_there_is_none() {
        let (_dir, shelf) = shelf();
        let hash = PhotoHash::of(b"abc");
        assert!(shelf.get(hash).unwrap().is_none());
        assert!(!shelf.contains(hash).unwrap());
        assert!(!shelf.remove(hash).unwrap());
    }

    #[test]
    fn a_photo_changed_on_the_disk_is_not_given_out() {
        let (_dir, shelf) = shelf();
        let hash = shelf.put(b"abc").unwrap();
        fs::write(shelf.place(hash).1, b"abd").unwrap();
        let found = PhotoHash::of(b"abd");
        assert!(
            matches!(shelf.get(hash), Err(ShelfFault::Changed { wanted, found: f }) if wanted == hash && f == found)
        );
    }

    #[test]
    fn a_removed_photo_is_gone_and_can_come_again() {
        let (_dir, shelf) = shelf();
        let hash = shelf.put(b"abc").unwrap();
        assert!(shelf.remove(hash).unwrap());
        assert!(!shelf.contains(hash).unwrap());
        shelf.put(b"abc").unwrap();
        assert!(shelf.contains(hash).unwrap());
    }

    #[test]
    fn only_old_leavings_are_swept() {
        let (_dir, shelf) = shelf();
        fs::write(shelf.incoming.join("left"), b"half").unwrap();
        let hour = Duration::from_secs(3600);
        assert_eq!(shelf.sweep(SystemTime::now() - hour).unwrap(), 0);
        assert_eq!(shelf.sweep(SystemTime::now() + hour).unwrap(), 1);
        assert_eq!(incoming(&shelf), 0);
    }

    #[test]
    fn a_shelf_that_cannot_be_written_leaves_nothing_behind() {
        let (_dir, shelf) = shelf();
        let (directory, _) = shelf.place(PhotoHash::of(b"abc"));
        fs::write(directory, b"a file where a directory should be").unwrap();
        assert!(shelf.put(b"abc").is_err());
        assert_eq!(incoming(&shelf), 0);
    }

    #[test]
    fn a_name_that_is_no_hash_never_becomes_a_path() {
        for text in ["", "../../etc/passwd", &"A".repeat(64), &"0".repeat(63)] {
            assert_eq!(text.parse::<PhotoHash>(), Err(PhotoHashFault));
        }
        let hash = PhotoHash::of(b"abc");
        assert_eq!(hash.to_string().parse(), Ok(hash));
    }
}
