//! Puts codes into the stock of a product: all of them or none.

use diesel::Connection as _;
use store::MysqlConnection;
use store::stock::{self, Elsewhere, notice};

use crate::failure::Failure;
use crate::progress;

/// Codes and bytes in one statement.
const CHUNK: usize = 2_000;
const CHUNK_BYTES: usize = 1024 * 1024;

/// Seconds for which another import is waited for.
const IMPORT_LOCK_SECONDS: i64 = 60;

/// Lets no other import look or write until the connection ends.
pub(crate) fn lock(connection: &mut MysqlConnection) -> Result<(), Failure> {
    if stock::lock_import(connection, 0)? {
        return Ok(());
    }
    tracing::warn!("another import is running: waiting for it");
    if stock::lock_import(connection, IMPORT_LOCK_SECONDS)? {
        return Ok(());
    }
    Err(Failure::CouldNotAsk(format!(
        "another import has been running for {IMPORT_LOCK_SECONDS} s: nothing was imported, run it again later"
    )))
}

/// Which codes are in the stock already.
#[derive(Debug, Default)]
pub(crate) struct KnownCodes {
    /// Codes that the product has.
    pub(crate) here: Vec<String>,
    /// Codes that other products have.
    pub(crate) elsewhere: Vec<Elsewhere>,
}

impl KnownCodes {
    /// Looks for codes, of which none is there twice.
    pub(crate) fn look(
        connection: &mut MysqlConnection,
        product_id: &str,
        codes: &[&str],
    ) -> Result<KnownCodes, Failure> {
        let mut known = KnownCodes::default();
        for chunk in chunks(codes) {
            known.here.extend(stock::existing(connection, product_id, chunk)?);
            known.elsewhere.extend(stock::elsewhere(connection, product_id, chunk)?);
        }
        Ok(known)
    }
}

/// Adds codes in one transaction, in which `also` is called at the end. Returns how many were new.
pub(crate) fn add(
    connection: &mut MysqlConnection,
    product_id: &str,
    codes: &[&str],
    also: impl FnOnce(&mut MysqlConnection) -> Result<(), Failure>,
) -> Result<usize, Failure> {
    let progress = progress::bar(codes.len(), "codes");
    let added = connection.transaction(|connection| {
        let mut new = 0;
        for chunk in chunks(codes) {
            new += stock::import(connection, product_id, chunk)?;
            service::crash_point!("stock_import.after_chunk");
            progress.inc(chunk.len() as u64);
        }
        // The last lock: see low_stock_notice.
        notice::forget_if_above(connection, product_id)?;
        also(connection)?;
        Ok::<_, Failure>(new)
    });
    progress.finish_and_clear();
    added
}

/// Pieces that fit into one statement.
fn chunks<'a, 'b>(codes: &'b [&'a str]) -> impl Iterator<Item = &'b [&'a str]> {
    let mut rest = codes;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest.iter().take(CHUNK).take_while(|code| {
            bytes += code.len();
            bytes <= CHUNK_BYTES
        });
        let (chunk, behind) = rest.split_at(fits.count());
        rest = behind;
        (!chunk.is_empty()).then_some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, chunks};

    #[test]
    fn a_statement_has_so_many_codes_and_bytes() {
        let short = vec!["x"; CHUNK * 2 + 1];
        assert_eq!(chunks(&short).map(<[&str]>::len).collect::<Vec<_>>(), [CHUNK, CHUNK, 1]);
        let long = "x".repeat(8192);
        let long = vec![long.as_str(); 300];
        assert_eq!(chunks(&long).map(<[&str]>::len).collect::<Vec<_>>(), [128, 128, 44]);
        assert_eq!(chunks(&[]).count(), 0);
    }
}
