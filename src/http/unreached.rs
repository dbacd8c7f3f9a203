//! Choices that reached nobody: whoever owes an answer was not told by any channel, so no clock runs, and a supervisor
//! must reach them.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::notices::NoticeAnswer;
use super::views::instant;
use super::{ApiError, App};
use crate::desk::accepted::starts_a_clock;
use crate::domain::notice::{Notice, Recipient};
use crate::store::entity::outbox as rows;
use crate::store::journal::stream_key;
use crate::store::outbox::{self, State};
use crate::store::queries;

/// A choice that reached nobody.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnreachedAnswer {
    order_no: String,
    /// The piece code; null for the question about the rest of an order.
    piece: Option<String>,
    /// When it was given up.
    #[schema(value_type = String)]
    since: Value,
    /// What did not arrive, by channel: each can be sent again by `POST /v1/notices/{id}/resend`.
    notices: Vec<NoticeAnswer>,
}

/// Those of a warehouse.
pub async fn told(app: &App, warehouse: &str) -> Result<Vec<UnreachedAnswer>, ApiError> {
    let reader = app.desk().store().reader();
    let mut answers = Vec::new();
    for row in outbox::unreached(reader, warehouse).await? {
        let key = stream_key(row.order_id, row.stream_id);
        // The question about the rest may have been answered, or asked anew, or may have arrived after all.
        if row.stream_id == 0 {
            let asked = app.desk().open_question(key.order_id).await?;
            if asked.is_none_or(|asked| asked.seq != row.seq || asked.accepted_at.is_some()) {
                continue;
            }
        }
        let of_event = outbox::of_stream(reader, row.order_id, row.stream_id).await?;
        let is_lost = |lost: &&rows::Model| {
            let told = (Recipient::parse(&lost.recipient), Notice::parse(&lost.notice));
            let waited = matches!(told, (Some(recipient), Some(notice)) if starts_a_clock(recipient, notice));
            let closed = [State::Buried, State::Nobody].iter().any(|state| state.as_str() == lost.state);
            lost.seq == row.seq && waited && closed
        };
        let notices: Vec<NoticeAnswer> = of_event.iter().filter(is_lost).map(NoticeAnswer::from).collect();
        let Some(order) = queries::order(reader, row.order_id).await?.filter(|_| !notices.is_empty()) else { continue };
        let piece = queries::piece(reader, row.order_id, row.stream_id).await?.map(|piece| piece.code);
        answers.push(UnreachedAnswer { order_no: order.order_no, piece, since: instant(row.created_at), notices });
    }
    Ok(answers)
}
