//! The database URL.

use config::{ENCODE, url_mistake};
use mysql_async::{OptsBuilder, SslOpts};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::{DatabaseSettings, Tls};

const PORT: u16 = 3306;

/// Why a database URL cannot be used. The text does not quote the URL, which holds a password.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the database URL{} cannot be used: {problem}", in_brackets(set_by.as_deref()))]
pub struct UrlError {
    set_by: Option<String>,
    problem: String,
}

/// Who set the URL.
fn in_brackets(set_by: Option<&str>) -> String {
    set_by.map(|set_by| format!(" ({set_by})")).unwrap_or_default()
}

/// A [`DatabaseSettings`] that was read and checked.
#[derive(Debug, Clone)]
pub(super) struct DatabaseAddress {
    options: OptsBuilder,
    tls: Tls,
    ca: Option<Vec<Vec<u8>>>,
    label: String,
    loopback: bool,
}

impl DatabaseAddress {
    pub(super) fn read(settings: &DatabaseSettings) -> Result<DatabaseAddress, UrlError> {
        let unusable = |problem: String| UrlError { set_by: settings.source.clone(), problem };
        let form = || {
            let form =
                format!("it is not of the form mysql://USER:PASSWORD@HOST:PORT/SCHEMA ({ENCODE})");
            unusable(url_mistake(&settings.url).map_or(form, str::to_owned))
        };
        let url = Url::parse(&settings.url).map_err(|_| form())?;
        if url.scheme() != "mysql" {
            return Err(unusable("it does not begin with mysql://".to_owned()));
        }
        let misplaced = url.fragment().is_some()
            || (url.username().is_empty() && (url.path().contains('@') || has_at(url.query())));
        if misplaced && let Some(mistake) = url_mistake(&settings.url) {
            return Err(unusable(mistake.to_owned()));
        }
        let host = match url.host() {
            // Square brackets belong to the URL, not to the address.
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => return Err(form()),
        };
        let decoded = |text: &str| {
            let not_text =
                |_| unusable("user, password or schema is not UTF-8: write % as %25".to_owned());
            let text = percent_decode_str(text).decode_utf8().map_err(not_text)?;
            Ok(Some(text.into_owned()).filter(|text| !text.is_empty()))
        };
        let user = decoded(url.username())?;
        let password = decoded(url.password().unwrap_or_default())?;
        let schema = decoded(url.path().trim_start_matches('/'))?;
        let port = url.port().unwrap_or(PORT);
        let mut asked = None;
        let mut socket = None;
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "ssl_mode" | "ssl-mode" | "sslmode" => {
                    let tls = tls_of(&value).ok_or_else(|| unusable(MODES.to_owned()))?;
                    asked = asked.max(Some(tls));
                }
                "socket" | "unix_socket" => socket = Some(value.into_owned()),
                // Names are not secret, values may be.
                _ => {
                    return Err(unusable(format!(
                        "it has an unknown parameter {name}: ssl_mode and socket are known"
                    )));
                }
            }
        }
        // The URL can require more than the configuration, and less only if the configuration requires nothing.
        let tls = match settings.tls {
            Tls::Required => Tls::Required,
            tls => asked.unwrap_or(tls),
        };
        let at = user.as_deref().unwrap_or_default();
        let place = match &socket {
            Some(path) => path.clone(),
            None if host.contains(':') => format!("[{host}]:{port}"),
            None => format!("{host}:{port}"),
        };
        let label = match &settings.source {
            Some(source) => format!("{place} as {at:?} ({source})"),
            None => format!("{place} as {at:?}"),
        };
        let loopback = socket.is_some()
            || host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        let options = OptsBuilder::default()
            .ip_or_hostname(host)
            .tcp_port(port)
            .user(user)
            .pass(password)
            .db_name(schema)
            // By TCP unless the URL names a socket: a host and a port always mean TCP.
            .prefer_socket(false)
            .socket(socket)
            .tcp_keepalive(Some(60_000_u32))
            // diesel keeps the prepared statements, and counts found rows, not changed ones.
            .stmt_cache_size(0)
            .client_found_rows(true);
        Ok(DatabaseAddress { options, tls, ca: settings.ca.clone(), label, loopback })
    }

    /// `HOST:PORT as "USER" (environment variable DATABASE_URL)`, for people.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    pub(super) fn tls(&self) -> Tls {
        self.tls
    }

    /// The connection does not leave this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.loopback
    }

    pub(super) fn plain(&self) -> OptsBuilder {
        self.options.clone()
    }

    pub(super) fn encrypted(&self) -> OptsBuilder {
        let mut tls = SslOpts::default();
        if let Some(certificates) = &self.ca {
            let roots = certificates.iter().map(|der| der.clone().into()).collect();
            tls = tls.with_root_certs(roots).with_disable_built_in_roots(true);
        } else if self.tls == Tls::Preferred {
            tls =
                tls.with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true);
        }
        self.options.clone().ssl_opts(tls)
    }
}

/// What a URL without `USER:PASSWORD@` does not hold, unless its password hides the host.
fn has_at(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.contains('@'))
}

const MODES: &str =
    "its ssl_mode is none of disabled, preferred, required, verify_ca, verify_identity";

/// MySQL's names for the modes. Those between `PREFERRED` and `VERIFY_IDENTITY` do not verify the host name, so
/// all of them verify it here.
fn tls_of(mode: &str) -> Option<Tls> {
    match mode.to_ascii_lowercase().replace('-', "_").as_str() {
        "disabled" | "disable" => Some(Tls::Off),
        "preferred" | "prefer" => Some(Tls::Preferred),
        "required" | "require" | "verify_ca" | "verify_identity" | "verify_full" => {
            Some(Tls::Required)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use mysql_async::Opts;

    use super::{DatabaseAddress, DatabaseSettings, Tls};

    fn read(url: &str) -> Result<DatabaseAddress, String> {
        DatabaseAddress::read(&DatabaseSettings::new(url)).map_err(|error| error.to_string())
    }

    #[test]
    fn parts() {
        let address = read("mysql://sh%40p:p%3Aw%2F@[::1]:3307/pay").unwrap();
        let options = Opts::from(address.plain());
        assert_eq!(options.ip_or_hostname(), "::1");
        assert_eq!(options.tcp_port(), 3307);
        assert_eq!(options.user(), Some("sh@p"));
        assert_eq!(options.pass(), Some("p:w/"));
        assert_eq!(options.db_name(), Some("pay"));
        assert_eq!(address.label(), "[::1]:3307 as \"sh@p\"");
        assert!(address.is_loopback());
        let address = read("mysql://root@db.example/pay").unwrap();
        assert_eq!(Opts::from(address.plain()).tcp_port(), 3306);
        assert_eq!(Opts::from(address.plain()).pass(), None);
        assert!(!address.is_loopback());
    }

    #[test]
    fn the_url_can_ask_for_tls() {
        for (mode, tls) in [
            ("disabled", Tls::Off),
            ("PREFERRED", Tls::Preferred),
            ("required", Tls::Required),
            ("VERIFY_CA", Tls::Required),
            ("verify-identity", Tls::Required),
        ] {
            assert_eq!(read(&format!("mysql://u@h/s?ssl_mode={mode}")).unwrap().tls(), tls);
        }
    }

    #[test]
    fn the_url_cannot_weaken_what_is_required() {
        let url = "mysql://u@h/s?ssl_mode=required&ssl_mode=disabled";
        assert_eq!(read(url).unwrap().tls(), Tls::Required);
        let settings = DatabaseSettings {
            tls: Tls::Required,
            ..DatabaseSettings::new("mysql://u@h/s?ssl_mode=disabled")
        };
        assert_eq!(DatabaseAddress::read(&settings).unwrap().tls(), Tls::Required);
    }

    #[test]
    fn who_set_the_url_is_told() {
        let source = Some("environment variable DATABASE_URL".to_owned());
        let settings =
            |url: &str| DatabaseSettings { source: source.clone(), ..DatabaseSettings::new(url) };
        let address = DatabaseAddress::read(&settings("mysql://shop:secret@db/pay")).unwrap();
        assert_eq!(address.label(), "db:3306 as \"shop\" (environment variable DATABASE_URL)");
        let error = DatabaseAddress::read(&settings("mysql://shop:se/cret@db/pay"))
            .unwrap_err()
            .to_string();
        assert!(
            error
                .starts_with("the database URL (environment variable DATABASE_URL) cannot be used"),
            "{error}"
        );
    }

    /// A character of the password that is not encoded makes another host of the URL.
    #[test]
    fn a_password_that_hides_the_host_is_explained() {
        for (url, says) in [
            ("mysql://shop:12/secret@db/pay", "%2F"),
            ("mysql://shop:ab/secret@db/pay", "%2F"),
            ("mysql://shop/secret@db/pay", "%2F"),
            ("mysql://shop:12#secret@db/pay", "%23"),
            ("mysql://shop:12?secret@db/pay", "%3F"),
            ("mysql://shop:%ffsecret@db/pay", "%25"),
            ("mysql://shop:secret@db/pay#secret", "%23"),
            ("mysql://shop:secret@db:port/pay", "port"),
        ] {
            let error = read(url).unwrap_err();
            assert!(error.contains(says) && !error.contains("secret"), "{url}: {error}");
        }
        // What the URL's own rules read rightly stays as it is.
        let address = read("mysql://shop:p@ss%@db/p@y").unwrap();
        let options = Opts::from(address.plain());
        assert_eq!((options.pass(), options.db_name()), (Some("p@ss%"), Some("p@y")));
    }

    /// A host and a port mean TCP, also for localhost; a socket is used where the URL names one.
    #[test]
    fn localhost_is_tcp_unless_a_socket_is_named() {
        for url in ["mysql://root@localhost:3307/pay", "mysql://root@localhost/pay"] {
            let options = Opts::from(read(url).unwrap().plain());
            assert!(!options.prefer_socket() && options.socket().is_none(), "{url}");
        }
        let address = read("mysql://root@localhost/pay?socket=/run/mysqld/mysqld.sock").unwrap();
        assert_eq!(Opts::from(address.plain()).socket(), Some("/run/mysqld/mysqld.sock"));
        assert!(address.label().starts_with("/run/mysqld/mysqld.sock as"), "{}", address.label());
    }

    #[test]
    fn what_cannot_be_used_is_explained_and_not_quoted() {
        for (url, word) in [
            ("", "of the form"),
            ("mysql:secret", "of the form"),
            ("mysql://u:secret", "port"),
            ("postgres://u:secret@h/s", "mysql://"),
            ("mysql://u:secret@h/s?ssl_mode=maybe", "ssl_mode"),
            ("mysql://u:secret@h/s?verify=secret", "parameter verify"),
        ] {
            let error = read(url).unwrap_err();
            assert!(error.contains(word) && !error.contains("secret"), "{url}: {error}");
        }
    }
}
