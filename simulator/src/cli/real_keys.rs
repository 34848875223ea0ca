//! Whose keys the simulator signs with.

use alipay::Md5Key;
use config::Merchant;

/// Refuses an MD5 key that may be a real one: every system with the same key accepts what is signed with it as
/// Alipay's, also in production. With RSA and RSA2 the simulator has a key of its own, which nobody
/// trusts who was not told to.
///
/// A key is taken for real that looks as Alipay issues them, unless the merchant's `gateway` begins with
/// `http://`: the simulator serves plain HTTP, and nobody asks Alipay that way.
pub(super) fn check(merchant: &Merchant, allowed: bool) -> anyhow::Result<()> {
    let issued = merchant.md5_key.as_ref().is_some_and(Md5Key::looks_issued);
    if allowed || !issued || merchant.gateway.starts_with("http://") {
        return Ok(());
    }
    anyhow::bail!(
        "merchants.{}.md5_key may be a real key: it looks as Alipay issues them, and the merchant asks the gateway \
         {}. For tests take a key of another form, or set gateway to the http:// address of `simulator serve`; \
         where a real one is meant, say --allow-real-keys",
        merchant.name,
        merchant.gateway,
    )
}
