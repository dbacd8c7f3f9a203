//! The projections of one order, read and written as a whole: for those who rebuild them.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::Error;
use super::entity::*;
use super::script::insert;

macro_rules! projections {
    ($($table:ident by |$row:ident| $key:expr;)*) => {
        /// Every row that an order's journals fold to.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Projections {
            $(pub $table: Vec<$table::Model>,)*
        }

        /// The rows as they are, by their keys.
        pub async fn read(conn: &impl ConnectionTrait, order_id: Uuid) -> Result<Projections, Error> {
            let mut found = Projections {
                $($table: $table::Entity::find().filter($table::Column::OrderId.eq(order_id)).all(conn).await?,)*
            };
            found.sort();
            Ok(found)
        }

        /// Puts these rows in place of those that are there.
        pub async fn replace(conn: &impl ConnectionTrait, order_id: Uuid, rows: Projections) -> Result<(), Error> {
            $(
                $table::Entity::delete_many().filter($table::Column::OrderId.eq(order_id)).exec(conn).await?;
                insert(conn, rows.$table).await?;
            )*
            Ok(())
        }

        impl Projections {
            pub fn sort(&mut self) {
                $(self.$table.sort_by(|a, b| {
                    let key = |$row: &$table::Model| $key;
                    key(a).cmp(&key(b))
                });)*
            }

            /// How many rows there are.
            pub fn len(&self) -> usize {
                0 $(+ self.$table.len())*
            }

            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// How many rows are wrong in `stored`: changed, missing, or there without reason.
            pub fn differing(&self, stored: &Projections) -> usize {
                0 $(+ differing(&self.$table, &stored.$table, |$row| $key))*
            }
        }
    };
}

projections! {
    orders by |row| row.order_id;
    lines by |row| row.line_no;
    pieces by |row| row.stream_id;
    components by |row| (row.stream_id, row.component.clone());
    cases by |row| row.stream_id;
    deadlines by |row| (row.stream_id, row.kind.clone());
    photos by |row| row.id;
    photo_bands by |row| (row.photo_id, row.band);
    obligations by |row| row.seq;
    incidents by |row| row.seq;
    legs by |row| (row.stream_id, row.seq);
}

fn differing<Row: PartialEq, Key: PartialEq>(right: &[Row], stored: &[Row], key: impl Fn(&Row) -> Key) -> usize {
    let wrong = right.iter().filter(|row| !stored.contains(row)).count();
    let extra = stored.iter().filter(|row| !right.iter().any(|other| key(other) == key(row))).count();
    wrong + extra
}
