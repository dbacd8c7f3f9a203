//! What the pages share on which a buyer does something: coming in by the link, showing that it is the buyer, and the
//! request that is made of a form.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::Value;
use uuid::Uuid;

use super::super::pages::{self, Visitor};
use super::guesses::Source;
use super::{ApiError, App, Entrance, admit};
use crate::capsule::canonical::canonical_value;
use crate::desk::Request;
use crate::desk::choice::Digits;
use crate::domain::actor::{By, Role};
use crate::domain::ids::{CommandId, KeyId};
use crate::words::Words;

/// The cookie of whoever came by the personal notice.
pub(super) const COOKIE: &str = "touchstone-act";

/// Opens a link and answers with what lies behind it; or with the page that says why not.
pub(super) async fn come_in(
    app: &App,
    source: &Source,
    token: &str,
    visitor: &Visitor<'_>,
    then: impl AsyncFnOnce(Entrance) -> Result<Response, ApiError>,
) -> Response {
    let answer = async {
        match admit(app, source, token).await? {
            Err(refused) => refused.page(visitor),
            Ok(entrance) => then(entrance).await,
        }
    };
    answer.await.unwrap_or_else(|error| pages::fault(visitor, error))
}

/// Whether a form was sent from a page of this house, as far as the browser tells. What counts in the end is the token
/// or the digits. Our pages send no referrer, so some browsers call their origin `null`.
pub(super) fn same_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, None | Some("null")) => true,
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text("host")
        }
    }
}

/// What is wrong with a form that was sent.
pub(super) enum Wrong {
    Pick,
    Digits(Digits),
    Shape,
    /// In words of its own.
    Said(&'static str),
}

impl Wrong {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Wrong::Pick | Wrong::Shape | Wrong::Said(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Wrong::Digits(_) => StatusCode::FORBIDDEN,
        }
    }

    pub(super) fn sentence(&self, words: &Words) -> String {
        match self {
            Wrong::Pick => words.choice_pick().to_owned(),
            Wrong::Shape => words.choice_wrong().to_owned(),
            Wrong::Said(sentence) => (*sentence).to_owned(),
            Wrong::Digits(Digits::Wrong(left)) => words.choice_tries(i64::from(*left)),
            Wrong::Digits(Digits::NoPhone) => words.choice_no_phone().to_owned(),
            Wrong::Digits(Digits::Locked | Digits::Right) => words.choice_locked().to_owned(),
        }
    }
}

/// Whoever sits before a form of this order.
pub(super) struct Buyer<'a> {
    pub app: &'a App,
    pub entrance: &'a Entrance,
    pub headers: &'a HeaderMap,
}

impl Buyer<'_> {
    /// Whether they came by the personal notice.
    pub(super) fn is_known(&self) -> bool {
        let cookies = self.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut cookies = cookies.flat_map(|list| list.split(';')).filter_map(|one| one.trim().split_once('='));
        cookies.any(|(name, value)| name == COOKIE && self.app.desk().is_action_token(self.entrance.order_id, value))
    }

    /// Why they cannot get through, whatever they fill in: told before they choose.
    pub(super) async fn hindrance(&self) -> Result<Option<Wrong>, ApiError> {
        if self.is_known() {
            return Ok(None);
        }
        let tries = self.app.desk().tries_left(self.entrance.order_id, self.entrance.buyer_id()).await?;
        Ok(match tries {
            None => Some(Wrong::Digits(Digits::NoPhone)),
            Some(left) if left < 1 => Some(Wrong::Digits(Digits::Locked)),
            Some(_) => None,
        })
    }

    /// Whether it is the buyer: known, or by the last four digits of the phone.
    pub(super) async fn proved(&self, phone: &str) -> Result<Result<(), Wrong>, ApiError> {
        if self.is_known() {
            return Ok(Ok(()));
        }
        let phone = phone.trim();
        if phone.len() != 4 || !phone.bytes().all(|b| b.is_ascii_digit()) {
            // What cannot be right costs no try.
            return Ok(Err(Wrong::Shape));
        }
        let (order_id, buyer) = (self.entrance.order_id, self.entrance.buyer_id());
        Ok(match self.app.desk().try_digits(order_id, buyer, phone, self.app.now()).await? {
            Digits::Right => Ok(()),
            digits @ (Digits::Wrong(_) | Digits::Locked | Digits::NoPhone) => Err(Wrong::Digits(digits)),
        })
    }

    /// The request of a form. `target` is its address without the token; the nonce makes one of a double click.
    pub(super) fn request(&self, target: String, nonce: &str, body: &Value) -> Result<Request, ApiError> {
        let body = canonical_value(body).map_err(|error| ApiError::Fault(Box::new(error)))?;
        let nonce: String = nonce.chars().filter(char::is_ascii_graphic).take(64).collect();
        Ok(Request {
            by: By { person: self.entrance.buyer_id(), key: KeyId::NONE, role: Role::Buyer, proposer: None },
            idempotency_key: if nonce.is_empty() { Uuid::now_v7().to_string() } else { nonce },
            part: String::new(),
            target,
            body: body.into_bytes(),
            digested: Vec::new(),
            if_match: None,
            command_id: CommandId(Uuid::now_v7()),
            now: self.app.now(),
            confirms: None,
        })
    }
}

/// On to another page, so that nothing is sent again by going back or forward.
pub(super) fn on_to(address: &str) -> Response {
    let mut response = Redirect::to(address).into_response();
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_another_site_is_known_by_its_headers() {
        let check = |site: Option<&'static str>, origin: Option<&'static str>, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("touchstone.example"));
            if let Some(site) = site {
                headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            }
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(same_site(&headers), expected, "{site:?} {origin:?}");
        };
        check(Some("same-origin"), Some("null"), true);
        check(Some("cross-site"), Some("null"), false);
        check(Some("same-site"), Some("https://touchstone.example"), false);
        check(None, Some("https://touchstone.example"), true);
        check(None, Some("https://other.example"), false);
        check(None, None, true);
    }
}
