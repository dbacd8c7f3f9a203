//! Postfix's `smtp-sink`: a mail server of others' making, which takes everything and writes each letter into a file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tokio::net::{TcpListener, TcpStream};

pub struct Sink {
    child: Child,
    pub address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Sink {
    pub async fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let child = Command::new(program())
            .args(as_root())
            .args(arguments)
            .args(["-d", &folder.path().join("letter.").display().to_string()])
            .args([&format!("inet:{address}"), "100"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("smtp-sink can be started");
        let mut sink = Self { child, address, folder };
        while TcpStream::connect(address).await.is_err() {
            assert!(matches!(sink.child.try_wait(), Ok(None)), "smtp-sink ended before it listened");
            tokio::task::yield_now().await;
        }
        sink
    }

    /// Every letter that arrived whole.
    pub fn letters(&self) -> Vec<String> {
        self.files().filter_map(|file| std::fs::read_to_string(file).ok()).filter(|text| is_whole(text)).collect()
    }

    /// The same of those that arrived since it was last asked, by their Message-IDs, without host and brackets. Their
    /// files are gone after it.
    pub fn take(&self) -> Vec<String> {
        let mut taken = Vec::new();
        for file in self.files() {
            let Some(text) = std::fs::read_to_string(&file).ok().filter(|text| is_whole(text)) else { continue };
            let mut heads = text.lines().take_while(|line| !line.starts_with("--"));
            let id = heads.find_map(|line| line.strip_prefix("Message-ID: <")).expect("a letter of ours has an id");
            taken.push(id.split('@').next().unwrap_or_default().to_owned());
            std::fs::remove_file(file).unwrap();
        }
        taken
    }

    fn files(&self) -> impl Iterator<Item = PathBuf> {
        std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether it was not cut off: a letter of ours has two forms, and ends with the line that closes them.
fn is_whole(text: &str) -> bool {
    let last = text.trim_end().lines().last().unwrap_or_default();
    8 < last.len() && last.starts_with("--") && last.ends_with("--")
}

/// Root has to say as whom the sink shall go on.
fn as_root() -> &'static [&'static str] {
    use std::os::unix::fs::MetadataExt as _;
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if is_root { &["-u", "root"] } else { &[] }
}

fn program() -> PathBuf {
    let known = ["/usr/sbin/smtp-sink", "/usr/local/sbin/smtp-sink", "/opt/homebrew/sbin/smtp-sink"];
    let found = known.into_iter().map(Path::new).find(|file| file.is_file());
    found.expect("smtp-sink is not there: run ./scripts/test, which installs postfix").to_owned()
}
