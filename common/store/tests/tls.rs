//! TLS to a real database: right and wrong certificates, and servers with and without it.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

use std::io::{self, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use diesel::connection::{Connection as _, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use store::{Connection, DatabaseSettings, MysqlConnection, Pool, StoreError, Tls};
use testkit::{Certificates, Database, DatabaseKind, DatabaseOptions, Folder, KeyPairFiles};

const PASSWORD: &str = "sesame-4711";

struct Scene {
    database: Database,
    made: Certificates,
    _folder: Arc<Folder>,
}

impl Scene {
    /// A database with a certificate for localhost, 127.0.0.1 and ::1 that takes nothing in plain
    /// text.
    fn demanding() -> Scene {
        Scene::start(|made| {
            let mut arguments = certificate(made, &made.server);
            arguments.push("--require-secure-transport=ON".to_owned());
            arguments
        })
    }

    /// A database that knows no TLS.
    fn plain() -> Scene {
        Scene::start(|_| vec![no_tls().to_owned()])
    }

    fn start(arguments: impl FnOnce(&Certificates) -> Vec<String>) -> Scene {
        let folder = Arc::new(Folder::create().expect("a folder"));
        let made = Certificates::create(folder.path()).expect("certificates");
        let options = DatabaseOptions { arguments: arguments(&made), ..DatabaseOptions::default() };
        let database = Database::start_with(&folder, &options).expect("a server");
        Scene { database, made, _folder: folder }
    }

    /// Starts it again with this certificate.
    fn present(&mut self, files: &KeyPairFiles) {
        let arguments = certificate(&self.made, files);
        self.database.set_arguments(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        self.database.kill();
        self.database.start_again().expect("the server again");
    }

    /// At this host, with a password that no error may show. It need not be right: TLS fails before
    /// it is asked for.
    fn stranger(&self, host: &str) -> String {
        format!("mysql://root:{PASSWORD}@{host}:{}/alipay", self.database.port())
    }

    fn settings(&self, tls: Tls, ca: Option<&Path>) -> DatabaseSettings {
        settings(&self.database.url(), tls, ca)
    }

    /// What is said of a connection that must be refused; host and port are named, the password is
    /// not.
    #[track_caller]
    fn refusal(&self, settings: &DatabaseSettings) -> String {
        let error = refusal(settings);
        let port = self.database.port();
        assert!(error.contains("127.0.0.1:") || error.contains("localhost:"), "{error}");
        assert!(error.contains(&port.to_string()), "{error}");
        assert!(!error.contains(PASSWORD), "{error}");
        error
    }

    /// Refused for its certificate, with these words.
    #[track_caller]
    fn is_refused(&self, url: &str, tls: Tls, ca: Option<&Path>, words: &[&str]) {
        let error = self.refusal(&settings(url, tls, ca));
        for word in words {
            assert!(error.contains(word), "{error:?} does not say {word:?}");
        }
    }
}

/// What has a server speak TLS with this certificate.
fn certificate(made: &Certificates, files: &KeyPairFiles) -> Vec<String> {
    vec![
        format!("--ssl-ca={}", made.ca.display()),
        format!("--ssl-cert={}", files.certificate.display()),
        format!("--ssl-key={}", files.key.display()),
    ]
}

fn is_mysql() -> bool {
    DatabaseKind::selected().expect("a kind") == DatabaseKind::MySql
}

/// What has a server speak no TLS. Both make certificates for themselves otherwise, but for
/// MariaDB before 11.4.
fn no_tls() -> &'static str {
    if is_mysql() { "--tls-version=" } else { "--skip-ssl" }
}

fn settings(url: &str, tls: Tls, ca: Option<&Path>) -> DatabaseSettings {
    let ca = ca.map(|file| {
        let pem = std::fs::read(file).expect("a certificate");
        vec![CertificateDer::from_pem_slice(&pem).expect("PEM").to_vec()]
    });
    DatabaseSettings { tls, ca, ..DatabaseSettings::new(url) }
}

fn connect(settings: &DatabaseSettings) -> Result<Connection, StoreError> {
    Pool::new(settings.clone(), 1).get()
}

/// The cipher of the session: empty in plain text.
fn cipher(connection: &mut MysqlConnection) -> String {
    #[derive(QueryableByName)]
    struct Status {
        #[diesel(sql_type = Text, column_name = "Value")]
        value: String,
    }
    let status: Status = sql_query("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        .get_result(connection)
        .expect("the session's cipher");
    status.value
}

#[track_caller]
fn works(settings: &DatabaseSettings, encrypted: bool) {
    let mut connection = connect(settings).unwrap_or_else(|error| panic!("{settings:?}: {error}"));
    let cipher = cipher(&mut connection);
    assert_eq!(!cipher.is_empty(), encrypted, "{settings:?}: cipher {cipher:?}");
}

/// Why there is no connection.
#[track_caller]
fn refusal(settings: &DatabaseSettings) -> String {
    // A pool of one tries in the background: on a slow machine its first caller gives up before.
    let pool = Pool::new(settings.clone(), 1);
    loop {
        let error = match pool.get() {
            Ok(mut connection) => panic!("connected, cipher {:?}", cipher(&mut connection)),
            Err(error) => error.to_string(),
        };
        if !error.contains("none was free") {
            return error;
        }
    }
}

/// A port of ::1 from which connections are passed on; `None` on a machine without IPv6. It ends
/// with the process.
fn relay_on_ipv6(target: u16) -> Option<u16> {
    let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok()?;
    let port = listener.local_addr().ok()?.port();
    thread::spawn(move || {
        for from in listener.incoming().map_while(Result::ok) {
            let to = TcpStream::connect(("127.0.0.1", target)).expect("the server");
            for (mut from, mut to) in
                [(from.try_clone().expect("a line"), to.try_clone().expect("a line")), (to, from)]
            {
                thread::spawn(move || {
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    Some(port)
}

#[test]
fn a_server_that_demands_tls_gets_it() {
    let scene = Scene::demanding();
    let (ca, other) = (scene.made.ca.as_path(), scene.made.other_ca.as_path());
    works(&scene.settings(Tls::Required, Some(ca)), true);
    works(&scene.settings(Tls::Preferred, Some(ca)), true);
    // Encrypted, and whoever answers is believed.
    works(&scene.settings(Tls::Preferred, None), true);

    let url = scene.stranger("127.0.0.1");
    let authority = ["not from an authority", "database.ca_file"];
    scene.is_refused(&url, Tls::Required, Some(other), &authority);
    scene.is_refused(&url, Tls::Preferred, Some(other), &authority);
    // Those that browsers trust.
    scene.is_refused(&url, Tls::Required, None, &authority);
    // A server looks at the password first, so this one has to be right.
    let root = scene.database.url();
    // MariaDB denies access in words that are the same for a wrong one.
    let demanded = ["set database.tls = \"required\""];
    scene.is_refused(&root, Tls::Off, None, &demanded);

    // The URL says it, too, and for certain: "required" verifies.
    let asked = |mode: &str| format!("{}?ssl_mode={mode}", scene.database.url());
    works(&settings(&asked("required"), Tls::Off, Some(ca)), true);
    works(&settings(&asked("verify_identity"), Tls::Preferred, Some(ca)), true);
    let strange = |mode: &str| format!("{url}?ssl_mode={mode}");
    scene.is_refused(&strange("required"), Tls::Off, None, &authority);
    scene.is_refused(&asked("disabled"), Tls::Preferred, Some(ca), &demanded);
    // It does not weaken what is required.
    works(&settings(&asked("disabled"), Tls::Required, Some(ca)), true);

    // As far as this machine has a ::1.
    if let Some(port) = relay_on_ipv6(scene.database.port()) {
        let url = format!("mysql://root@[::1]:{port}/alipay");
        works(&settings(&url, Tls::Required, Some(ca)), true);
        let error = refusal(&settings(&url, Tls::Required, Some(other)));
        assert!(error.contains(&format!("[::1]:{port}")), "{error}");
    }
}

#[test]
fn a_certificate_for_another_name_or_of_another_time_is_refused() {
    let mut scene = Scene::demanding();
    let made = scene.made.clone();
    let ca = Some(made.ca.as_path());

    scene.present(&made.wrong_name);
    for host in ["127.0.0.1", "localhost"] {
        let url = scene.stranger(host);
        for tls in [Tls::Required, Tls::Preferred] {
            scene.is_refused(&url, tls, ca, &["another name", "wrong.example", "database.url"]);
        }
    }
    scene.present(&made.ended);
    scene.is_refused(&scene.stranger("127.0.0.1"), Tls::Required, ca, &["has expired", "renew it"]);
    // Nobody asks for more than a listener that hears nothing.
    works(&scene.settings(Tls::Preferred, None), true);
    scene.present(&made.server);
    works(&scene.settings(Tls::Required, ca), true);
}

#[test]
fn a_server_without_tls_is_refused_where_it_is_required() {
    let scene = Scene::plain();
    let ca = Some(scene.made.ca.as_path());
    works(&scene.settings(Tls::Off, None), false);
    let url = scene.stranger("127.0.0.1");
    for ca in [ca, None] {
        scene.is_refused(&url, Tls::Required, ca, &["offers no TLS", "database.tls"]);
    }
    scene.is_refused(&format!("{url}?ssl_mode=required"), Tls::Off, ca, &["offers no TLS"]);

    // Preferred: in plain text, which is said where the line leaves this machine.
    works(&scene.settings(Tls::Preferred, None), false);
    works(&scene.settings(Tls::Preferred, ca), false);
    let log = |host: &str| {
        let url = scene.database.url().replace("127.0.0.1", host);
        heard(|| {
            let mut connection = MysqlConnection::establish(&url).expect("a connection");
            assert_eq!(cipher(&mut connection), "");
        })
    };
    assert!(!log("127.0.0.1").contains("plain text"));
    // This machine, by an address that is not a loopback address.
    let log = log("0.0.0.0");
    assert!(log.contains("offers no TLS") && log.contains("plain text"), "{log}");
}

#[test]
fn a_password_is_not_sent_in_plain_text() {
    if !is_mysql() {
        // MariaDB's clients prove that they know it and never send it.
        return;
    }
    let scene = Scene::plain();
    let mut root = connect(&scene.settings(Tls::Off, None)).expect("a connection");
    let make = format!(
        "CREATE USER shop@'%' IDENTIFIED WITH caching_sha2_password BY '{PASSWORD}'; \
         GRANT ALL ON alipay.* TO shop@'%'"
    );
    root.batch_execute(&make).expect("a user");
    let url = scene.database.url().replace("root@", &format!("shop:{PASSWORD}@"));
    // The first time the server has nothing in its cache and asks for the password, encrypted by its key.
    for _ in 0..2 {
        works(&settings(&url, Tls::Off, None), false);
    }
    let error = scene.refusal(&settings(&url.replace(PASSWORD, "wrong"), Tls::Off, None));
    assert!(error.contains("user or password is wrong, or the server requires TLS"), "{error}");
}

/// What is logged on this thread meanwhile.
fn heard(work: impl FnOnce()) -> String {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, work);
    let bytes = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    String::from_utf8_lossy(&bytes).into_owned()
}
