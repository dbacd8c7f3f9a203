//! Who calls. A handler asks for a [`Caller`] of certain roles; without one it sees no order.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::{ApiError, App};
use crate::desk::{KeyScope, Located};
use crate::domain::actor::{By, Role, Scope};
use crate::domain::ids::{KeyId, MerchantId, PersonId, TenantId, WarehouseId};
use crate::domain::refusal::Refusal;
use crate::store::entity::keys;
use crate::store::queries;
use crate::vault;

pub const PLATFORM: u16 = 1;
pub const MERCHANT: u16 = 1 << 1;
pub const CLERK: u16 = 1 << 2;
pub const INSPECTOR: u16 = 1 << 3;
pub const SUPERVISOR: u16 = 1 << 4;
pub const AUDITOR: u16 = 1 << 5;
pub const OPERATOR: u16 = 1 << 6;
/// Those who work in the warehouse.
pub const STAFF: u16 = CLERK | INSPECTOR | SUPERVISOR;
/// Everybody who may see a piece.
pub const READERS: u16 = PLATFORM | MERCHANT | STAFF | AUDITOR;

fn bit(role: Role) -> u16 {
    match role {
        Role::Platform => PLATFORM,
        Role::Merchant => MERCHANT,
        Role::Clerk => CLERK,
        Role::Inspector => INSPECTOR,
        Role::Supervisor => SUPERVISOR,
        Role::Auditor => AUDITOR,
        Role::Operator => OPERATOR,
        Role::Buyer | Role::Carrier | Role::Desk => 0,
    }
}

/// Somebody with a good key, in a role that the route takes.
#[derive(Clone, Debug)]
pub struct Caller<const ROLES: u16> {
    pub person: PersonId,
    pub key: KeyId,
    /// For a platform that acts for its merchant: merchant.
    pub role: Role,
    pub scope: Scope,
}

impl<const ROLES: u16> Caller<ROLES> {
    pub fn by(&self) -> By {
        By { person: self.person, key: self.key, role: self.role, proposer: None }
    }

    /// Whether the caller may know of this piece.
    pub fn sees(&self, located: &Located) -> bool {
        self.scope.covers(&located.tenant_id, &located.merchant_id, &located.warehouse_id)
    }

    /// The warehouse that the caller works in.
    pub fn warehouse(&self) -> Result<&WarehouseId, ApiError> {
        match &self.scope {
            Scope::Warehouse(warehouse) => Ok(warehouse),
            Scope::Tenant(_) | Scope::Merchant(..) | Scope::Everything | Scope::Nothing => {
                Err(ApiError::absent("warehouse"))
            }
        }
    }

    /// The platform that the caller belongs to.
    pub fn tenant(&self) -> Result<&TenantId, ApiError> {
        match &self.scope {
            Scope::Tenant(tenant) | Scope::Merchant(tenant, _) => Ok(tenant),
            Scope::Warehouse(_) | Scope::Everything | Scope::Nothing => Err(ApiError::absent("platform")),
        }
    }
}

impl<const ROLES: u16> FromRequestParts<App> for Caller<ROLES> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let holder = holder(&parts.headers, app).await?;
        let (role, scope) = match parts.headers.get("on-behalf-of") {
            None => (holder.role, holder.scope),
            Some(merchant) => {
                let Scope::Tenant(tenant) = holder.scope else {
                    return Err(forbidden("only a platform's key may act On-Behalf-Of a merchant"));
                };
                let merchant =
                    merchant.to_str().ok().and_then(|text| MerchantId::parse(text).ok()).ok_or_else(|| {
                        bad_header("On-Behalf-Of takes the id of one of your merchants, as given in its orders")
                    })?;
                (Role::Merchant, Scope::Merchant(tenant, merchant))
            }
        };
        if bit(role) & ROLES == 0 {
            let needs: Vec<_> =
                Role::OF_KEYS.into_iter().filter(|role| bit(*role) & ROLES != 0).map(Role::as_str).collect();
            let hint = if role == Role::Platform && ROLES & MERCHANT != 0 {
                "; a platform acts for its merchant with the header On-Behalf-Of"
            } else {
                ""
            };
            let detail = format!("a {role}'s key may not do this; it takes a key of: {}{hint}", needs.join(", "));
            return Err(forbidden(&detail));
        }
        Ok(Self { person: holder.person, key: holder.key, role, scope })
    }
}

fn forbidden(detail: &str) -> ApiError {
    ApiError::request(StatusCode::FORBIDDEN, "not_yours", detail)
}

fn bad_header(detail: &str) -> ApiError {
    ApiError::request(StatusCode::BAD_REQUEST, "bad_header", detail)
}

fn unauthorized() -> ApiError {
    ApiError::request(
        StatusCode::UNAUTHORIZED,
        "no_key",
        "send a good key as `Authorization: Bearer …`; this one is absent, unknown, expired or revoked",
    )
}

/// Whose key it is.
#[derive(Clone, Debug)]
struct Holder {
    person: PersonId,
    key: KeyId,
    role: Role,
    scope: Scope,
    expires_at: Option<i64>,
}

async fn holder(headers: &HeaderMap, app: &App) -> Result<Holder, ApiError> {
    let secret = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim())
        .ok_or_else(unauthorized)?;
    let hash = vault::hash_secret(secret);
    let now = app.now().as_microsecond();
    let holder = match app.keys().get(&hash) {
        Some(holder) => holder,
        None => {
            let row = queries::key_by_hash(app.desk().store().reader(), &hash).await?;
            let holder = row.filter(|row| row.revoked_at.is_none()).and_then(|row| holder_of(&row));
            let holder = holder.ok_or_else(unauthorized)?;
            app.keys().keep(hash, holder.clone());
            holder
        }
    };
    if holder.expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(unauthorized());
    }
    Ok(holder)
}

fn holder_of(row: &keys::Model) -> Option<Holder> {
    let role = Role::of_key(&row.role)?;
    let scope = KeyScope {
        tenant_id: row.tenant_id.as_deref().and_then(|id| TenantId::parse(id).ok()),
        merchant_id: row.merchant_id.as_deref().and_then(|id| MerchantId::parse(id).ok()),
        warehouse_id: row.warehouse_id.as_deref().and_then(|id| WarehouseId::parse(id).ok()),
    };
    Some(Holder {
        person: PersonId(row.person_id),
        key: KeyId(row.id),
        role,
        scope: scope.of(role)?,
        expires_at: row.expires_at,
    })
}

/// Keys that were good a moment ago. A revocation here is felt at once; one by another process within `GOOD_FOR`.
#[derive(Default)]
pub struct KeyCache(Mutex<HashMap<[u8; 32], (Instant, Holder)>>);

const GOOD_FOR: Duration = Duration::from_secs(1);
const KEPT: usize = 10_000;

impl KeyCache {
    fn get(&self, hash: &[u8; 32]) -> Option<Holder> {
        let kept = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        kept.get(hash).filter(|(since, _)| since.elapsed() < GOOD_FOR).map(|(_, holder)| holder.clone())
    }

    fn keep(&self, hash: [u8; 32], holder: Holder) {
        let mut kept = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if KEPT <= kept.len() {
            kept.clear();
        }
        kept.insert(hash, (Instant::now(), holder));
    }

    /// Forgets everything: a key was revoked.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clear();
    }
}

/// What a caller may not see is not there.
pub fn visible(seen: bool, what: &'static str) -> Result<(), ApiError> {
    if seen { Ok(()) } else { Err(Refusal::Absent(what).into()) }
}
