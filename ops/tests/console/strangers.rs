//! Refused requests: other sites, other host names, other methods, too large ones.

use testkit::Sandbox;

use crate::browser::form;
use crate::program::NOBODY;
use crate::world::World;

/// Nothing that is refused needs a server behind the console.
fn alone() -> World {
    World::with_console(Sandbox::database_only(), NOBODY)
}

#[test]
fn pages_load_no_external_content() {
    let world = alone();
    let page = world.browser.get("/orders");
    let policy = page.header("content-security-policy").unwrap();
    for rule in [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "deny"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(page.header(name).as_deref(), Some(value));
    }
    for external in ["http://", "https://", "//cdn", "<script", "url("] {
        assert!(!page.body.contains(external), "{external} in {}", page.body);
    }
}

#[test]
fn unknown_host_names_are_refused() {
    let browser = &alone().browser;
    let port = browser.address.port();
    for host in ["evil.example", "127.0.0.1.evil.example", "10.1.2.3", ""] {
        let host = format!("{host}:{port}");
        browser.ask("GET", "/orders", &[("Host", &host)], "").shows(421, &["--host NAME"]);
    }
    browser.ask("GET", "/orders", &[], "").shows(421, &[]);
    let other = format!("http://evil.example:{port}/orders");
    browser.ask("GET", &other, &[("Host", "localhost")], "").shows(421, &[]);
    for host in ["localhost", "[::1]:1", "127.0.0.1"] {
        browser.ask("GET", "/nothing", &[("Host", host)], "").shows(404, &[]);
    }
}

#[test]
fn cross_site_forms_are_refused() {
    let world = World::new();
    let browser = &world.browser;
    let letter = crate::world::notification("A-1", "T1", "TRADE_SUCCESS", "10.00");
    let letter = crate::world::dead(letter, "A-1", "order_not_found", "no order A-1");
    world.publish(vec![letter]);
    let token = browser.token();
    let fields = [("which", "all"), ("act", "discard"), ("by", "王"), ("note", "x")];
    let good = form(&[&[("token", token.as_str())], &fields[..]].concat());
    let own = browser.own();
    let without = |name: &str| -> Vec<_> {
        own.iter().filter(|(known, _)| *known != name).cloned().collect()
    };
    let with = |name: &'static str, value: &str| -> Vec<_> {
        [&without(name)[..], &[(name, value.to_owned())]].concat()
    };
    let post = |body: &str, headers: &[(&str, String)]| {
        browser.post_as("/dead-letters", body, headers).shows(403, &["nothing was done"])
    };
    for body in [
        form(&fields),
        form(&[&[("token", "")], &fields[..]].concat()),
        form(&[&[("token", &token[1..])], &fields[..]].concat()),
        good.replace(&token, &"0".repeat(32)),
    ] {
        post(&body, &own);
    }
    for site in ["cross-site", "same-site", "none"] {
        post(&good, &with("Sec-Fetch-Site", site));
    }
    for origin in ["http://evil.example", "null", "http://localhost:1"] {
        post(&good, &with("Origin", origin));
        let alone: Vec<_> = with("Origin", origin);
        let alone: Vec<_> =
            alone.into_iter().filter(|(name, _)| *name != "Sec-Fetch-Site").collect();
        post(&good, &alone);
    }
    let neither = [("Host", browser.address.to_string())];
    post(&good, &neither);
    let plain = [&own[..], &[("Content-Type", "text/plain".to_owned())]].concat();
    let plain: Vec<(&str, &str)> =
        plain.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.ask("POST", "/dead-letters", &plain, &good).shows(415, &[]);
    browser.get("/dead-letters?view=flat").shows(200, &["A-1"]);
    // The same request without a fault.
    let seen = browser.post_as("/dead-letters", &good, &own);
    assert_eq!(seen.status, 303, "{seen:?}");
    browser.get("/dead-letters?view=flat").shows(200, &["No dead letter matches"]).hides(&["A-1"]);
}

#[test]
fn methods_and_lengths_are_limited() {
    let browser = &alone().browser;
    let host = browser.address.to_string();
    let host = [("Host", host.as_str())];
    for (method, path, allowed) in [
        ("PUT", "/orders", "get, head, post"),
        ("DELETE", "/dead-letters/x", "get, head, post"),
        ("OPTIONS", "/", "get, head, post"),
    ] {
        let seen = browser.ask(method, path, &host, "").shows(405, &[]);
        assert_eq!(seen.header("allow").as_deref(), Some(allowed));
    }
    let head = browser.ask("HEAD", "/nothing", &host, "");
    assert_eq!((head.status, head.body.as_str()), (404, ""));
    let long = "x".repeat(5_000);
    browser.get(&format!("/orders?q={long}")).shows(414, &[]);
    browser.get(&format!("/orders/{long}")).shows(414, &[]);
    browser.get(&format!("/orders?q={}", "x".repeat(200))).shows(400, &["too long"]);
    let huge = browser.get(&format!("/orders?q={}", "x".repeat(100_000)));
    assert!(matches!(huge.status, 414 | 431), "{huge:?}");
    let many: String = (0..300).map(|n| format!("p{n}=1&")).collect();
    browser.get(&format!("/orders?{many}")).shows(400, &["256"]);
    for path in ["/orders?q=%ff", "/orders/%ff", "/orders?q=1&q=2"] {
        browser.get(path).shows(400, &[]);
    }
    let body = format!("note={}", "x".repeat(70_000));
    browser.post_as("/dead-letters", &body, &browser.own()).shows(413, &[]);
}

#[test]
fn a_post_to_a_page_without_form_is_refused() {
    let world = World::new();
    // A page with a form, and the token in it.
    let letter = crate::world::notification("A-1", "T1", "TRADE_SUCCESS", "10.00");
    world.publish(vec![crate::world::dead(letter, "A-1", "order_not_found", "no order A-1")]);
    for path in ["/", "/orders", "/orders/A", "/dead-letters/x", "/products", "/reviews"] {
        let seen = world.browser.post(path, &[]).shows(405, &[]);
        assert_eq!(seen.header("allow").as_deref(), Some("get, head"));
    }
    world.browser.post("/nothing", &[]).shows(404, &[]);
}

#[test]
fn remote_addresses_need_users_and_allow_remote() {
    let run = |arguments: &[&str], users: &str| {
        let all = [&["console"], arguments].concat();
        let servers = [("DATABASE_URL", NOBODY.0), ("AMQP_URL", NOBODY.1)];
        testkit::run_program(
            "ops",
            &all,
            &[&servers[..], &[("ALIPAY__CONSOLE__USERS", users)]].concat(),
        )
    };
    let refused = |arguments: &[&str], users: &str, texts: [&str; 2]| {
        let output = run(arguments, users);
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(texts.iter().all(|text| stderr.contains(text)), "{stderr}");
    };
    let wang = format!(
        "{{ wang = {{ role = \"viewer\", password = '{}' }} }}",
        crate::users::hash("correct horse")
    );
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        refused(&["--listen", listen], "{}", ["no login", "[console.users.NAME]"]);
        refused(
            &["--listen", listen, "--allow-remote"],
            "{}",
            ["no login", "[console.users.NAME]"],
        );
        refused(&["--listen", listen], &wang, ["not encrypted", "--allow-remote"]);
    }
    let help = String::from_utf8(run(&["--help"], "{}").stdout).unwrap();
    assert!(help.contains("NO LOGIN") && help.contains("reverse proxy"), "{help}");
}
