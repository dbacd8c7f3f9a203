//! The endpoints that are told of changes: whose they are, and how they are doing.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{outbox, webhooks};
use super::outbox::State;
use super::script::insert;
use super::{Error, following};

/// A new endpoint.
pub async fn add(conn: &impl ConnectionTrait, row: webhooks::Model) -> Result<(), Error> {
    insert(conn, vec![row]).await
}

/// One endpoint that was not taken away.
pub async fn endpoint(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<webhooks::Model>, Error> {
    Ok(webhooks::Entity::find_by_id(id).filter(webhooks::Column::DeletedAt.is_null()).one(conn).await?)
}

/// The endpoints of a platform, or of one of its merchants, oldest first.
pub async fn of_owner(
    conn: &impl ConnectionTrait,
    tenant: &str,
    merchant: Option<&str>,
) -> Result<Vec<webhooks::Model>, Error> {
    use webhooks::Column;
    let owned = webhooks::Entity::find().filter(Column::TenantId.eq(tenant)).filter(Column::DeletedAt.is_null());
    let owned = match merchant {
        Some(merchant) => owned.filter(Column::MerchantId.eq(merchant)),
        None => owned.filter(Column::MerchantId.is_null()),
    };
    Ok(owned.order_by_asc(Column::Id).all(conn).await?)
}

/// The endpoints for which something is due and that may be tried.
pub async fn due(conn: &impl ConnectionTrait, now: i64, limit: u64) -> Result<Vec<webhooks::Model>, Error> {
    use webhooks::Column;
    let waits = Query::select()
        .expr(Expr::val(1))
        .from(outbox::Entity)
        .and_where(Expr::col((outbox::Entity, outbox::Column::Channel)).equals((webhooks::Entity, Column::Channel)))
        .and_where(Expr::col((outbox::Entity, outbox::Column::State)).eq(State::Waiting.as_str()))
        .and_where(Expr::col((outbox::Entity, outbox::Column::NotBeforeAt)).lte(now))
        .take();
    Ok(webhooks::Entity::find()
        .filter(Column::DeletedAt.is_null())
        .filter(Column::PausedAt.is_null())
        .filter(Column::NotBeforeAt.lte(now))
        .filter(Expr::exists(waits))
        .order_by_asc(Column::NotBeforeAt)
        .limit(limit)
        .all(conn)
        .await?)
}

/// Endpoints that were paused and whose owner was not written to yet.
pub async fn untold(conn: &impl ConnectionTrait, now: i64) -> Result<Vec<webhooks::Model>, Error> {
    use webhooks::Column;
    Ok(webhooks::Entity::find()
        .filter(Column::DeletedAt.is_null())
        .filter(Column::PausedAt.is_not_null())
        .filter(Column::ToldAt.is_null())
        .filter(Column::NotBeforeAt.lte(now))
        .order_by_asc(Column::Id)
        .limit(16)
        .all(conn)
        .await?)
}

/// The id of the letter to its owner about this pause of an endpoint: the same on every try, and another for the next pause.
pub fn letter_of_pause(endpoint: &webhooks::Model) -> Uuid {
    let paused_at = endpoint.paused_at.unwrap_or_default().to_be_bytes();
    following([endpoint.id.as_bytes().as_slice(), &paused_at].concat())
}

/// Notes that an owner was written to, or when it is tried again.
pub async fn note_told(store: &super::Store, id: Uuid, told_at: Option<i64>, again_at: i64) -> Result<(), Error> {
    use webhooks::Column;
    let txn = store.begin().await?;
    webhooks::Entity::update_many()
        .col_expr(Column::ToldAt, Expr::value(told_at))
        .col_expr(Column::NotBeforeAt, Expr::value(again_at))
        .filter(Column::Id.eq(id))
        .filter(Column::PausedAt.is_not_null())
        .exec(&*txn)
        .await?;
    txn.commit().await
}

/// Puts other secrets in place of those that are sealed.
pub async fn put_sealed(conn: &impl ConnectionTrait, id: Uuid, sealed: Vec<u8>) -> Result<(), Error> {
    webhooks::Entity::update_many()
        .col_expr(webhooks::Column::Sealed, Expr::value(sealed))
        .filter(webhooks::Column::Id.eq(id))
        .exec(conn)
        .await?;
    Ok(())
}

/// Lets an endpoint be tried again, at once.
pub async fn resume(conn: &impl ConnectionTrait, id: Uuid) -> Result<(), Error> {
    use webhooks::Column;
    let nothing = Expr::value(Option::<i64>::None);
    webhooks::Entity::update_many()
        .col_expr(Column::PausedAt, nothing.clone())
        .col_expr(Column::ToldAt, nothing.clone())
        .col_expr(Column::FailingSinceAt, nothing)
        .col_expr(Column::Failures, Expr::value(0))
        .col_expr(Column::NotBeforeAt, Expr::value(0_i64))
        .filter(Column::Id.eq(id))
        .exec(conn)
        .await?;
    Ok(())
}

/// Takes an endpoint away, for good. Its secrets go with it.
pub async fn delete(conn: &impl ConnectionTrait, id: Uuid, now: i64) -> Result<(), Error> {
    use webhooks::Column;
    webhooks::Entity::update_many()
        .col_expr(Column::DeletedAt, Expr::value(now))
        .col_expr(Column::WrappedKey, Expr::value(Vec::<u8>::new()))
        .col_expr(Column::Sealed, Expr::value(Vec::<u8>::new()))
        .filter(Column::Id.eq(id))
        .exec(conn)
        .await?;
    Ok(())
}
