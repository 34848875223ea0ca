//! The name that was probably meant.

/// The nearest of `names` to a name that is none of them; `None` where none is near.
pub(crate) fn nearest_of<'a>(
    wrong: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::levenshtein(wrong, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest_of;

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        let keys = ["listen", "lanes", "max_body"];
        assert_eq!(nearest_of("listn", keys), Some("listen"));
        assert_eq!(nearest_of("seler_id", ["seller_id", "app_id"]), Some("seller_id"));
        assert_eq!(nearest_of("zzzzzzzzz", keys), None);
    }
}
