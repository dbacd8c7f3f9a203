//! Each side line once, on a piece of its own: what arrived otherwise, what cannot be told, what is appealed, held, sent
//! back, sent again and disputed.

use serde_json::{Value, json};

use super::{Guide, Piece};
use crate::client::Call;
use crate::demo::Failure;
use crate::demo::fixtures::{RECEIVED_PHOTO, Side};
use crate::demo::house::Person;

impl Guide {
    /// Takes a piece that rests where its main line ends along its side line.
    pub(super) async fn side_line(&mut self, piece: &mut Piece, side: Side) -> Result<(), Failure> {
        match side {
            Side::Exception => self.exception(piece).await,
            Side::OutsideReport => {
                let part = json!({"component": "c1", "role": "main_stone", "material": "和田玉", "state": "examined"});
                let body =
                    json!({"what": "outside_report", "laboratory": "lab-1", "number": "R-2611-7", "results": [part]});
                self.supervise(piece, "undetermined", body, "has an outside laboratory's report: it is appraised anew")
                    .await
            }
            Side::Disclosed => {
                let body = json!({"what": "disclose", "reason": "the treatment cannot be told with what is here"});
                self.supervise(piece, "undetermined", body, "puts to the buyer what could not be told").await
            }
            Side::Appealed => {
                let merchant = self.merchant()?;
                let body = json!({ "reason": "the diameter was measured over the cord" });
                self.act(piece, &merchant, "appeal", &body, "appeals: other inspectors look".to_owned()).await?;
                Ok(())
            }
            Side::Overridden => {
                let body = json!({ "reason": "a hair's breadth; the buyer may decide" });
                self.by_two(piece, "override", body, "lets the buyer decide after all").await
            }
            Side::Lifted => {
                let body = json!({ "what": "lift", "reason": "the spectrum was another piece's" });
                self.by_two(piece, "quarantine", body, "lifts the quarantine").await
            }
            Side::HandedOver => {
                let body = json!({
                    "what": "uphold", "to": "handed_to_authority", "reference": "SJ 2026-17",
                    "reason": "a series of the same imitation",
                });
                self.by_two(piece, "quarantine", body, "hands it to the authority").await
            }
            Side::SameReturned => self.come_back(piece, true).await,
            Side::Swapped => self.come_back(piece, false).await,
            Side::SentAgain => self.send_again(piece).await,
            Side::Disputed => self.dispute(piece).await,
        }
    }

    async fn supervise(&mut self, piece: &mut Piece, command: &str, body: Value, what: &str) -> Result<(), Failure> {
        let supervisor = self.people.supervisor.clone();
        self.act(piece, &supervisor, command, &body, what.to_owned()).await?;
        Ok(())
    }

    async fn exception(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let clerk = self.people.clerk.clone();
        let body = json!({ "condition": "damaged", "note": "the parcel is crushed on one side" });
        self.act(piece, &clerk, "receipt", &body, "finds the parcel damaged".to_owned()).await?;
        let body = json!({ "resolution": "received", "reason": "only the box; the piece is whole" });
        self.supervise(piece, "exception", body, "looks inside and lets it in").await
    }

    /// One proposes, another person confirms.
    async fn by_two(&mut self, piece: &mut Piece, command: &str, body: Value, what: &str) -> Result<(), Failure> {
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
        self.tell(&piece.code, first, format!("proposes: {what}"), &piece.stage);
        let confirmed = self.ask(second, Call::post(format!("/v1/proposals/{id}/confirm"), &json!({}))).await?;
        piece.follow(&confirmed)?;
        self.tell(&piece.code, second, "confirms with a key of their own", &piece.shown());
        Ok(())
    }

    async fn come_back(&mut self, piece: &mut Piece, same: bool) -> Result<(), Failure> {
        let (platform, clerk) = (self.people.platform.clone(), self.people.clerk.clone());
        let inspector = self.inspector();
        let body = json!({ "reason": "too large for me" });
        self.act(piece, &platform, "return", &body, "opens a return for the buyer".to_owned()).await?;
        let body = json!({ "carrier": "zhongtong", "waybill": format!("BACK-{}", piece.code) });
        self.act(piece, &platform, "return", &body, "tells by which parcel it comes".to_owned()).await?;
        let body = if same {
            json!({ "weight": piece.way.weight_with_tag, "tag": piece.way.tag, "tag_intact": true })
        } else {
            json!({ "weight": { "value": "17.02", "unit": "g", "includes": ["cord"] }, "note": "no tag on it" })
        };
        self.act(piece, &clerk, "return-intake", &body, "weighs what came back and reads its tag".to_owned()).await?;
        self.photos(piece, &clerk, "return_intake", RECEIVED_PHOTO).await?;
        let compared = self.ask(&clerk, Call::get(piece.path("return-intake"))).await?;
        let proposed = compared.text("/proposed")?;
        let (identity, wanted) = if same { ("same", "the same piece") } else { ("not_same", "another piece") };
        if proposed != identity {
            return Err(Failure(format!("piece {}: then and now say {proposed}, not {identity}", piece.code)));
        }
        let body = json!({ "identity": identity, "reason": (!same).then_some("four grams lighter, and no tag") });
        self.two(piece, (&clerk, &inspector), "return-intake", body, &format!("it is {wanted}")).await
    }

    /// The merchant fills the line again; the piece that failed goes back.
    async fn send_again(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let merchant = self.merchant()?;
        let body = json!({ "reason": "another one is sent" });
        self.act(piece, &merchant, "appeal-waiver", &body, "accepts the verdict".to_owned()).await?;
        let path = format!("/v1/orders/{}/lines/{}/resubmission", self.fixture.order_no(), piece.way.line_no);
        let answer = self.ask(&merchant, Call::post(path, &json!({}))).await?;
        let (code, stage) = (answer.text("/code")?, answer.text("/stage")?);
        self.tell(&code, &merchant, format!("sends another piece in place of {}", piece.code), &stage);
        Ok(())
    }

    /// A second laboratory contradicts us: a case, decided by two.
    async fn dispute(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let platform = self.people.platform.clone();
        let body = json!({ "piece": piece.code, "kind": "retest", "note": "the buyer asked another laboratory" });
        let case = self.ask(&platform, Call::post("/v1/cases", &body)).await?.text("/id")?;
        self.tell(&piece.code, &platform, "opens a case: a re-test", &piece.stage);
        let body = json!({ "contradicts": true, "number": "X-2611-3", "report": "filled with resin" });
        self.ask(&platform, Call::post(format!("/v1/cases/{case}/report"), &body)).await?;
        self.tell(&piece.code, &platform, "hands in the second report: it contradicts ours", &piece.stage);
        let body = json!({ "upheld": true, "revokes": true, "reason": "the second report is right" });
        for who in [self.people.supervisor.clone(), self.people.second_supervisor.clone()] {
            let answer = self.ask(&who, Call::post(format!("/v1/cases/{case}/decision"), &body)).await?;
            let state = answer.text("/state")?;
            self.tell(&piece.code, &who, format!("decides for the buyer; the case is {state}"), &piece.stage);
        }
        Ok(())
    }
}
