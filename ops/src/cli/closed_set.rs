//! Values of options that are words of a closed set: help and errors list them.

use std::fmt::Display;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use order::VariantArray;

/// Reads a word of a closed set.
pub(crate) fn words_of<T>() -> impl TypedValueParser<Value = T>
where
    T: VariantArray + FromStr + Into<&'static str> + Copy + Send + Sync + 'static,
    T::Err: Display + Send + Sync + std::error::Error,
{
    let words = T::VARIANTS.iter().map(|word| (*word).into());
    PossibleValuesParser::new(words.collect::<Vec<&'static str>>()).try_map(|word| word.parse())
}

/// Reads `yes` or `no`.
pub(crate) fn yes_or_no() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["yes", "no"]).map(|word| word == "yes")
}
