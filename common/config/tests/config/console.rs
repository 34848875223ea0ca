//! `[console]`

use crate::support::{MAPI, load, refused};

#[test]
fn a_base_path_is_a_path_without_anything_that_is_written_in_two_ways() {
    let with = |path: &str| load(&format!("[console]\nbase_path = \"{path}\"\n{MAPI}"));
    for (written, is) in [
        ("/", ""),
        ("/alipay", "/alipay"),
        ("/alipay/", "/alipay"),
        ("/intern/a-b_c.d~9/", "/intern/a-b_c.d~9"),
    ] {
        assert_eq!(with(written).unwrap().console.base_path, is, "{written}");
    }
    for wrong in [
        "alipay",
        "alipay/",
        "//",
        "/a//b",
        "/./",
        "/a/../b",
        "/a b",
        "/a%20",
        "/a?b",
        "/a;b",
        "/付",
        "https://intern.example/alipay/",
    ] {
        refused(with(wrong), "console.base_path", "such as \"/alipay\"");
    }
    assert_eq!(load(MAPI).unwrap().console.base_path, "");
}

#[test]
fn the_address_that_the_provider_knows_ends_at_the_callback() {
    let with = |base: &str, uri: &str| {
        load(&format!(
            "[console]\nbase_path = \"{base}\"\n[console.oidc]\nissuer = \"https://login.example\"\n\
             client_id = \"console\"\nredirect_uri = \"{uri}\"\n{MAPI}"
        ))
    };
    for (base, uri) in [
        ("/", "https://ops.example:8443/login/oidc/callback"),
        ("/alipay/", "https://intern.example/alipay/login/oidc/callback"),
    ] {
        let oidc = with(base, uri).unwrap().console.oidc.unwrap();
        assert_eq!(oidc.redirect_uri.as_deref(), Some(uri));
    }
    for (base, wrong) in [
        ("/", "https://ops.example/"),
        ("/", "https://ops.example/alipay/login/oidc/callback"),
        ("/alipay/", "https://ops.example/login/oidc/callback"),
        ("/", "ops.example/login/oidc/callback"),
        ("/", "ftp://ops.example/login/oidc/callback"),
        ("/", "https:///login/oidc/callback"),
        ("/", "https://ops.example/login/oidc/callback?x=1"),
    ] {
        refused(with(base, wrong), "console.oidc.redirect_uri", "is not https://HOST");
    }
}
