//! The rows that stand beside journals: of many orders at once, and for those who check that they still do, a journal
//! without its rows and a row without its journal.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::*;
use super::journal::stream_key;
use super::{ALTERNATIVES, Error, padded};
use crate::domain::ids::StreamKey;

/// The projections of these orders.
pub async fn orders_of(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<orders::Model>, Error> {
    let mut found = Vec::new();
    for ids in ids.chunks(ALTERNATIVES) {
        let rows = orders::Entity::find().filter(orders::Column::OrderId.is_in(padded(ids).copied()));
        found.extend(rows.all(conn).await?);
    }
    Ok(found)
}

/// The projections of the pieces of these orders.
pub async fn pieces_of(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<pieces::Model>, Error> {
    let mut found = Vec::new();
    for ids in ids.chunks(ALTERNATIVES) {
        let rows = pieces::Entity::find().filter(pieces::Column::OrderId.is_in(padded(ids).copied()));
        found.extend(rows.all(conn).await?);
    }
    Ok(found)
}

/// The capsules of these orders.
pub async fn capsules_of(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<capsules::Model>, Error> {
    Ok(capsules::Entity::find().filter(capsules::Column::OrderId.is_in(ids.iter().copied())).all(conn).await?)
}

/// The projections of the cases of these orders.
pub async fn cases_of(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<cases::Model>, Error> {
    Ok(cases::Entity::find().filter(cases::Column::OrderId.is_in(ids.iter().copied())).all(conn).await?)
}

/// When cases of these orders were decided.
pub async fn case_decisions(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, Error> {
    use events::Column::{At, Kind, OrderId};
    let decided = events::Entity::find().select_only().columns([OrderId, At]).filter(Kind.eq("case_decided"));
    Ok(decided.filter(OrderId.is_in(ids.iter().copied())).into_tuple().all(conn).await?)
}

/// Where these piece codes lead.
pub async fn piece_codes(conn: &impl ConnectionTrait, codes: &[String]) -> Result<Vec<piece_codes::Model>, Error> {
    Ok(piece_codes::Entity::find().filter(piece_codes::Column::Code.is_in(codes)).all(conn).await?)
}

/// Signed roots after an instant, oldest first.
pub async fn roots(conn: &impl ConnectionTrait, after: Option<i64>, limit: u64) -> Result<Vec<roots::Model>, Error> {
    let mut query = roots::Entity::find().order_by_asc(roots::Column::At);
    if let Some(after) = after {
        query = query.filter(roots::Column::At.gt(after));
    }
    Ok(query.limit(limit).all(conn).await?)
}

macro_rules! tables {
    ($($variant:ident $table:ident $stream:expr;)*) => {
        /// A table whose rows name a journal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Table { $($variant,)* }

        impl Table {
            pub const ALL: &'static [Table] = &[$(Table::$variant,)*];

            /// Its name in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Table::$variant => stringify!($table),)* }
            }

            /// Journals after one that rows of this table name and that have no event.
            pub async fn without_journal(
                self,
                conn: &impl ConnectionTrait,
                after: Option<StreamKey>,
                limit: u64,
            ) -> Result<Vec<StreamKey>, Error> {
                use sea_orm::sea_query::SimpleExpr;
                match self {
                    $(Table::$variant => {
                        let stream: fn() -> SimpleExpr = || {
                            let column: Option<$table::Column> = $stream;
                            match column {
                                Some(column) => Expr::col(($table::Entity, column)),
                                None => Expr::val(0),
                            }
                        };
                        without_journal($table::Entity, $table::Column::OrderId, stream(), conn, after, limit).await
                    })*
                }
            }
        }
    };
}

tables! {
    Orders orders None;
    OrderNos order_nos None;
    Lines lines Some(lines::Column::StreamId);
    Pieces pieces Some(pieces::Column::StreamId);
    PieceCodes piece_codes Some(piece_codes::Column::StreamId);
    Tags tags Some(tags::Column::StreamId);
    Capsules capsules Some(capsules::Column::StreamId);
    CertificateCodes certificate_codes Some(certificate_codes::Column::StreamId);
    CertificateHolders certificate_holders Some(certificate_holders::Column::StreamId);
    StatusPlaces status_places Some(status_places::Column::StreamId);
    Shipments shipments Some(shipments::Column::StreamId);
}

async fn without_journal<E: EntityTrait>(
    table: E,
    order: E::Column,
    stream: sea_orm::sea_query::SimpleExpr,
    conn: &impl ConnectionTrait,
    after: Option<StreamKey>,
    limit: u64,
) -> Result<Vec<StreamKey>, Error> {
    let order = Expr::col((table, order));
    let journal = Query::select()
        .expr(Expr::val(1))
        .from(events::Entity)
        .and_where(Expr::col((events::Entity, events::Column::OrderId)).eq(order.clone()))
        .and_where(Expr::col((events::Entity, events::Column::StreamId)).eq(stream.clone()))
        .take();
    let mut query = E::find()
        .select_only()
        .expr_as(order.clone(), "of_order")
        .expr_as(stream.clone(), "of_stream")
        .distinct()
        .filter(Expr::not_exists(journal));
    if let Some(after) = after {
        let place = Expr::tuple([order, stream]);
        query = query.filter(place.gt(Expr::tuple([Expr::val(after.order_id.0), Expr::val(after.stream_id.0)])));
    }
    let keys: Vec<(Uuid, i32)> = query
        .order_by_asc(Expr::cust("of_order"))
        .order_by_asc(Expr::cust("of_stream"))
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(keys.into_iter().map(|(order, stream)| stream_key(order, stream)).collect())
}
