//! A plain HTTP client: one request a connection, every byte as the test says.

use std::net::SocketAddr;

use testkit::http::{self, Response};

/// What asks the console.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) address: SocketAddr,
    /// The path of the console there, without its last `/`: `console.base_path`.
    pub(crate) base: String,
    /// What it keeps of the console: `name=value`, where it has logged in.
    pub(crate) cookie: Option<String>,
}

/// What it got.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Browser {
    /// A page, by its path below the base path.
    pub(crate) fn get(&self, path: &str) -> Seen {
        let host = self.address.to_string();
        let mut headers = vec![("Host", host.as_str())];
        headers.extend(self.cookie.as_deref().map(|cookie| ("Cookie", cookie)));
        self.ask("GET", &self.at(path), &headers, "")
    }

    /// A page, with the values of its head as they are.
    pub(crate) fn get_exactly(&self, path: &str) -> Seen {
        let (address, host) = (self.address.to_string(), self.address.to_string());
        let answer = http::send(&address, "GET", &self.at(path), &[("Host", &host)], "").unwrap();
        let lower = |line: &str| match line.split_once(": ") {
            Some((name, value)) => format!("{}: {value}\n", name.to_lowercase()),
            None => format!("{line}\n"),
        };
        let head = answer.head.lines().map(lower).collect();
        Seen { status: answer.status, head, body: answer.body }
    }

    /// Sends the form of the login page.
    pub(crate) fn log_in(&self, user: &str, password: &str) -> Seen {
        self.post_as(
            "/login",
            &form(&[("user", user), ("password", password), ("to", "/orders")]),
            &self.own(),
        )
    }

    /// The same browser, logged in.
    pub(crate) fn logged_in(&self, user: &str, password: &str) -> Browser {
        let seen = self.log_in(user, password);
        assert_eq!(seen.status, 303, "{seen:?}");
        let cookie = seen.header("set-cookie").expect("a cookie");
        let cookie = cookie.split(';').next().map(str::to_owned);
        Browser { cookie, ..self.clone() }
    }

    /// A form of a page of the console, sent as a browser does.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let token = self.token();
        let fields = [&[("token", token.as_str())], fields].concat();
        self.post_as(path, &form(&fields), &self.own())
    }

    /// As [`Browser::post`]; follows the redirect.
    pub(crate) fn act(&self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let seen = self.post(path, fields);
        assert_eq!(seen.status, 303, "{seen:?}");
        let location = seen.header("location").expect("a location");
        self.get(location.strip_prefix(&self.base).expect("an address of the console"))
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A body with these headers.
    pub(crate) fn post_as(&self, path: &str, body: &str, headers: &[(&str, String)]) -> Seen {
        let mut all = vec![("Content-Type", "application/x-www-form-urlencoded")];
        all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
        self.ask("POST", &self.at(path), &all, body)
    }

    /// What a browser says about a form of the console.
    pub(crate) fn own(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("Host", self.address.to_string()),
            ("Origin", format!("http://{}", self.address)),
            ("Sec-Fetch-Site", "same-origin".to_owned()),
        ];
        headers.extend(self.cookie.clone().map(|cookie| ("Cookie", cookie)));
        headers
    }

    /// The token in the form of the page of pauses, which is always there.
    pub(crate) fn token(&self) -> String {
        let page = self.get("/token-is-in-no-error-page");
        assert!(!page.body.contains("name=\"token\""));
        self.token_in("/pauses")
    }

    /// The token in a form of this page.
    pub(crate) fn token_in(&self, path: &str) -> String {
        let page = self.get(path);
        let (_, rest) = page.body.split_once("name=\"token\" value=\"").expect("a token");
        rest.split('"').next().unwrap().to_owned()
    }

    /// A request exactly as it is given.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Seen {
        let address = self.address.to_string();
        let answer = http::send(&address, method, path, headers, body).unwrap();
        let Response { status, head, body } = answer;
        Seen { status, head: head.to_lowercase(), body }
    }
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let found = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.map(str::to_owned)
    }

    /// With this status and all these texts.
    #[track_caller]
    pub(crate) fn shows(self, status: u16, texts: &[&str]) -> Seen {
        for text in texts {
            assert!(self.body.contains(text), "no {text:?} in {}\n{}", self.head, self.body);
        }
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Without any of these texts.
    #[track_caller]
    pub(crate) fn hides(self, texts: &[&str]) -> Seen {
        for text in texts {
            assert!(!self.body.contains(text), "{text:?} in {}", self.body);
        }
        self
    }
}

/// Encoded as a browser does.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    alipay::Form::from_pairs(fields.iter().copied()).encode()
}
