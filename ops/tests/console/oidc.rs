//! Logins at an identity provider, which a small one of the test's own stands in for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use alipay::Form;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::{FakeGateway, Reply};

use crate::browser::{Browser, Seen};
use crate::world::World;

const CLIENT: &str = "console";
const SECRET: &str = "s3cret+of/the=console";

/// Changes the claims of the next token, or the answer.
type Forge = Box<dyn Fn(&mut Value) + Send>;

/// An identity provider on a free port.
struct Provider {
    url: String,
    /// By code: what the browser was sent with, and the person who logged in.
    logins: Arc<Mutex<HashMap<String, HashMap<String, String>>>>,
    forge: Arc<Mutex<Forge>>,
    /// The key that signs; another one than the published one forges.
    signs_with_another: Arc<Mutex<bool>>,
    _server: FakeGateway,
}

/// A new key for ES256, PKCS#8.
fn key() -> EncodingKey {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    EncodingKey::from_ec_der(&pair.serialize_der())
}

impl Provider {
    fn start() -> Provider {
        let logins: Arc<Mutex<HashMap<String, HashMap<String, String>>>> = Arc::default();
        let forge: Arc<Mutex<Forge>> = Arc::new(Mutex::new(Box::new(|_| {})));
        let signs_with_another = Arc::new(Mutex::new(false));
        let url = Arc::new(Mutex::new(String::new()));
        let (keys, known) = (
            (key(), key()),
            (logins.clone(), forge.clone(), signs_with_another.clone(), url.clone()),
        );
        let server = FakeGateway::answering(move |request| {
            let (logins, forge, another, url) = &known;
            let url = url.lock().unwrap().clone();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let answer = match path {
                "/.well-known/openid-configuration" => json!({
                    "issuer": url,
                    "authorization_endpoint": format!("{url}/authorize"),
                    "token_endpoint": format!("{url}/token"),
                    "jwks_uri": format!("{url}/keys"),
                }),
                "/keys" => {
                    let mut key = Jwk::from_encoding_key(&keys.0, Algorithm::ES256).unwrap();
                    key.common.key_id = Some("one".to_owned());
                    json!({ "keys": [key] })
                }
                "/token" => match claims(request, &url, logins) {
                    Ok(mut claims) => {
                        forge.lock().unwrap()(&mut claims);
                        let header =
                            Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::ES256) };
                        let key = if *another.lock().unwrap() { &keys.1 } else { &keys.0 };
                        json!({ "id_token": encode(&header, &claims, key).unwrap(), "token_type": "Bearer" })
                    }
                    Err(why) => return Reply::Status(400, why.into_bytes()),
                },
                other => return Reply::Status(404, other.as_bytes().to_vec()),
            };
            Reply::text(&answer.to_string())
        });
        let server = server.unwrap();
        *url.lock().unwrap() = server.url.trim_end_matches("/gateway.do").to_owned();
        let url = url.lock().unwrap().clone();
        Provider { url, logins, forge, signs_with_another, _server: server }
    }

    /// The configuration of a console that trusts it.
    fn configuration(&self) -> String {
        format!(
            "{{ issuer = \"{}\", client_id = \"{CLIENT}\", client_secret = \"{SECRET}\", role_claim = \"groups\", \
             roles = {{ shop-ops = \"operator\", shop-admins = \"admin\" }} }}",
            self.url
        )
    }

    /// Logs a person in where the browser was led to, and leads it back.
    fn log_in(&self, browser: &Browser, address: &str, name: &str, groups: &str) -> String {
        let (endpoint, query) = address.split_once('?').unwrap();
        assert_eq!(endpoint, format!("{}/authorize", self.url));
        let query = Form::parse(query.as_bytes()).unwrap();
        let mut login: HashMap<String, String> = query
            .iter()
            .map(|(name, value)| [name, value].map(|it| String::from_utf8(it.to_vec()).unwrap()))
            .map(|[name, value]| (name, value))
            .collect();
        assert_eq!(
            (login["client_id"].as_str(), login["response_type"].as_str()),
            (CLIENT, "code")
        );
        assert_eq!(
            login["redirect_uri"],
            format!("http://{}/login/oidc/callback", browser.address)
        );
        assert_eq!(login["code_challenge_method"], "S256");
        login.insert("name".to_owned(), name.to_owned());
        login.insert("groups".to_owned(), groups.to_owned());
        let code = format!("code-{name}");
        let back = Form::from_pairs([("code", code.as_str()), ("state", &login["state"])]).encode();
        self.logins.lock().unwrap().insert(code, login);
        format!("/login/oidc/callback?{back}")
    }

    fn forging(&self, forge: impl Fn(&mut Value) + Send + 'static) {
        *self.forge.lock().unwrap() = Box::new(forge);
    }
}

/// What the token of a code says, where the console proves that it is the one that asked.
fn claims(
    request: &str,
    url: &str,
    logins: &Mutex<HashMap<String, HashMap<String, String>>>,
) -> Result<Value, String> {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let form = Form::parse(body.as_bytes()).unwrap();
    let field =
        |name: &str| String::from_utf8(form.get(name).unwrap_or_default().to_vec()).unwrap();
    let login = logins.lock().unwrap().remove(&field("code")).ok_or("no such code")?;
    let basic = head.lines().find_map(|line| {
        line.to_lowercase().starts_with("authorization: basic ").then(|| line[21..].to_owned())
    });
    let basic = STANDARD.decode(basic.ok_or("no secret")?.trim()).unwrap();
    let basic = Form::parse(
        format!("x={}", String::from_utf8(basic).unwrap().replace(':', "&y=")).as_bytes(),
    )
    .unwrap();
    if basic.get("y") != Some(SECRET.as_bytes()) {
        return Err("a wrong secret".to_owned());
    }
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
    if challenge != login["code_challenge"] || field("redirect_uri") != login["redirect_uri"] {
        return Err("another login's verifier".to_owned());
    }
    Ok(json!({
        "iss": url,
        "aud": CLIENT,
        "sub": "0815",
        "exp": get_current_timestamp() + 300,
        "nonce": login["nonce"],
        "preferred_username": login["name"],
        "groups": login["groups"].split(' ').collect::<Vec<_>>(),
    }))
}

/// Begins a login; returns the browser with its cookie, and where it is led.
fn begin(world: &World) -> (Browser, String) {
    // The head of a page is in lower case, which the secrets of a login are not.
    let seen = world.browser.get_exactly("/login/oidc?to=/reviews").shows(303, &[]);
    let cookie = seen.header("set-cookie").expect("a cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/login/oidc", "Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let cookie = cookie.split(';').next().map(str::to_owned);
    (Browser { cookie, ..world.browser.clone() }, seen.header("location").expect("an address"))
}

fn world(provider: &Provider, more: &[(&str, &str)]) -> World {
    let oidc = provider.configuration();
    World::alone(&[&[("oidc", oidc.as_str())], more].concat(), &[])
}

/// The browser with the session that an answer gave it.
fn with_session(browser: &Browser, seen: &Seen) -> Browser {
    let cookies = seen.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    let mut sessions = cookies.filter(|cookie| cookie.starts_with("alipay_console="));
    let cookie = sessions.next().expect("a session").split(';').next().unwrap().to_owned();
    Browser { cookie: Some(cookie), ..browser.clone() }
}

#[test]
fn a_person_logs_in_at_the_identity_provider_and_has_the_greatest_role_of_the_groups() {
    let provider = Provider::start();
    let world = world(&provider, &[]);
    world.browser.get("/login").shows(200, &["/login/oidc"]).hides(&["name=\"password\""]);
    let (browser, address) = begin(&world);
    let back = provider.log_in(&browser, &address, "wang", "staff shop-ops shop-admins");
    let seen = browser.get(&back).shows(200, &["0;url=/reviews"]);
    assert!(seen.head.contains("samesite=strict"), "{}", seen.head);
    with_session(&browser, &seen).get("/nowhere").shows(404, &["wang · admin", "Log out"]);
    // Neither the state nor the code counts twice.
    browser.get(&back).shows(403, &["did not begin in this browser"]);
}

#[test]
fn who_has_no_role_is_refused() {
    let provider = Provider::start();
    let plain = world(&provider, &[]);
    let (browser, address) = begin(&plain);
    let back = provider.log_in(&browser, &address, "mallory", "staff");
    let seen = browser.get(&back).shows(403, &["You have no role"]);
    assert!(!seen.head.contains("alipay_console="), "{}", seen.head);
    // Users choose their names at many providers: a name with a password here is somebody else's.
    let hash = crate::users::hash("correct horse");
    let users = format!("{{ wang = {{ role = \"admin\", password = \"{hash}\" }} }}");
    let local = self::world(&provider, &[("users", &users), ("default_role", "viewer")]);
    let (browser, address) = begin(&local);
    let back = provider.log_in(&browser, &address, "wang", "shop-admins");
    browser.get(&back).shows(403, &["You have no role"]);
    // A role of the configuration counts more than groups, and the default where there is nothing else.
    let users = ("users", "{ wang = { role = \"viewer\" } }");
    let world = world(&provider, &[users, ("default_role", "viewer")]);
    for (name, groups) in [("wang", "shop-admins"), ("mallory", "staff")] {
        let (browser, address) = begin(&world);
        let back = provider.log_in(&browser, &address, name, groups);
        let seen = browser.get(&back).shows(200, &[]);
        let told = format!("{name} · viewer");
        with_session(&browser, &seen).get("/nowhere").shows(404, &[&told]);
    }
}

#[test]
fn a_login_that_began_elsewhere_or_a_forged_token_is_none() {
    let provider = Provider::start();
    let world = world(&provider, &[]);
    // Another browser brings the answer: somebody would be logged in as another person.
    let (browser, address) = begin(&world);
    let back = provider.log_in(&browser, &address, "wang", "shop-ops");
    world.browser.get(&back).shows(403, &["did not begin in this browser"]);
    browser.get("/login/oidc/callback?code=x&state=y").shows(403, &["did not begin"]);
    let (browser, address) = begin(&world);
    let state = provider.log_in(&browser, &address, "wang", "shop-ops");
    let denied = state
        .replace("code=code%2Dwang", "error=access_denied")
        .replace("code=code-wang", "error=access_denied");
    browser.get(&denied).shows(403, &["refused the login"]);
    for (forge, why) in [
        (Box::new(|claims: &mut Value| claims["nonce"] = "x".into()) as Forge, "another login"),
        (Box::new(|claims: &mut Value| claims["aud"] = "another".into()), "InvalidAudience"),
        (
            Box::new(|claims: &mut Value| claims["iss"] = "http://evil.example".into()),
            "InvalidIssuer",
        ),
        (Box::new(|claims: &mut Value| claims["exp"] = 1.into()), "ExpiredSignature"),
        (Box::new(|claims: &mut Value| claims["azp"] = "another".into()), "another client"),
        (
            Box::new(|claims: &mut Value| {
                drop(claims.as_object_mut().unwrap().remove("preferred_username"));
            }),
            "name_claim",
        ),
    ] {
        provider.forging(forge);
        let (browser, address) = begin(&world);
        let back = provider.log_in(&browser, &address, "wang", "shop-ops");
        let seen = browser.get(&back).shows(409, &["not accepted", why]);
        assert!(!seen.head.contains("alipay_console="), "{}", seen.head);
    }
    provider.forging(|_| {});
    *provider.signs_with_another.lock().unwrap() = true;
    let (browser, address) = begin(&world);
    let back = provider.log_in(&browser, &address, "wang", "shop-ops");
    browser.get(&back).shows(409, &["not accepted", "InvalidSignature"]);
    let log = world.console_log();
    assert!(!log.contains(SECRET), "{log}");
}

#[test]
fn a_provider_that_is_away_is_said_and_other_logins_work() {
    let nobody = "{ issuer = \"http://127.0.0.1:1\", client_id = \"console\" }";
    let users = format!(
        "{{ otto = {{ role = \"operator\", password = '{}' }} }}",
        crate::users::hash("correct horse")
    );
    let world = World::alone(&[("oidc", nobody), ("users", &users)], &[]);
    world.browser.get("/login/oidc").shows(503, &["identity provider"]);
    world.browser.get("/login").shows(200, &["/login/oidc", "name=\"password\""]);
    world.browser.logged_in("otto", "correct horse").get("/nowhere").shows(404, &["otto"]);
}

#[test]
fn the_provider_is_told_the_address_that_it_knows() {
    let provider = Provider::start();
    let uri = "https://intern.example:8443/alipay/login/oidc/callback";
    let oidc = provider.configuration().replacen(
        "issuer",
        &format!("redirect_uri = \"{uri}\", issuer"),
        1,
    );
    let world = World::alone(&[("oidc", &oidc), ("base_path", "/alipay/")], &[]);
    let seen = world.browser.get_exactly("/login/oidc?to=/reviews").shows(303, &[]);
    assert!(seen.header("set-cookie").unwrap().contains("Path=/alipay/login/oidc;"), "{seen:?}");
    let location = seen.header("location").unwrap();
    let query = Form::parse(location.split_once('?').unwrap().1.as_bytes()).unwrap();
    assert_eq!(query.get("redirect_uri"), Some(uri.as_bytes()));
}

#[test]
fn a_configuration_without_safety_is_refused() {
    let ops = crate::program::Ops::at(crate::program::NOBODY.0, crate::program::NOBODY.1);
    let plain = "{ issuer = \"http://login.example.com\", client_id = \"console\" }";
    ops.set("ALIPAY__CONSOLE__OIDC", plain).run("console").ended(2, "https://");
    let ops = crate::program::Ops::at(crate::program::NOBODY.0, crate::program::NOBODY.1);
    let header = ops.set("ALIPAY__CONSOLE__USER_HEADER", "X-Forwarded-User");
    header.run("console").ended(2, "needs console.proxies");
}
