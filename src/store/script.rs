//! Scripts: the statements of a transaction, written before it begins, so that a connection is held only while they run.
//!
//! The text of an `INSERT` depends on its table, on what becomes of a key that is taken, and on how many rows it has. It
//! is rendered once for each and kept, and so are the database's plans: a busy writer neither renders nor prepares. (By
//! the profile of `touchstone bench throughput`, the two took a fifth of the writer's time before.)

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DbBackend, EntityName, EntityTrait, IntoActiveModel,
    Iterable, QueryTrait, Statement, Value,
};

use super::Error;

/// Rows in one statement at the most.
const LOT: usize = 64;

/// The rendered texts of one store, by table, by what becomes of a key that is taken, and by number of rows.
#[derive(Debug, Default)]
pub(super) struct Texts(Mutex<HashMap<Kind, Arc<str>>>);

type Kind = (&'static str, Taken, usize);

/// What becomes of a row whose key is taken. No table has two ways of setting columns, so this tells its texts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Taken {
    Refused,
    Settled,
}

impl Texts {
    fn get(&self, table: &'static str, taken: Taken, rows: usize, render: impl FnOnce() -> String) -> Arc<str> {
        let mut texts = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        texts.entry((table, taken, rows)).or_insert_with(|| render().into()).clone()
    }
}

/// The statements of one transaction, in their order.
#[derive(Clone, Debug, Default)]
pub struct Script(pub(super) Vec<Step>);

/// One statement, and what a conflict in it is about.
#[derive(Clone, Debug)]
pub struct Step {
    pub(super) statement: Statement,
    table: &'static str,
    /// So many rows it must hit; another number is a conflict too.
    hits: Option<u64>,
}

impl Script {
    /// Runs the statements. A key that is taken answers [`Error::Conflict`] with the name of its table.
    pub async fn run(self, conn: &impl ConnectionTrait) -> Result<(), Error> {
        for step in self.0 {
            let done = conn.execute_raw(step.statement).await.map_err(|error| Error::from(error).over(step.table))?;
            if step.hits.is_some_and(|hits| hits != done.rows_affected()) {
                return Err(Error::Conflict(step.table));
            }
        }
        Ok(())
    }
}

/// What writes a script.
pub(super) struct Pen<'a> {
    backend: DbBackend,
    texts: &'a Texts,
    pub script: Script,
}

impl<'a> Pen<'a> {
    pub fn new(backend: DbBackend, texts: &'a Texts) -> Self {
        Self { backend, texts, script: Script::default() }
    }

    /// One statement on a table.
    pub fn step<E: EntityTrait>(&mut self, query: &impl QueryTrait) {
        self.push(E::default().table_name(), query.build(self.backend), None);
    }

    /// One statement that must hit one row.
    pub fn hit_one<E: EntityTrait>(&mut self, query: &impl QueryTrait) {
        self.push(E::default().table_name(), query.build(self.backend), Some(1));
    }

    /// One statement that must hit nothing.
    pub fn hit_none<E: EntityTrait>(&mut self, query: &impl QueryTrait) {
        self.push(E::default().table_name(), query.build(self.backend), Some(0));
    }

    fn push(&mut self, table: &'static str, statement: Statement, hits: Option<u64>) {
        self.script.0.push(Step { statement, table, hits });
    }

    /// Inserts rows; a key that is taken is a conflict.
    pub fn insert<M, A>(&mut self, rows: Vec<M>)
    where
        M: IntoActiveModel<A>,
        A: ActiveModelTrait,
    {
        self.write(rows, None);
    }

    /// Inserts rows; one that is there already stays as it is.
    pub fn keep<M, A, K>(&mut self, rows: Vec<M>, key: K)
    where
        M: IntoActiveModel<A>,
        A: ActiveModelTrait,
        K: IntoIterator<Item = <A::Entity as EntityTrait>::Column>,
    {
        self.write(rows, Some(OnConflict::columns(key).do_nothing().to_owned()));
    }

    /// Inserts rows; of one that is there already these columns are set.
    pub fn upsert<M, A, K, D, S>(&mut self, rows: Vec<M>, key: K, set: S)
    where
        M: IntoActiveModel<A>,
        A: ActiveModelTrait,
        K: Key<D>,
        D: sea_orm::Iden + Copy + 'static,
        S: IntoIterator<Item = D>,
        A::Entity: EntityTrait<Column = D>,
    {
        self.write(rows, Some(OnConflict::columns(key.columns()).update_columns(set).to_owned()));
    }

    /// Inserts rows; what becomes of one that is there already is given.
    pub fn write<M, A>(&mut self, rows: Vec<M>, conflict: Option<OnConflict>)
    where
        M: IntoActiveModel<A>,
        A: ActiveModelTrait,
    {
        let backend = self.backend;
        let taken = if conflict.is_some() { Taken::Settled } else { Taken::Refused };
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let size = lot(backend, rows.len());
            let mut lot: Vec<A> = rows.by_ref().take(size).map(IntoActiveModel::into_active_model).collect();
            let table = A::Entity::default().table_name();
            let text = self.texts.get(table, taken, size, || render(backend, lot.clone(), conflict.clone()));
            let values = lot.iter_mut().flat_map(values);
            let statement = Statement::from_sql_and_values(backend, &*text, values);
            self.push(table, statement, None);
        }
    }
}

/// So many rows have a text for each number of them on PostgreSQL; from there on the powers of two have one.
const EACH: usize = 8;

/// How many of the rows that are left go into the next statement. A statement of SQLite costs a change of thread and its
/// plans are small: as many as may. PostgreSQL keeps plans in every connection, so there are few sizes.
fn lot(backend: DbBackend, left: usize) -> usize {
    match backend {
        DbBackend::Sqlite => left.min(LOT),
        _ if left <= EACH => left,
        _ => (1 << left.ilog2()).min(LOT),
    }
}

/// A row's values in the order of its columns, the key's too: nothing is left to a default.
fn values<A: ActiveModelTrait>(row: &mut A) -> impl Iterator<Item = Value> {
    <A::Entity as EntityTrait>::Column::iter().filter_map(|column| row.take(column).into_value())
}

fn render<A: ActiveModelTrait>(backend: DbBackend, mut rows: Vec<A>, conflict: Option<OnConflict>) -> String {
    for row in &mut rows {
        for column in <A::Entity as EntityTrait>::Column::iter() {
            // A key of a row that was a model counts as there already, and would be left out.
            if let ActiveValue::Unchanged(value) = row.get(column) {
                row.set(column, value);
            }
        }
    }
    let mut insert = <A::Entity as EntityTrait>::insert_many(rows);
    if let Some(conflict) = conflict {
        insert = insert.on_conflict(conflict);
    }
    insert.build(backend).sql
}

/// One column or several that make up a key.
pub(super) trait Key<C> {
    fn columns(self) -> Vec<C>;
}

impl<C> Key<C> for C
where
    C: ColumnTrait,
{
    fn columns(self) -> Vec<C> {
        vec![self]
    }
}

impl<C: ColumnTrait, const N: usize> Key<C> for [C; N] {
    fn columns(self) -> Vec<C> {
        self.into()
    }
}

/// Inserts a few rows by a text of their own; a key that is taken is a conflict.
pub(super) async fn insert<M, A>(conn: &impl ConnectionTrait, rows: Vec<M>) -> Result<(), Error>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    let texts = Texts::default();
    let mut pen = Pen::new(conn.get_database_backend(), &texts);
    pen.insert(rows);
    pen.script.run(conn).await
}

/// Inserts a few rows by a text of their own; one that is there already stays as it is.
pub(super) async fn keep<M, A, K>(conn: &impl ConnectionTrait, rows: Vec<M>, key: K) -> Result<(), Error>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
    K: IntoIterator<Item = <A::Entity as EntityTrait>::Column>,
{
    let texts = Texts::default();
    let mut pen = Pen::new(conn.get_database_backend(), &texts);
    pen.keep(rows, key);
    pen.script.run(conn).await
}

/// Inserts a few rows by a text of their own; what becomes of one that is there already is given.
pub(super) async fn write<M, A>(conn: &impl ConnectionTrait, rows: Vec<M>, conflict: OnConflict) -> Result<(), Error>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    let texts = Texts::default();
    let mut pen = Pen::new(conn.get_database_backend(), &texts);
    pen.write(rows, Some(conflict));
    pen.script.run(conn).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_in_few_statements_or_in_few_sizes() {
        let check = |backend, mut left: usize, expected: &[usize]| {
            let mut lots = Vec::new();
            while left > 0 {
                let size = lot(backend, left);
                lots.push(size);
                left -= size;
            }
            assert_eq!(lots, expected);
        };
        check(DbBackend::Sqlite, 1, &[1]);
        check(DbBackend::Sqlite, 131, &[64, 64, 3]);
        check(DbBackend::Postgres, 1, &[1]);
        check(DbBackend::Postgres, 7, &[7]);
        check(DbBackend::Postgres, 45, &[32, 8, 5]);
        check(DbBackend::Postgres, 131, &[64, 64, 3]);
    }
}
