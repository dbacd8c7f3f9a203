//! The register of presented certificates' numbers, for the commands that read or change it.

use uuid::Uuid;

use super::work::Plan;
use super::{Desk, Error, Located};
use crate::domain::certificate::{CertificateKey, HeldBy};
use crate::domain::command::Command;
use crate::domain::event::{Event, Replacement};
use crate::domain::ids::{PieceCode, StreamKey};
use crate::domain::piece::Piece;
use crate::domain::route::Stage;
use crate::store::entity::{certificate_holders, presented_certificates};
use crate::store::{Source, journal, lookups, queries};

/// What the register says of the numbers that one piece presents.
#[derive(Debug, Default)]
pub struct Register(Vec<Place>);

#[derive(Debug)]
struct Place {
    key: CertificateKey,
    /// The piece that has the number, and what it is to this one; nothing where it is this one.
    holder: Option<((Uuid, i32), Option<HeldBy>)>,
}

impl Register {
    pub fn held_by(&self, key: &CertificateKey) -> Option<HeldBy> {
        self.place(key)?.holder?.1
    }

    fn place(&self, key: &CertificateKey) -> Option<&Place> {
        self.0.iter().find(|place| place.key == *key)
    }
}

/// The numbers that a piece presents while a ledger may be proposed on them, with the one that the command brings.
fn numbers(piece: &Piece, command: &Command) -> Vec<CertificateKey> {
    if !matches!(piece.stage(), Stage::Appraising | Stage::SpokenReview) {
        return Vec::new();
    }
    let brought = match command {
        Command::SubmitAppraisal { appraisal }
        | Command::Correct { replacement: Replacement::Appraisal { appraisal }, .. } => {
            appraisal.presented_certificate.as_ref()
        }
        _ => None, // No other command brings one.
    };
    // What an appraisal that waits for a second one saw is presented once they are settled.
    let waiting = piece.standing().bench().into_iter().flat_map(|bench| bench.appraisals());
    let waiting = waiting.filter_map(|(seq, _)| piece.appraisal(*seq)?.presented_certificate.as_ref());
    let mut numbers: Vec<_> =
        piece.presented().into_iter().chain(waiting).chain(brought).map(CertificateKey::of).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

impl Desk {
    /// Looks up what a command on this piece needs to know of the register.
    pub(super) async fn register(
        &self,
        source: &Source<'_>,
        key: StreamKey,
        piece: &Piece,
        command: &Command,
    ) -> Result<Register, Error> {
        let numbers = numbers(piece, command);
        let named: Vec<_> = numbers.iter().map(|number| (number.body(), number.number())).collect();
        let holders = lookups::certificate_holders(source, &named).await?;
        let own = (key.order_id.0, key.stream_id.0);
        let mut places = Vec::new();
        for number in numbers {
            let row =
                holders.iter().find(|row| (row.body.as_str(), row.number.as_str()) == (number.body(), number.number()));
            let holder = match row {
                None => None,
                Some(row) if (row.order_id, row.stream_id) == own => Some((own, None)),
                Some(row) if row.order_id == own.0 => Some(((row.order_id, row.stream_id), Some(HeldBy::SameSet))),
                Some(row) => {
                    let set = lookups::pieces_presenting(source, row).await?;
                    let is_open = set.iter().any(|piece| piece.stage != Stage::Closed.as_str());
                    let held_by = if is_open { HeldBy::OpenPiece } else { HeldBy::ClosedPiece };
                    Some(((row.order_id, row.stream_id), Some(held_by)))
                }
            };
            places.push(Place { key: number, holder });
        }
        Ok(Register(places))
    }

    /// The piece that has a number, where that is another than `but`.
    pub async fn holder_of(
        &self,
        number: &CertificateKey,
        but: StreamKey,
    ) -> Result<Option<(PieceCode, Located)>, Error> {
        let reader = self.store().reader();
        let holders = lookups::certificate_holders(reader, &[(number.body(), number.number())]).await?;
        let Some(row) = holders.into_iter().find(|row| journal::stream_key(row.order_id, row.stream_id) != but) else {
            return Ok(None);
        };
        let Some(row) = queries::piece(reader, row.order_id, row.stream_id).await? else { return Ok(None) };
        let code = PieceCode::parse(&row.code).map_err(|error| Error::corrupt("a piece's row", error))?;
        Ok(self.locate(&code).await?.map(|located| (code, located)))
    }

    /// What a command changes in the register: a number that was nobody's is this piece's now, and one of a closed piece
    /// is, once somebody said that it is the same article.
    pub(super) fn plan_register(
        &self,
        plan: &mut Plan,
        key: StreamKey,
        piece: &Piece,
        before: i32,
        register: &Register,
    ) {
        let mut since = piece.history().iter().filter(|recorded| before < recorded.seq);
        if !since.any(|recorded| matches!(recorded.event, Event::ClaimsRead(_))) {
            return; // A number is claimed with the ledger that it stands in.
        }
        for number in piece.presented().into_iter().map(CertificateKey::of) {
            let Some(place) = register.place(&number) else { continue };
            let (order_id, stream_id) = (key.order_id.0, key.stream_id.0);
            let (body, of) = (number.body().to_owned(), number.number().to_owned());
            plan.changes.presented_certificates.push(presented_certificates::Model {
                body: body.clone(),
                number: of.clone(),
                order_id,
                stream_id,
            });
            let row = certificate_holders::Model { body, number: of, order_id, stream_id };
            match place.holder {
                None => plan.changes.certificate_holders.push(row),
                Some((from, Some(HeldBy::ClosedPiece))) if is_answered(piece, before, &number) => {
                    plan.changes.certificates_passed_on.push((row, from));
                }
                Some(_) => {} // It stays with whoever has it.
            }
        }
    }
}

/// Whether the events behind `before` say that it is the same article.
fn is_answered(piece: &Piece, before: i32, number: &CertificateKey) -> bool {
    piece.history().iter().filter(|recorded| before < recorded.seq).any(|recorded| match &recorded.event {
        Event::SameArticleAnswered(answer) if answer.same => {
            piece.event(answer.clash_seq).is_some_and(|asked| match &asked.event {
                Event::CertificateClashFound(found) => {
                    CertificateKey::new(found.body.as_str(), found.number.as_str()) == *number
                }
                _ => false, // An answer points at a clash.
            })
        }
        _ => false, // No other event answers.
    })
}
