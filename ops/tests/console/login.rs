//! Login: users, sessions, roles, and names that a proxy gives.

use crate::browser::{Browser, form};
use crate::program::{NOBODY, Ops};
use crate::users::{PASSWORD, USERS};
use crate::world::{World, dead, notification};

fn world() -> World {
    World::with_login(&[("users", &USERS)], &[])
}

#[test]
fn nothing_is_shown_before_the_login() {
    let world = World::alone(&[("users", &USERS)], &[]);
    let browser = &world.browser;
    for path in ["/", "/orders?q=1", "/orders/A-1", "/nowhere", "/results/1"] {
        let seen = browser.get(path).shows(303, &[]);
        let to = form(&[("to", path)]).to_lowercase();
        let location = seen.header("location").unwrap().to_lowercase();
        assert_eq!(
            location.replace("%2d", "-"),
            format!("/login?{to}").replace("%2d", "-"),
            "{path}"
        );
    }
    browser
        .get("/login?to=/orders")
        .shows(200, &["User name", "Password", "value=\"/orders\""])
        .hides(&["<nav>"]);
    let posted = browser.post_as("/dead-letters", &form(&[("act", "discard")]), &browser.own());
    posted.shows(403, &["nothing was done", "href=\"/login"]);
    let chinese = [("Host", &*browser.address.to_string()), ("Accept-Language", "zh")];
    browser.ask("GET", "/login", &chinese, "").shows(200, &["用户名", "密码", "登录"]);
}

#[test]
fn a_login_is_a_cookie_of_this_site_until_the_logout() {
    let world = World::alone(&[("users", &USERS)], &[]);
    let browser = &world.browser;
    let seen = browser.log_in("otto", PASSWORD);
    assert_eq!((seen.status, seen.header("location").as_deref()), (303, Some("/orders")));
    let cookie = seen.header("set-cookie").unwrap();
    let (id, rest) = cookie.trim_start_matches("alipay_console=").split_once(';').unwrap();
    assert_eq!((id.len(), rest), (64, " path=/; httponly; samesite=strict"));
    let otto = browser.logged_in("otto", PASSWORD);
    otto.get("/nowhere").shows(404, &["otto · operator", "Log out", "<nav>"]);
    otto.get("/login").shows(303, &[]);
    // A new login is a new id, and the old one ends.
    let again = otto.logged_in("otto", PASSWORD);
    assert_ne!(otto.cookie, again.cookie);
    otto.get("/nowhere").shows(303, &[]);
    // Only a form of the login itself logs out.
    let without = again.post_as("/logout", "", &again.own());
    without.shows(403, &["from before this login"]);
    let token = again.token_in("/nowhere");
    let out = again.post_as("/logout", &form(&[("token", &token)]), &again.own()).shows(303, &[]);
    assert!(out.header("set-cookie").unwrap().ends_with("max-age=0"));
    again.get("/nowhere").shows(303, &[]);
    let forged =
        Browser { cookie: Some(format!("alipay_console={}", "0".repeat(64))), ..browser.clone() };
    forged.get("/nowhere").shows(303, &[]);
}

#[test]
fn an_unknown_user_and_a_wrong_password_get_the_same_answer() {
    let world = World::alone(&[("users", &USERS)], &[]);
    let wrong = world.browser.log_in("otto", "wrong horse battery");
    let unknown = world.browser.log_in("nobody", PASSWORD);
    let wrong = wrong.shows(403, &["user name or the password is wrong"]);
    assert_eq!((wrong.body, unknown.status), (unknown.body, 403));
    assert_eq!(wrong.head.contains("set-cookie"), unknown.head.contains("set-cookie"));
    assert!(!unknown.head.contains("set-cookie"));
    world.browser.log_in("", PASSWORD).shows(400, &["user name and a password"]);
    world.browser.log_in("otto", "").shows(400, &["user name and a password"]);
    // A form from another site does not log anybody in.
    let mut foreign = world.browser.own();
    foreign[2].1 = "cross-site".to_owned();
    let fields = form(&[("user", "otto"), ("password", PASSWORD)]);
    world.browser.post_as("/login", &fields, &foreign).shows(403, &["nothing was done"]);
}

#[test]
fn a_viewer_sees_all_but_codes_and_changes_nothing() {
    let world = world();
    let [vera, otto] = ["vera", "otto"].map(|user| world.browser.logged_in(user, PASSWORD));
    world.order("A-1");
    world.publish(vec![
        notification("A-1", "2026112300001", "TRADE_SUCCESS", "10.00"),
        dead(
            notification("A-2", "T2", "TRADE_SUCCESS", "10.00"),
            "A-2",
            "order_not_found",
            "no order A-2",
        ),
    ]);
    let _worker = world.worker();
    testkit::until("delivered", || otto.get("/orders/A-1").body.contains("CODE-1"));
    vera.get("/orders/A-1").shows(200, &["8 paid", "2026112300001"]).hides(&["CODE-1"]);
    world.ops(&["stock", "withdraw", "gift", "--code", "CODE-2", "--by", "wang"]);
    vera.get("/withdrawals/1").shows(200, &["wang"]).hides(&["CODE-2", "id=\"put-back\""]);
    otto.get("/withdrawals/1").shows(200, &["CODE-2", "id=\"put-back\""]);
    vera.get("/products/gift").shows(200, &["Your role may not do this"]).hides(&["<textarea"]);
    vera.get("/orders").shows(200, &["A-1"]).hides(&["action=\"/codes\""]);
    vera.get("/dead-letters?view=flat")
        .shows(200, &["A-2", "Your role may not do this"])
        .hides(&["value=\"discard\""]);
    otto.get("/dead-letters?view=flat").shows(200, &["value=\"discard\""]).hides(&["Your name"]);
    let discard =
        [("which", "all"), ("act", "discard"), ("note", "a test"), ("by", "somebody else")];
    let post = |browser: &Browser, token: &str| {
        let fields = [&[("token", token)], &discard[..]].concat();
        browser.post_as("/dead-letters", &form(&fields), &browser.own())
    };
    let token = vera.token_in("/");
    post(&vera, &token).shows(403, &["your role may not do this", "viewer"]);
    // The token of another login is none.
    post(&otto, &token).shows(403, &["from before this login"]);
    otto.get("/dead-letters?view=flat").shows(200, &["A-2"]);
    post(&otto, &otto.token_in("/")).shows(303, &[]);
    // The record names who logged in, not what the form says.
    let history = world.ops(&["dlq", "history", "--output", "json"]);
    assert!(history.contains("\"otto\"") && !history.contains("somebody else"), "{history}");
}

#[test]
fn the_cookie_is_for_https_alone_behind_a_proxy_with_tls() {
    let trusted = [("users", USERS.as_str()), ("proxies", "127.0.0.1")];
    let world = World::alone(&trusted, &["--host", "ops.example.com"]);
    let cookie = |headers: &[(&str, &str)]| {
        let fields = form(&[("user", "otto"), ("password", PASSWORD)]);
        let own = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        let seen = world.browser.ask("POST", "/login", &[&own[..], headers].concat(), &fields);
        seen.shows(303, &[]).header("set-cookie").unwrap()
    };
    let address = world.browser.address.to_string();
    assert!(cookie(&[("Host", "ops.example.com")]).ends_with("; secure"));
    assert!(cookie(&[("Host", &address), ("X-Forwarded-Proto", "https")]).ends_with("; secure"));
    assert!(!cookie(&[("Host", &address)]).contains("secure"));
    let world = World::alone(&[("users", USERS.as_str())], &[]);
    let fields = form(&[("user", "otto"), ("password", PASSWORD)]);
    let mut own = world.browser.own();
    own.push(("X-Forwarded-Proto", "https".to_owned()));
    let seen = world.browser.post_as("/login", &fields, &own);
    assert!(!seen.header("set-cookie").unwrap().contains("secure"), "{seen:?}");
}

#[test]
fn the_header_of_a_proxy_counts_only_where_it_is_configured() {
    let asks = |world: &World, headers: &[(&str, &str)]| {
        let host = world.browser.address.to_string();
        world.browser.ask("GET", "/nowhere", &[&[("Host", host.as_str())], headers].concat(), "")
    };
    let vera = "{ vera = { role = \"admin\" } }";
    let header = ("user_header", "X-Forwarded-User");
    let trusted = World::alone(&[("users", vera), header, ("proxies", "127.0.0.0/8")], &[]);
    asks(&trusted, &[("X-Forwarded-User", "vera")])
        .shows(404, &["vera · admin"])
        .hides(&["Log out"]);
    for nobody in [
        &[][..],
        &[("X-Forwarded-User", "")],
        &[("X-Forwarded-User", "mallory")],
        &[("X-Forwarded-User", "vera"), ("X-Forwarded-User", "mallory")],
        &[("X-Remote-User", "vera")],
    ] {
        asks(&trusted, nobody).shows(303, &[]);
    }
    trusted.browser.get("/login").shows(403, &["named none who has a role"]);
    let default = [("users", vera), header, ("proxies", "127.0.0.1"), ("default_role", "viewer")];
    let default = World::alone(&default, &[]);
    asks(&default, &[("X-Forwarded-User", "mallory")]).shows(404, &["mallory · viewer"]);
    // From another address, and where nothing is configured, everybody could write it.
    for console in [
        &[("users", USERS.as_str()), header, ("proxies", "10.0.0.0/8")][..],
        &[("users", USERS.as_str())],
    ] {
        asks(&World::alone(console, &[]), &[("X-Forwarded-User", "ada")]).shows(303, &[]);
    }
}

#[test]
fn a_console_without_users_says_so() {
    let ops = Ops::at(NOBODY.0, NOBODY.1).set("RUST_LOG", "warn");
    let mut console = ops.start(&["console", "--listen", "127.0.0.1:0"]);
    console.wait_until_ready();
    console.wait_for_log("there is no login");
}

#[test]
fn passwords_are_hashed_and_never_configured_as_they_are() {
    let ops = Ops::at(NOBODY.0, NOBODY.1);
    ops.run_with(&["console-password"], b"short\n").ended(2, "8 characters");
    let plain = "{ otto = { role = \"operator\", password = \"correct horse\" } }";
    ops.set("ALIPAY__CONSOLE__USERS", plain).run("console").ended(2, "no hash of argon2id");
    let broken = "{ otto = { role = \"operator\", password = \"$argon2id$v=19$rubbish\" } }";
    let ops = Ops::at(NOBODY.0, NOBODY.1).set("ALIPAY__CONSOLE__USERS", broken);
    ops.run("console").ended(2, "console.users.otto.password");
}

#[test]
fn what_is_done_in_the_console_is_recorded() {
    let world = world();
    world.publish(vec![dead(
        notification("A-2", "T2", "TRADE_SUCCESS", "10.00"),
        "A-2",
        "order_not_found",
        "no order A-2",
    )]);
    world.browser.log_in("otto", "wrong horse battery").shows(403, &[]);
    // A password in the wrong field.
    world.browser.log_in("correct horse battery", "x").shows(403, &[]);
    testkit::until("it is recorded without the name", || {
        world.ops(&["actions", "--by", "(unknown)"]).contains("refuse_login")
    });
    let otto = world.browser.logged_in("otto", PASSWORD);
    let fields =
        [("which", "all"), ("reason", "order_not_found"), ("act", "discard"), ("note", "a test")];
    let token = otto.token_in("/");
    let with_token = [&[("token", token.as_str())], &fields[..]].concat();
    otto.post_as("/dead-letters", &form(&with_token), &otto.own()).shows(303, &[]);
    otto.post_as("/logout", &form(&[("token", &token)]), &otto.own()).shows(303, &[]);
    let rows = || -> Vec<serde_json::Value> {
        let listed = world.ops(&["actions", "--by", "otto", "--output", "json"]);
        serde_json::from_str(&listed).unwrap()
    };
    testkit::until("all four acts are recorded", || rows().len() == 4);
    let rows = rows();
    let row = |action: &str| rows.iter().find(|row| row["action"] == action).expect("a row");
    for action in ["refuse_login", "log_in", "discard_letters", "log_out"] {
        assert_eq!(
            (&row(action)["source"], &row(action)["result"]),
            (&"console".into(), &"done".into())
        );
    }
    assert_eq!(row("log_in")["after"]["address"], "127.0.0.1");
    let discarded = row("discard_letters");
    assert_eq!(discarded["subject"], "reason=order_not_found");
    assert_eq!(
        (&discarded["reason"], &discarded["after"]["letters"]),
        (&"a test".into(), &1.into())
    );
    let listed = world.ops(&["actions", "--output", "json"]);
    assert!(!listed.contains("horse"), "a password is recorded: {listed}");

    let vera = world.browser.logged_in("vera", PASSWORD);
    let page = vera.get("/actions?by=otto&action=discard_letters");
    page.shows(
        200,
        &["discard dead letters", "reason=order_not_found", "a test", "letters: 1", "done"],
    )
    .hides(&["<td>log out</td>"]);
    vera.get("/actions?day=2020-01-01").shows(200, &["No action matches"]);
    vera.get("/actions?action=nothing").shows(400, &["cannot be read"]);
    vera.get("/actions?subject=gift&lang=zh-CN").shows(200, &["操作记录", "导入卡密", "完成"]);
}

#[test]
fn logins_that_fail_are_throttled_by_name_and_by_address() {
    let world = World::alone(&[("users", &USERS), ("proxies", "127.0.0.1")], &[]);
    let log_in = |from: &str, user: &str, password: &str| {
        let mut headers = world.browser.own();
        headers.push(("X-Forwarded-For", from.to_owned()));
        let fields = form(&[("user", user), ("password", password)]);
        world.browser.post_as("/login", &fields, &headers)
    };
    // By name: from wherever, and whatever the password is.
    let wrong = |attempt| log_in(&format!("203.0.113.{attempt}"), "otto", "wrong horse battery");
    let allowed = (0..100).take_while(|attempt| wrong(*attempt).status == 403).count();
    assert!((5..100).contains(&allowed), "{allowed}");
    let seen = log_in("203.0.113.200", "otto", PASSWORD).shows(429, &["Try again in", "seconds"]);
    let wait: u64 = seen.header("retry-after").expect("how long").parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    log_in("203.0.113.200", "ada", PASSWORD).shows(303, &[]);
    // By address: whatever the name is. What succeeds does not count.
    let unknown = |attempt| {
        log_in("198.51.100.7", "ada", PASSWORD);
        log_in("198.51.100.7", &format!("nobody {attempt}"), PASSWORD)
    };
    let allowed = (0..200).take_while(|attempt| unknown(*attempt).status == 403).count();
    assert!((20..200).contains(&allowed), "{allowed}");
    log_in("198.51.100.7", "ada", PASSWORD).shows(429, &[]);
    log_in("198.51.100.8", "ada", PASSWORD).shows(303, &[]);
    let log = world.console_log();
    assert!(log.contains("logins are throttled") && !log.contains("horse"), "{log}");
}

#[test]
fn a_link_of_another_site_leads_to_the_page_of_who_is_logged_in() {
    let world = World::alone(&[("users", &USERS)], &[]);
    let otto = world.browser.logged_in("otto", PASSWORD);
    let host = world.browser.address.to_string();
    // The browser keeps the cookie back, since the link is of another site.
    let foreign = [("Host", host.as_str()), ("Sec-Fetch-Site", "cross-site")];
    let seen = world
        .browser
        .ask("GET", "/orders/A-1", &foreign, "")
        .shows(200, &["http-equiv=\"refresh\""]);
    let (_, rest) = seen.body.split_once("0;url=").expect("an address");
    let login = rest.split('"').next().unwrap().to_owned();
    assert!(login.starts_with("/login?to="), "{login}");
    let back = otto.get(&login).shows(303, &[]);
    assert_eq!(back.header("location").as_deref(), Some("/orders/a-1"));
    world.browser.get(&login).shows(200, &["name=\"password\""]);
}
