//! What carriers push: by Kuaidi100's form with its signature, and by the plain push of any other.

use jiff::tz::TimeZone;
use serde_json::json;

use super::{Guide, Piece};
use crate::carriers::kuaidi100;
use crate::client::Call;
use crate::demo::Failure;
use crate::demo::house::Person;
use crate::domain::transit::Told;
use crate::vault;

impl Guide {
    /// A word of Kuaidi100 (快递100) on the parcel in which the piece travels: the state of the whole, and the code of its
    /// newest entry.
    pub(super) async fn hear_kuaidi100(
        &mut self,
        piece: &mut Piece,
        state: &str,
        code: &str,
        what: &str,
    ) -> Result<(), Failure> {
        let leg = if piece.stage == "inbound" { &piece.way.inbound } else { &piece.way.outbound };
        let leg = leg.clone().ok_or_else(|| Failure(format!("piece {} is with no carrier", piece.code)))?;
        // Its times are China's, and name no zone.
        let zone = TimeZone::get("Asia/Shanghai").map_err(|error| Failure::of("China's time", &error))?;
        let at = self.clock.now().to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let entry = json!({ "context": "", "time": at, "ftime": at, "status": "", "statusCode": code });
        let param = json!({
            "status": "polling",
            "lastResult": { "state": state, "com": leg.carrier, "nu": leg.waybill, "data": [entry] },
        });
        let param = param.to_string();
        let account = self.people.kuaidi100.clone();
        let sign = kuaidi100::sign(&param, &account.salt);
        let path = format!("/v1/carriers/kuaidi100/{}", account.token);
        self.client.call(&Call::form(path, &[("param", &param), ("sign", &sign)])).await?;
        self.told_by_carrier(piece, what).await
    }

    /// A word of another carrier on the parcel whose waybill begins so.
    pub(super) async fn hear_push(&mut self, piece: &mut Piece, leg: &str, told: Told) -> Result<(), Failure> {
        let body = json!({
            "carrier": "zhongtong", "waybill": format!("{leg}-{}", piece.code), "state": told.as_str(),
            "at": self.clock.now().to_string(),
        });
        let account = self.people.carrier.clone();
        let sign = vault::signature(&account.salt, body.to_string().as_bytes());
        let call = Call::post(format!("/v1/carriers/push/{}", account.token), &body).header("x-signature", &sign);
        self.client.call(&call).await?;
        self.told_by_carrier(piece, "has handed it over").await
    }

    async fn told_by_carrier(&mut self, piece: &mut Piece, what: &str) -> Result<(), Failure> {
        self.look_up(piece).await?;
        let carrier = Person { title: "carrier", id: uuid::Uuid::nil(), secret: String::new() };
        self.tell(&piece.code, &carrier, format!("tells that it {what}"), &piece.shown());
        Ok(())
    }
}
