//! `touchstone verify`: whether a capsule, an exported journal or a root is what was signed, without a server.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use touchstone::audit::export::export;
use touchstone::audit::witness::bears_out;
use touchstone::capsule::chain::instant;
use touchstone::capsule::credential::{self, Capsule};
use touchstone::capsule::keys::KeySet;
use touchstone::capsule::root::verify_export;
use touchstone::capsule::status::{Status, StatusList};
use touchstone::capsule::{Hash, lines};
use touchstone::config::Args;
use touchstone::demo::Outcome;
use touchstone::desk::{certificate, order_reference};
use touchstone::domain::ids::{OrderId, PieceCode};

use super::{Done, Trouble, block_on, open, say, say_json};

/// Verify a capsule, an exported journal or a root: status 0 verified, 1 not, 2 wrong use
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  touchstone verify capsule.jwt --jwks jwks.json --status-list status-list.jwt
  touchstone verify capsule.jwt --jwks jwks.json --journal journals.jsonl --photo front.jpg
  touchstone verify journals.jsonl
  touchstone verify 0A1B2-C3D4E-5F607-18293

The keys are what the service publishes at /.well-known/jwks.json, the list is its /v1/status-list. A journal's chain
needs neither. A certificate's number is looked up in the database of the settings, with its journal.")]
pub struct Verify {
    /// A file, or the number on a certificate
    #[arg(value_name = "FILE|CODE")]
    what: String,
    /// The public keys of the house (a JSON Web Key Set), for capsules and roots
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// The signed list of revoked capsules
    #[arg(long, value_name = "FILE")]
    status_list: Option<PathBuf>,
    /// The house that the capsule must be of, as the beginning of its public addresses
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The piece that the capsule must be of
    #[arg(long, value_name = "CODE", value_parser = piece_code)]
    piece: Option<PieceCode>,
    /// A photo that the capsule must name; may be given several times
    #[arg(long, value_name = "FILE")]
    photo: Vec<PathBuf>,
    /// An exported journal that must bear the capsule out
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// The order that the capsule must be of; its salt is in the piece's answer
    #[arg(long, value_name = "ORDER_NO", requires = "order_salt")]
    order: Option<String>,
    #[arg(long, value_name = "SALT", requires = "order")]
    order_salt: Option<String>,
    /// Print one JSON object instead of sentences
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Args,
}

/// What was checked, each with its sentence.
#[derive(Default)]
struct Account {
    sentences: Vec<String>,
    wanting: bool,
    capsule: Option<Capsule>,
}

impl Account {
    fn good(&mut self, sentence: impl Into<String>) {
        self.sentences.push(sentence.into());
    }

    fn wanting(&mut self, why: impl std::fmt::Display) {
        self.wanting = true;
        self.sentences.push(format!("not verified: {why}"));
    }

    fn tell(self, as_json: bool) -> Done {
        if as_json {
            say_json(&json!({
                "verified": !self.wanting,
                "sentences": self.sentences,
                "certificate_code": self.capsule.as_ref().map(|capsule| &capsule.certificate_code),
                "issuer": self.capsule.as_ref().map(|capsule| &capsule.issuer),
                "valid_from": self.capsule.as_ref().map(|capsule| instant(capsule.valid_from)),
                "capsule": self.capsule.as_ref().map(|capsule| &capsule.subject),
            }))?;
        } else {
            self.sentences.iter().for_each(|sentence| say(sentence));
        }
        Ok(if self.wanting { Outcome::Wanting } else { Outcome::Good })
    }
}

impl Verify {
    pub fn run(self) -> Done {
        let path = Path::new(&self.what);
        let mut account = Account::default();
        if !path.exists() {
            let Some(code) = certificate::printed(&self.what) else {
                return Err(Trouble::Usage(format!(
                    "there is no file {}, and it is no certificate's number, which has 20 digits from 0 to F",
                    self.what
                )));
            };
            return block_on(async move {
                self.by_number(&code, &mut account).await?;
                account.tell(self.json)
            });
        }
        let content = read(path)?;
        if content.starts_with("{\"body\":") {
            let mut journals = 0;
            match lines::verify(BufReader::new(file(path)?), |_| journals += 1) {
                Ok(events) => account.good(format!("{events} events in {journals} journals: every chain holds")),
                Err(fault) => account.wanting(fault),
            }
        } else if content.starts_with('{') {
            match verify_export(content.as_bytes(), self.keys()?.roots()) {
                Ok(root) => {
                    let (at, journals) = (root.at, root.journals);
                    account.good(format!("the root of {at} over {journals} journals is what was signed"));
                }
                Err(fault) => account.wanting(fault),
            }
        } else {
            self.line(content.trim_end_matches(['\r', '\n']), &mut account)?;
        }
        account.tell(self.json)
    }

    /// A capsule by itself: its signature, then whatever else was given to hold it against.
    fn line(&self, line: &str, account: &mut Account) -> Result<(), Trouble> {
        let keys = self.keys()?;
        let capsule = match credential::verify(line, &keys, self.issuer.as_deref()) {
            Ok(capsule) => capsule,
            Err(fault) => {
                account.wanting(fault);
                return Ok(());
            }
        };
        account.good(signed(&capsule));
        match &self.status_list {
            None => account.good(format!(
                "whether it was revoked since is not known: fetch {} and give it with --status-list",
                credential::status_list_address(&capsule.issuer)
            )),
            Some(path) => {
                let list = StatusList::verify(read(path)?.trim_end_matches(['\r', '\n']), &keys);
                match list.and_then(|list| Ok((list.status(&capsule, Timestamp::now())?, list.valid_from))) {
                    Ok((Status::Valid, at)) => account.good(format!("it stands, by the status list of {at}")),
                    Ok((Status::Revoked, at)) => {
                        account.wanting(format!("it was revoked, by the status list of {at}: it no longer counts"));
                    }
                    Err(fault) => account.wanting(fault),
                }
            }
        }
        if let Some(path) = &self.journal {
            witnessed(&capsule, BufReader::new(file(path)?), account);
        }
        self.compare(&capsule, account)?;
        account.capsule = Some(capsule);
        Ok(())
    }

    /// A capsule of the database, with its journal and its revocation.
    async fn by_number(&self, code: &str, account: &mut Account) -> Result<(), Trouble> {
        let (store, desk) = open::house(&self.settings).await?;
        let found = desk.certificate(code).await?;
        let lost = if found.is_none() { desk.lost_certificate(code).await? } else { None };
        let mut journal = Vec::new();
        if let Some(found) = &found {
            export(&store, Some(OrderId(found.row.order_id)), &mut journal, &mut ())
                .await
                .map_err(|error| Trouble::failed("the journal cannot be read", &error))?;
        }
        open::close(store, desk).await?;
        match found.map(|found| (found.checked, found.revoked_at)) {
            None => match lost {
                Some(lost) => account.wanting(lost.sentence()),
                None => account.wanting(format!("no certificate has the number {code}")),
            },
            Some((Err(why), _)) => account.wanting(why),
            Some((Ok(capsule), revoked_at)) => {
                account.good(signed(&capsule));
                match revoked_at {
                    None => account.good("it stands"),
                    Some(at) => account.wanting(format!("it was revoked at {at}: it no longer counts")),
                }
                witnessed(&capsule, journal.as_slice(), account);
                self.compare(&capsule, account)?;
                account.capsule = Some(capsule);
            }
        }
        Ok(())
    }

    /// What somebody holds beside the capsule: the piece, its photos, the order.
    fn compare(&self, capsule: &Capsule, account: &mut Account) -> Result<(), Trouble> {
        let said = |name: &str| capsule.subject.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(piece) = &self.piece {
            if said("piece") == piece.as_str() {
                account.good(format!("it is of the piece {piece}"));
            } else {
                account.wanting(format!("it is of another piece, {}", said("piece")));
            }
        }
        for path in &self.photo {
            let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
            let (hash, shown) = (Hash::of(bytes).to_string(), path.display());
            let named = |photo: &Value| photo["original_sha256"] == hash || photo["shown_sha256"] == hash;
            if capsule.subject["photos"].as_array().is_some_and(|photos| photos.iter().any(named)) {
                account.good(format!("{shown} is one of its photos"));
            } else {
                account.wanting(format!("{shown} is none of its photos: another one, or edited"));
            }
        }
        if let (Some(order), Some(salt)) = (&self.order, &self.order_salt) {
            if said("order") == order_reference(salt, order) {
                account.good(format!("it is of the order {order}"));
            } else {
                account.wanting(format!("it is not of the order {order} with this salt"));
            }
        }
        Ok(())
    }

    fn keys(&self) -> Result<KeySet, Trouble> {
        let needed = "a signature is checked by the house's public keys: give them with --jwks FILE";
        let path = self.jwks.as_deref().ok_or_else(|| Trouble::Usage(needed.to_owned()))?;
        let wrong = |why: String| Trouble::Usage(format!("the keys of {} cannot be read: {why}", path.display()));
        let set = serde_json::from_str(&read(path)?).map_err(|error| wrong(error.to_string()))?;
        KeySet::from_jwks(&set).map_err(|fault| wrong(fault.to_string()))
    }
}

fn piece_code(text: &str) -> Result<PieceCode, String> {
    PieceCode::parse(text).map_err(|malformed| malformed.0)
}

fn signed(capsule: &Capsule) -> String {
    let Capsule { issuer, certificate_code, valid_from, key_id, .. } = capsule;
    format!("the capsule {certificate_code} is what {issuer} signed at {valid_from} with the key {key_id}")
}

fn witnessed(capsule: &Capsule, journal: impl std::io::BufRead, account: &mut Account) {
    match bears_out(capsule, journal) {
        Ok(()) => account.good("it says what its journal says, and the journal's chain holds"),
        Err(fault) => account.wanting(fault),
    }
}

fn read(path: &Path) -> Result<String, Trouble> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn file(path: &Path) -> Result<File, Trouble> {
    File::open(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::Usage(format!("{} cannot be read: {error}", path.display()))
}
