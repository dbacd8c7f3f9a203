//! What stands behind the question mark: read by name, refused by name.

use std::ops::Deref;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ApiError;

/// The parameters of a question. One that is unknown or cannot be read is a 400 that names it.
#[derive(Debug)]
pub struct Query<T>(pub T);

/// Of a question that takes none: whoever gives one would think that it counted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoParameters {}

impl<T> Deref for Query<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(read)) => Ok(Self(read)),
            Err(rejection) => {
                let reason = rejection.body_text();
                let reason = reason.rsplit_once("string: ").map_or(reason.as_str(), |(_, reason)| reason);
                let detail = format!("a parameter after the ? is wrong: {reason}");
                Err(ApiError::request(StatusCode::BAD_REQUEST, "bad_query", &detail))
            }
        }
    }
}
