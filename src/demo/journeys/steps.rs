//! What becomes of a piece beside the main line, step by step (`super::super::cast`): who does it, with which words.

use serde_json::{Value, json};

use super::{Guide, Piece};
use crate::client::Call;
use crate::demo::Failure;
use crate::demo::cast::{SideLine, Step};
use crate::demo::fixtures::{PACKED_PHOTO, RECEIVED_PHOTO};
use crate::demo::house::Person;
use crate::domain::ids::PieceCode;
use crate::domain::transit::Told;

/// What a clerk puts on a lost piece's report.
const NOT_FOUND: &str = "not found at stocktaking";

impl Guide {
    /// Takes a piece that rests where its main line ends along its side line.
    pub(super) async fn side_line(&mut self, piece: &mut Piece, side: &SideLine) -> Result<(), Failure> {
        let was_quiet = std::mem::replace(&mut self.quiet, false);
        if side.steps.is_empty() {
            let platform = self.people.platform.clone();
            self.tell(&piece.code, &platform, "it waits, and nobody does anything", &piece.shown());
        }
        for step in &side.steps {
            self.step(piece, *step).await?;
        }
        if piece.outcome.is_some() {
            self.closed.push(piece.code.clone());
        }
        self.quiet = was_quiet;
        Ok(())
    }

    async fn step(&mut self, piece: &mut Piece, step: Step) -> Result<(), Failure> {
        let from = piece.stage.replace('_', " ");
        let (clerk, platform) = (self.people.clerk.clone(), self.people.platform.clone());
        let supervisor = self.people.supervisor.clone();
        let merchant = self.merchant()?;
        let waybill =
            |kind: &str, piece: &Piece| json!({ "carrier": "zhongtong", "waybill": format!("{kind}-{}", piece.code) });
        let (who, command, body, what): (Person, &str, Value, String) = match step {
            Step::Lost => (
                clerk,
                "custody",
                json!({ "what": "lost", "note": NOT_FOUND }),
                format!("cannot find it any more ({from})"),
            ),
            Step::Damaged => {
                let body = json!({ "what": "damaged", "note": "it fell" });
                (clerk, "custody", body, format!("reports that it was damaged in the house ({from})"))
            }
            Step::Cancelled => {
                let body = json!({ "reason": "the buyer wants the money back" });
                (platform, "cancel", body, format!("wants it cancelled ({from})"))
            }
            Step::CorrectedWaybill => {
                let posted = waybill("NEW", piece);
                if let Some(inbound) = &mut piece.way.inbound {
                    inbound.waybill = format!("NEW-{}", piece.code);
                }
                (merchant, "dispatch", posted, "corrects the waybill".to_owned())
            }
            Step::Narrowed => return self.narrow(piece).await,
            Step::BookedIn => {
                let body = json!({ "condition": "intact", "weight": piece.way.packing_weight });
                (clerk, "receipt", body, format!("books it in ({from})"))
            }
            Step::FoundWithStrangers => return self.strangers(piece).await,
            Step::Exception => {
                let body = json!({ "condition": "damaged", "note": "the parcel is crushed on one side" });
                (clerk, "receipt", body, format!("finds the parcel damaged ({from})"))
            }
            Step::LetIn => {
                let body = json!({ "resolution": "received", "reason": "only the box; the piece is whole" });
                (supervisor, "exception", body, "looks inside and lets it in".to_owned())
            }
            Step::SentBack => {
                let body = json!({ "resolution": "returning", "reason": "broken on its way" });
                (supervisor, "exception", body, "sends it back".to_owned())
            }
            Step::WrittenOff => {
                let body = json!({ "resolution": "lost", "reason": "the bag is empty" });
                (supervisor, "exception", body, "writes it off: the bag is empty".to_owned())
            }
            Step::TurnedBack => {
                return self.hear_kuaidi100(piece, "4", "", "brought it back to its merchant (退签)").await;
            }
            Step::LostOnTheWay => {
                let body = json!({ "what": "lost", "note": "the carrier cannot find it" });
                (supervisor, "transit", body, format!("gives the parcel up with its carrier ({from})"))
            }
            Step::HandedOver => {
                let other = self.other_inspector();
                let body = json!({ "to": other.id });
                (self.inspector(), "handover", body, format!("hands it over to {}", other.title))
            }
            Step::Noted => return self.note(piece).await,
            Step::Reopened => {
                let body = json!({ "reason": "the bead string was not looked at" });
                (supervisor, "reopen", body, format!("opens the appraisal again ({from})"))
            }
            Step::SameArticle => return self.same_article(piece).await,
            Step::OutsideReport => {
                let part = json!({"component": "c1", "role": "main_stone", "material": "和田玉", "state": "examined"});
                let number = format!("R-2611-{}", piece.code);
                let body =
                    json!({"what": "outside_report", "laboratory": "lab-1", "number": number, "results": [part]});
                (
                    supervisor,
                    "undetermined",
                    body,
                    "has an outside laboratory's report: it is appraised anew".to_owned(),
                )
            }
            Step::Disclosed => {
                let body = json!({"what": "disclose", "reason": "the treatment cannot be told with what is here"});
                (supervisor, "undetermined", body, "puts to the buyer what could not be told".to_owned())
            }
            Step::GivenUp => {
                let body = json!({"what": "give_up", "reason": "no laboratory can tell it in time"});
                (supervisor, "undetermined", body, "gives it up: it goes back".to_owned())
            }
            Step::Accepted => return self.decide(piece, true).await,
            Step::Declined => return self.decide(piece, false).await,
            Step::Appealed => {
                let body = json!({ "reason": "the diameter was measured over the cord" });
                (merchant, "appeal", body, "appeals: other inspectors look".to_owned())
            }
            Step::JudgedAnew => return self.judge_anew(piece).await,
            Step::Overridden => {
                let body = json!({ "reason": "a hair's breadth; the buyer may decide" });
                return self.by_supervisors(piece, "override", body, "lets the buyer decide after all").await;
            }
            Step::Waived => {
                let body = json!({ "reason": "the merchant does not appeal" });
                (merchant, "appeal-waiver", body, "accepts the verdict and waives the appeal".to_owned())
            }
            Step::SentAgain => return self.send_again(piece).await,
            Step::Upheld => {
                let body = json!({ "what": "uphold", "to": "returning", "reason": "dyed, and sold as natural" });
                return self.by_supervisors(piece, "quarantine", body, "it is what it was suspected to be").await;
            }
            Step::HandedToAuthority => {
                let body = json!({
                    "what": "uphold", "to": "handed_to_authority", "reference": "SJ 2026-17",
                    "reason": "a series of the same imitation",
                });
                return self.by_supervisors(piece, "quarantine", body, "hands it to the authority").await;
            }
            Step::Lifted => {
                let body = json!({ "what": "lift", "reason": "the spectrum was another piece's" });
                return self.by_supervisors(piece, "quarantine", body, "lifts the quarantine").await;
            }
            Step::Mismatched => {
                let weight = json!({ "value": "25.04", "unit": "g", "includes": ["cord"] });
                let with_tag = json!({ "value": "25.66", "unit": "g", "includes": ["cord", "tag"] });
                let body = json!({
                    "tag": piece.way.tag, "weight": weight, "weight_with_tag": with_tag, "photo_ids": [],
                    "confirm_mismatch": true,
                });
                (clerk, "tag", body, "weighs 25.04 g where the bench weighed 21.31 g: held".to_owned())
            }
            Step::Tagged => {
                let photos = self.photos(piece, &clerk, "tagging", PACKED_PHOTO).await?;
                let body = json!({
                    "tag": piece.way.tag, "weight": piece.way.packing_weight,
                    "weight_with_tag": piece.way.weight_with_tag, "photo_ids": photos,
                });
                (clerk, "tag", body, "packs the house's own piece: it goes back".to_owned())
            }
            Step::Untagged => {
                (clerk, "untag", json!({ "reason": "the tag did not close" }), "takes the tag off again".to_owned())
            }
            Step::Revoked => {
                let body = json!({ "to": "cleared", "reason": "a wrong size on the certificate" });
                (supervisor, "revoke", body, "revokes the capsule: it is packed anew".to_owned())
            }
            Step::Recalled => {
                let body = json!({ "to": "returning", "reason": "a crack was seen while packing" });
                (supervisor, "revoke", body, "revokes the capsule: it goes back".to_owned())
            }
            Step::RefusedAtTheDoor => {
                return self.hear_kuaidi100(piece, "14", "", "was refused at the buyer's door (拒签)").await;
            }
            Step::SignedByAnother => {
                return self.hear_kuaidi100(piece, "3", "303", "was signed for by somebody else (代签)").await;
            }
            Step::Kept => (platform, "completed", json!({}), "tells that the buyer keeps it".to_owned()),
            Step::Disputed => return self.dispute(piece, "retest", "the buyer asked another laboratory").await,
            Step::ProvedCounterfeit => {
                return self.dispute(piece, "counterfeit", "a qualified body calls it a counterfeit").await;
            }
            Step::ReturnOpened => return self.open_return(piece).await,
            Step::ReturnPosted => {
                (platform, "return", waybill("BACK", piece), "tells by which parcel it comes back".to_owned())
            }
            Step::BackSame => return self.come_back(piece, true).await,
            Step::BackAnother => return self.come_back(piece, false).await,
            Step::JudgedSame => return self.identify(piece, "same", None).await,
            Step::JudgedAnother => {
                return self.identify(piece, "not_same", Some("four grams lighter, and no tag")).await;
            }
            Step::JudgedUnclear => return self.identify(piece, "unclear", Some("the tag was opened")).await,
            Step::PostedBack => (clerk, "return-shipment", waybill("RT", piece), format!("posts it ({from})")),
            Step::ArrivedBack => return self.hear_push(piece, "RT", Told::Delivered).await,
            Step::PickedUp => {
                (clerk, "returned", json!({ "how": "picked_up" }), "hands it to the merchant who fetched it".to_owned())
            }
            Step::Unclaimed => (
                clerk,
                "returned",
                json!({ "how": "unclaimed" }),
                "notes that the merchant never fetched it".to_owned(),
            ),
            Step::LineCancelled => return self.cancel_line(piece).await,
            Step::RestWanted => return self.want_rest(piece).await,
        };
        self.act(piece, &who, command, &body, what).await?;
        Ok(())
    }

    /// One supervisor proposes, another confirms.
    async fn by_supervisors(
        &mut self,
        piece: &mut Piece,
        command: &str,
        body: Value,
        what: &str,
    ) -> Result<(), Failure> {
        let (first, second) = (self.people.supervisor.clone(), self.people.second_supervisor.clone());
        self.two(piece, (&first, &second), command, body, what).await
    }

    async fn two(
        &mut self,
        piece: &mut Piece,
        (first, second): (&Person, &Person),
        command: &str,
        body: Value,
        what: &str,
    ) -> Result<(), Failure> {
        let proposal = json!({ "command": command, "body": body });
        let proposed = self.ask(first, Call::post(piece.path("proposals"), &proposal)).await?;
        let id = proposed.text("/id")?;
        let confirmed = self.ask(second, Call::post(format!("/v1/proposals/{id}/confirm"), &json!({}))).await?;
        piece.follow(&confirmed)?;
        let what = format!("{what}; {} confirms", second.title);
        self.tell(&piece.code, first, what, &piece.shown());
        Ok(())
    }

    /// The part of the live session that speaks of it is another: said before it was received, it takes one person.
    async fn narrow(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let platform = self.people.platform.clone();
        let body = json!({ "from": "00:22:10.000", "to": "00:26:10.000" });
        let answer = self.ask(&platform, Call::put(piece.path("segment"), &body)).await?;
        piece.follow(&answer)?;
        self.tell(&piece.code, &platform, "says which part of the live session speaks of it", &piece.shown());
        Ok(())
    }

    /// A note, and its correction: what an inspector wrote, the same inspector may correct before the verdict.
    async fn note(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let inspector = self.inspector();
        let body = json!({ "text": "a chip at the rim" });
        let seq = self.act(piece, &inspector, "notes", &body, "notes a chip".to_owned()).await?.number("/seq")?;
        let body = json!({
            "seq": seq, "replacement": { "note": "a chip at the hole" }, "reason": "it was written down wrong",
        });
        self.act(piece, &inspector, "corrections", &body, "corrects the note".to_owned()).await?;
        Ok(())
    }

    /// A number that another piece of the order has too.
    async fn same_article(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let clerk = self.people.clerk.clone();
        let asked = self.ask(&clerk, Call::get(piece.path("certificates"))).await?;
        let clash = asked.number("/certificates/0/clash")?;
        let body = json!({ "clash": clash, "same": true });
        let what = "answers that the certificate is this pair's: the number is presented twice".to_owned();
        self.act(piece, &clerk, "same-article", &body, what).await?;
        Ok(())
    }

    /// After an appeal inspectors look who did not look before.
    async fn judge_anew(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let Some(mut appraisal) = piece.way.appraisal.clone() else { return Ok(()) };
        if let Some(body) = appraisal.as_object_mut() {
            body.insert("photo_ids".to_owned(), json!([]));
        }
        // They find nothing that differs.
        piece.way.reason = None;
        (self.anew, self.quiet) = (true, true);
        let judged = self.judge(piece, &appraisal).await;
        let inspector = self.inspector();
        (self.anew, self.quiet) = (false, false);
        judged?;
        self.tell(&piece.code, &inspector, "looks anew: it is as it was described", &piece.shown());
        Ok(())
    }

    /// A parcel that holds more than was announced: a piece that nobody knows goes to lost-and-found, and one that was
    /// closed opens a case.
    async fn strangers(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let (clerk, inspector) = (self.people.clerk.clone(), self.inspector());
        let inbound = piece.way.inbound.clone();
        let inbound = inbound.ok_or_else(|| Failure(format!("piece {} came in no parcel", piece.code)))?;
        let weight = piece.way.packing_weight.clone();
        let arrived = |code: &str| json!({ "code": code, "condition": "intact", "weight": weight });
        let nobodys = PieceCode::from_bits(0x5EED);
        let mut pieces = vec![arrived(&piece.code), arrived(nobodys.as_str())];
        pieces.extend(self.closed.first().map(|code| arrived(code)));
        let body = json!({ "carrier": inbound.carrier, "condition": "intact", "pieces": pieces });
        let path = format!("/v1/parcels/{}/receipt", inbound.waybill);
        let answer = self.ask(&clerk, Call::post(path, &body)).await?;
        piece.stage = answer.text("/pieces/0/stage")?;
        self.tell(&piece.code, &clerk, "opens a parcel in which there is more than was announced", &piece.stage);
        let found = answer.text("/pieces/1/lost_and_found_id")?;
        let path = format!("/v1/lost-and-found/{found}/resolution");
        let proposed = self.ask(&clerk, Call::post(path, &json!({ "what": "sent_back" }))).await?.text("/id")?;
        self.ask(&inspector, Call::post(format!("/v1/proposals/{proposed}/confirm"), &json!({}))).await?;
        let what = format!("sends a piece back that nobody knows; {} confirms", inspector.title);
        self.tell(nobodys.as_str(), &clerk, what, "lost-and-found");
        let Some(code) = self.closed.first().cloned() else { return Ok(()) };
        let case = answer.text("/pieces/2/case_id")?;
        self.tell(&code, &clerk, "finds one in it that was closed: a case is opened", "closed");
        let body = json!({ "upheld": false, "reason": "it goes back to its merchant" });
        self.decide_case(&code, &case, &body).await
    }

    /// Then and now: weighed, its tag read, photographed.
    async fn come_back(&mut self, piece: &mut Piece, same: bool) -> Result<(), Failure> {
        let clerk = self.people.clerk.clone();
        let body = if same {
            json!({ "weight": piece.way.weight_with_tag, "tag": piece.way.tag, "tag_intact": true })
        } else {
            json!({ "weight": { "value": "17.02", "unit": "g", "includes": ["cord"] }, "note": "no tag on it" })
        };
        self.act(piece, &clerk, "return-intake", &body, "weighs what came back and reads its tag".to_owned()).await?;
        self.quiet = true;
        let photos = self.photos(piece, &clerk, "return_intake", RECEIVED_PHOTO).await;
        self.quiet = false;
        photos.map(drop)
    }

    /// Two persons say whether it is the same piece. What is proposed to them agrees, where it can be told.
    async fn identify(&mut self, piece: &mut Piece, identity: &str, reason: Option<&str>) -> Result<(), Failure> {
        let (clerk, inspector) = (self.people.clerk.clone(), self.inspector());
        let compared = self.ask(&clerk, Call::get(piece.path("return-intake"))).await?;
        let proposed = compared.text("/proposed")?;
        if identity != "unclear" && proposed != identity {
            return Err(Failure(format!("piece {}: then and now say {proposed}, not {identity}", piece.code)));
        }
        let what = match identity {
            "same" => "it is the same piece",
            "not_same" => "it is another piece",
            _ => "it cannot be told whether it is the same piece", // There are three answers.
        };
        let body = json!({ "identity": identity, "reason": reason });
        self.two(piece, (&clerk, &inspector), "return-intake", body, what).await
    }

    /// The merchant fills the line again; the piece that failed goes back.
    async fn send_again(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let merchant = self.merchant()?;
        let path = format!("/v1/orders/{}/lines/{}/resubmission", self.fixture.order_no(), piece.way.line_no);
        let answer = self.ask(&merchant, Call::post(path, &json!({}))).await?;
        let (code, stage) = (answer.text("/code")?, answer.text("/stage")?);
        self.tell(&code, &merchant, format!("sends another piece in place of {}", piece.code), &stage);
        Ok(())
    }

    /// The line's price is wanted back instead of another piece.
    async fn cancel_line(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let platform = self.people.platform.clone();
        let path = format!("/v1/orders/{}/lines/{}/cancel", self.fixture.order_no(), piece.way.line_no);
        self.ask(&platform, Call::post(path, &json!({ "reason": "no other piece is wanted" }))).await?;
        self.tell(&piece.code, &platform, "cancels the line: the buyer is asked about the rest", &piece.shown());
        Ok(())
    }

    /// A case with a report that contradicts us, decided by two for the buyer.
    async fn dispute(&mut self, piece: &mut Piece, kind: &str, note: &str) -> Result<(), Failure> {
        let platform = self.people.platform.clone();
        let body = json!({ "piece": piece.code, "kind": kind, "note": note });
        let case = self.ask(&platform, Call::post("/v1/cases", &body)).await?.text("/id")?;
        let body = json!({ "contradicts": true, "number": format!("X-{}", piece.code), "report": "filled with resin" });
        self.ask(&platform, Call::post(format!("/v1/cases/{case}/report"), &body)).await?;
        self.tell(&piece.code, &platform, format!("opens a case ({kind}): {note}"), &piece.shown());
        let body = json!({ "upheld": true, "revokes": true, "reason": "the second report is right" });
        self.decide_case(&piece.code, &case, &body).await
    }

    async fn decide_case(&mut self, code: &str, case: &str, body: &Value) -> Result<(), Failure> {
        for who in [self.people.supervisor.clone(), self.people.second_supervisor.clone()] {
            let answer = self.ask(&who, Call::post(format!("/v1/cases/{case}/decision"), body)).await?;
            let decided = if body["upheld"] == true { "for the buyer" } else { "that nothing is owed" };
            self.tell(code, &who, format!("decides {decided}"), &format!("case {}", answer.text("/state")?));
        }
        Ok(())
    }
}
