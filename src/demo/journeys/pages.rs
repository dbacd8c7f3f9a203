//! What the buyer does, on the pages that a buyer has: a form, and the last four digits of their phone.

use serde_json::Value;

use super::{Guide, Piece};
use crate::client::Call;
use crate::demo::Failure;
use crate::demo::house::Person;

impl Guide {
    /// Accepts or declines a disclosed difference, in the words that the page shows.
    pub(super) async fn decide(&mut self, piece: &mut Piece, accepts: bool) -> Result<(), Failure> {
        let path = format!("{}/pieces/{}/decision", self.page, piece.code);
        let page = self.client.call(&Call::get(path.as_str())).await?;
        let page = String::from_utf8_lossy(&page.body).into_owned();
        let shown = hidden(&page, "shown").ok_or_else(|| Failure(format!("piece {} discloses nothing", piece.code)))?;
        let choice = if accepts { "accept" } else { "refuse" };
        self.submit(&path, &[("choice", choice), ("shown", shown)]).await?;
        let what = if accepts { "accepts the difference as it is shown" } else { "does not want it so" };
        self.told_by_buyer(piece, what).await
    }

    /// Opens a return within the window.
    pub(super) async fn open_return(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let path = format!("{}/pieces/{}/return", self.page, piece.code);
        self.submit(&path, &[("reason", "too large for me")]).await?;
        self.told_by_buyer(piece, "opens a return").await
    }

    /// Wants the rest of the order without the line that failed.
    pub(super) async fn want_rest(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let path = format!("{}/order/decision", self.page);
        self.submit(&path, &[("choice", "ship")]).await?;
        self.told_by_buyer(piece, "wants the rest of the order").await
    }

    async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<(), Failure> {
        let phone = self.fixture.order.pointer("/buyer/phone").and_then(Value::as_str).unwrap_or_default();
        let digits = phone.get(phone.len().saturating_sub(4)..).unwrap_or_default().to_owned();
        let mut fields = fields.to_vec();
        fields.push(("phone", &digits));
        let answer = self.client.send(&Call::form(path, &fields)).await?;
        // The page sends a buyer on to what became of it.
        if answer.status == 303 {
            Ok(())
        } else {
            Err(Failure(format!("a buyer's page was answered {}", answer.status)))
        }
    }

    async fn told_by_buyer(&mut self, piece: &mut Piece, what: &str) -> Result<(), Failure> {
        self.look_up(piece).await?;
        let buyer = Person { title: "buyer", id: uuid::Uuid::nil(), secret: String::new() };
        self.tell(&piece.code, &buyer, what, &piece.shown());
        Ok(())
    }

    /// Where the piece is now, after something that does not answer with it.
    pub(super) async fn look_up(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let platform = self.people.platform.clone();
        let seen = self.ask(&platform, Call::get(piece.path("").trim_end_matches('/'))).await?;
        piece.follow(&seen)
    }
}

/// What a hidden field of a form holds.
fn hidden<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_field_is_read_by_its_name() {
        let page = r#"<input type="hidden" name="nonce" value="n"><input type="hidden" name="shown" value="0f">"#;
        assert_eq!((hidden(page, "shown"), hidden(page, "phone")), (Some("0f"), None));
    }
}
