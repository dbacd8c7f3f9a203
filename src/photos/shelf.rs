//! Keeps bytes under the SHA-256 of a photo, in a folder or in a bucket that speaks S3: `originals/ab/cdef…` and
//! `renditions/ab/cdef…`. What lies there is complete: a file gets its name when it is written and durable, and when
//! [`Shelf::put`] answers, so is the name.
//!
//! The shelf does not know what it keeps. Whoever puts photos here seals them first.

use std::path::Path as Folder;
use std::str::FromStr;
use std::sync::Arc;
use std::{fmt, io};

use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};

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

/// What is kept apart: originals have an end, renditions have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Board {
    Originals,
    Renditions,
}

impl Board {
    pub fn as_str(self) -> &'static str {
        match self {
            Board::Originals => "originals",
            Board::Renditions => "renditions",
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ShelfFault {
    #[error("the folder of the photos cannot be used")]
    Folder(#[from] io::Error),
    #[error("the shelf of photos does not answer as it should")]
    Store(#[from] object_store::Error),
}

/// Something on the shelf.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    pub hash: PhotoHash,
    /// When it was put there last.
    pub put_at: Timestamp,
}

/// The photos of one installation. Several processes may share it.
#[derive(Clone, Debug)]
pub struct Shelf {
    store: Arc<dyn ObjectStore>,
    root: Path,
}

impl Shelf {
    /// Where the settings say: in the bucket of a URL, or else in the data directory.
    pub fn of(data_dir: &Folder, url: Option<&str>) -> Result<Self, ShelfFault> {
        match url {
            Some(url) => Self::bucket(url, []),
            None => Self::open(data_dir),
        }
    }

    /// The shelf `photos` in a data directory, which is made where it is missing.
    pub fn open(data_dir: &Folder) -> Result<Self, ShelfFault> {
        let photos = data_dir.join("photos");
        std::fs::create_dir_all(&photos)?;
        let store = LocalFileSystem::new_with_prefix(&photos)?.with_fsync(true);
        Ok(Self { store: Arc::new(store), root: Path::default() })
    }

    /// The shelf in a bucket, `s3://bucket/folder`. Region, endpoint and keys are those of the environment (`AWS_REGION`,
    /// `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, …); the options, by the same names in lower case, go before them.
    pub fn bucket<'o>(url: &str, options: impl IntoIterator<Item = (&'o str, &'o str)>) -> Result<Self, ShelfFault> {
        // One for the whole process; whoever comes later finds it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = AmazonS3Builder::from_env().with_url(url);
        for (name, value) in options {
            builder = builder.with_config(AmazonS3ConfigKey::from_str(name)?, value);
        }
        // `s3://bucket/folder`: the name of the bucket ends where the folder begins.
        let folder = url.splitn(4, '/').nth(3).unwrap_or_default();
        Ok(Self { store: Arc::new(builder.build()?), root: Path::from(folder) })
    }

    /// Puts bytes under the hash of a photo. When it answers they are durable. Again is not wrong: it makes them the
    /// newest, so that nobody sweeps what somebody is about to name.
    pub async fn put(&self, board: Board, hash: PhotoHash, bytes: impl Into<Bytes>) -> Result<(), ShelfFault> {
        self.store.put(&self.place(board, hash), PutPayload::from_bytes(bytes.into())).await?;
        Ok(())
    }

    /// Reads what lies under a hash; `None` if there is nothing.
    pub async fn get(&self, board: Board, hash: PhotoHash) -> Result<Option<Bytes>, ShelfFault> {
        match self.store.get(&self.place(board, hash)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a photo away. What is not there is away.
    pub async fn remove(&self, board: Board, hash: PhotoHash) -> Result<(), ShelfFault> {
        match self.store.delete(&self.place(board, hash)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Everything on a board, in no order. What has no hash for a name is not ours and is passed over.
    pub fn list(&self, board: Board) -> BoxStream<'static, Result<Kept, ShelfFault>> {
        let folder = self.folder(board);
        let found = self.store.list(Some(&folder)).map_err(ShelfFault::from).try_filter_map(move |object| {
            let mut parts = object.location.prefix_match(&folder).into_iter().flatten();
            let name = parts.next().zip(parts.next()).map(|(first, rest)| [first.as_ref(), rest.as_ref()].concat());
            let hash = name.and_then(|name| name.parse().ok());
            let put_at = Timestamp::from_microsecond(object.last_modified.timestamp_micros()).ok();
            std::future::ready(Ok(hash.zip(put_at).map(|(hash, put_at)| Kept { hash, put_at })))
        });
        Box::pin(found)
    }

    fn folder(&self, board: Board) -> Path {
        self.root.clone().join(board.as_str())
    }

    /// No folder holds more than a 256th of a board.
    fn place(&self, board: Board, hash: PhotoHash) -> Path {
        let name = hash.to_string();
        let (first, rest) = name.split_at(2);
        self.folder(board).join(first).join(rest)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn shelf() -> (tempfile::TempDir, Shelf) {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(dir.path()).unwrap();
        (dir, shelf)
    }

    async fn listed(shelf: &Shelf, board: Board) -> Vec<PhotoHash> {
        shelf.list(board).map_ok(|kept| kept.hash).try_collect().await.unwrap()
    }

    #[tokio::test]
    async fn bytes_lie_under_their_hash() {
        let (dir, shelf) = shelf();
        let hash = PhotoHash::of(b"abc");
        shelf.put(Board::Originals, hash, &b"sealed"[..]).await.unwrap();
        let path = "photos/originals/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(fs::read(dir.path().join(path)).unwrap(), b"sealed");
        assert_eq!(shelf.get(Board::Originals, hash).await.unwrap().unwrap(), &b"sealed"[..]);
        assert_eq!(shelf.get(Board::Renditions, hash).await.unwrap(), None);
        assert_eq!(listed(&shelf, Board::Originals).await, [hash]);
        assert_eq!(listed(&shelf, Board::Renditions).await, []);
    }

    #[tokio::test]
    async fn putting_again_makes_it_the_newest() {
        let (_dir, shelf) = shelf();
        let hash = PhotoHash::of(b"abc");
        shelf.put(Board::Renditions, hash, &b"one"[..]).await.unwrap();
        shelf.put(Board::Renditions, hash, &b"two"[..]).await.unwrap();
        assert_eq!(shelf.get(Board::Renditions, hash).await.unwrap().unwrap(), &b"two"[..]);
        assert_eq!(listed(&shelf, Board::Renditions).await, [hash]);
    }

    #[tokio::test]
    async fn what_is_taken_away_is_gone_and_can_come_again() {
        let (_dir, shelf) = shelf();
        let hash = PhotoHash::of(b"abc");
        shelf.remove(Board::Originals, hash).await.unwrap();
        shelf.put(Board::Originals, hash, &b"abc"[..]).await.unwrap();
        shelf.remove(Board::Originals, hash).await.unwrap();
        assert_eq!(shelf.get(Board::Originals, hash).await.unwrap(), None);
        shelf.put(Board::Originals, hash, &b"abc"[..]).await.unwrap();
        assert!(shelf.get(Board::Originals, hash).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn what_is_not_ours_is_not_listed() {
        let (dir, shelf) = shelf();
        let folder = dir.path().join("photos/originals/ba");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("README"), b"somebody's notes").unwrap();
        assert_eq!(listed(&shelf, Board::Originals).await, []);
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
