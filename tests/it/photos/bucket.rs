//! The shelf in a bucket, on a real server that speaks S3: moto, from the Python package index.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use futures_util::TryStreamExt;
use touchstone::photos::shelf::{Board, PhotoHash, Shelf};

/// A server of the test's own, with one bucket. It is gone with this.
struct Moto {
    server: Child,
    address: SocketAddr,
}

impl Moto {
    fn start() -> Moto {
        let python = std::env::var("TOUCHSTONE_TEST_PYTHON").unwrap_or_else(|_| {
            panic!(
                "TOUCHSTONE_TEST_PYTHON is not set: run ./scripts/test, which sets a Python with moto up for the tests"
            )
        });
        // The port is free now; nothing else on this machine is asked to take it before the child does.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut server = Command::new(python)
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        while !lines.next().expect("moto comes up").unwrap().contains("Running on") {}
        // A pipe that nobody empties would stop the server.
        std::thread::spawn(move || lines.for_each(drop));
        let moto = Moto { server, address };
        moto.ask("PUT /touchstone");
        moto
    }

    fn ask(&self, line: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let host = self.address;
        write!(stream, "{line} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[tokio::test]
async fn a_bucket_is_a_shelf_like_a_folder() {
    let moto = Moto::start();
    let endpoint = format!("http://{}", moto.address);
    let options = [
        ("endpoint", endpoint.as_str()),
        ("allow_http", "true"),
        ("region", "us-east-1"),
        ("access_key_id", "nobody"),
        ("secret_access_key", "nothing"),
    ];
    let shelf = Shelf::bucket("s3://touchstone/photos", options).unwrap();
    let listed =
        async |board| -> Vec<PhotoHash> { shelf.list(board).map_ok(|kept| kept.hash).try_collect().await.unwrap() };
    let (one, other) = (PhotoHash::of(b"one"), PhotoHash::of(b"other"));
    assert_eq!(shelf.get(Board::Originals, one).await.unwrap(), None);
    shelf.put(Board::Originals, one, &b"first"[..]).await.unwrap();
    shelf.put(Board::Originals, one, &b"second"[..]).await.unwrap();
    shelf.put(Board::Renditions, other, vec![7; 3_000_000]).await.unwrap();
    assert_eq!(shelf.get(Board::Originals, one).await.unwrap().unwrap(), &b"second"[..]);
    assert_eq!(shelf.get(Board::Renditions, other).await.unwrap().unwrap().len(), 3_000_000);
    assert_eq!((listed(Board::Originals).await, listed(Board::Renditions).await), (vec![one], vec![other]));
    // In the folder of the bucket that the address names.
    assert!(moto.ask("GET /touchstone?list-type=2").contains(&format!("photos/originals/{}/", &one.to_string()[..2])));
    shelf.remove(Board::Originals, one).await.unwrap();
    shelf.remove(Board::Originals, one).await.unwrap();
    assert_eq!(shelf.get(Board::Originals, one).await.unwrap(), None);
    assert_eq!(listed(Board::Originals).await, []);
}
