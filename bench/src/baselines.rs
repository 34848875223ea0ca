//! What others do: the usual PHP script, and a handler in Node.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use testkit::{Sandbox, poll};
use url::Url;

use crate::load::LoadTarget;
use crate::system::BenchSystem;

/// How long a server may take until it listens.
const READY: Duration = Duration::from_secs(30);
/// Where Debian has its servers, which are not on a user's path.
const SERVERS: &str = "/usr/sbin";

/// A server that is ended when the value is dropped.
pub(crate) struct BaselineServer(Vec<Child>);

impl Drop for BaselineServer {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // nginx and php-fpm end their children on SIGTERM.
            let id = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap_or(0));
            let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM);
            drop(child.wait());
        }
    }
}

/// nginx and php-fpm with the script of `bench/php`; `None` where they are not installed.
pub(crate) fn php(
    system: &BenchSystem,
    connections: usize,
) -> anyhow::Result<Option<(BaselineServer, LoadTarget)>> {
    let (nginx, fpm) = (Path::new(SERVERS).join("nginx"), fpm());
    let (true, Some(fpm)) = (nginx.exists(), fpm) else { return Ok(None) };
    let folder = system.folder.path();
    // Their children run as another user where this is root.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    fs::write(folder.join("notify_url.php"), include_str!("../php/notify_url.php"))?;
    let port = free_port()?;
    let shown = folder.display();
    fs::write(folder.join("fpm.conf"), fpm_config(system, folder)?)?;
    fs::write(
        folder.join("nginx.conf"),
        format!(
            "daemon off;\npid {shown}/nginx.pid;\nerror_log {shown}/nginx.log;\nworker_processes auto;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\n access_log off;\n keepalive_requests 1000000;\n client_body_temp_path {shown}/body;\n\
             fastcgi_temp_path {shown}/fastcgi;\n proxy_temp_path {shown}/proxy;\n scgi_temp_path {shown}/scgi;\n\
             uwsgi_temp_path {shown}/uwsgi;\n\
             server {{\n  listen 127.0.0.1:{port};\n  location / {{\n   fastcgi_pass unix:{shown}/fpm.sock;\n\
             fastcgi_param SCRIPT_FILENAME {shown}/notify_url.php;\n   fastcgi_param REQUEST_METHOD $request_method;\n\
             fastcgi_param CONTENT_TYPE $content_type;\n   fastcgi_param CONTENT_LENGTH $content_length;\n  }}\n }}\n}}\n"
        ),
    )?;
    let file = |name: &str| folder.join(name).display().to_string();
    let mut server = BaselineServer(Vec::new());
    server.0.push(spawn(Command::new(fpm).args(["-F", "-R", "-y", &file("fpm.conf")]))?);
    poll(READY, || fs::metadata(folder.join("fpm.sock"))).context("php-fpm does not start")?;
    server.0.push(spawn(Command::new(nginx).args(["-c", &file("nginx.conf")]))?);
    let address = format!("127.0.0.1:{port}");
    poll(READY, || TcpStream::connect(&address)).context("nginx does not start")?;
    Ok(Some((server, LoadTarget { address, path: "/notify_url.php".to_owned(), connections })))
}

fn fpm() -> Option<std::path::PathBuf> {
    let programs = fs::read_dir(SERVERS).ok()?.flatten();
    let mut found: Vec<_> = programs
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("php-fpm"))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found.pop()
}

fn fpm_config(system: &BenchSystem, folder: &Path) -> anyhow::Result<String> {
    let database = Url::parse(&system.sandbox.database_url)?;
    let shown = folder.display();
    let mut config = format!(
        "[global]\nerror_log = {shown}/fpm.log\n[shop]\nlisten = {shown}/fpm.sock\nlisten.mode = 0666\n\
         pm = static\npm.max_children = 16\npm.max_requests = 0\nphp_admin_value[opcache.enable] = 1\n"
    );
    if nix::unistd::geteuid().is_root() {
        config.push_str("user = www-data\ngroup = www-data\n");
    }
    for (name, value) in [
        ("MD5_KEY", system.md5_key),
        ("DATABASE_HOST", database.host_str().unwrap_or("127.0.0.1")),
        ("DATABASE_PORT", &database.port().unwrap_or(3306).to_string()),
        ("DATABASE_NAME", database.path().trim_start_matches('/')),
        ("DATABASE_USER", database.username()),
        ("DATABASE_PASSWORD", database.password().unwrap_or_default()),
    ] {
        // php-fpm takes no empty value.
        if !value.is_empty() {
            config.push_str(&format!("env[{name}] = \"{value}\"\n"));
        }
    }
    Ok(config)
}

/// The handler of `bench/node`; `None` where node or its packages are not there.
pub(crate) fn node(
    system: &BenchSystem,
    connections: usize,
) -> anyhow::Result<Option<(BaselineServer, LoadTarget)>> {
    // Beside the program: the packages are fetched once.
    let folder = std::env::current_exe()?.with_file_name("bench-node");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("ingress.mjs"), include_str!("../node/ingress.mjs"))?;
    fs::write(folder.join("package.json"), include_str!("../node/package.json"))?;
    if !folder.join("node_modules").exists() {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--silent"]).current_dir(&folder);
        if !npm.stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
            return Ok(None);
        }
    }
    let port = free_port()?;
    let Sandbox { amqp_url, .. } = &system.sandbox;
    let mut command = Command::new("node");
    command.arg("ingress.mjs").current_dir(&folder);
    command.env("AMQP_URL", amqp_url).env("PORT", port.to_string());
    command.env("PUBLIC_KEY", &system.public_key);
    let server = BaselineServer(vec![spawn(&mut command)?]);
    let address = format!("127.0.0.1:{port}");
    poll(READY, || TcpStream::connect(&address)).context("node does not start")?;
    Ok(Some((server, LoadTarget { address, path: "/notify".to_owned(), connections })))
}

fn spawn(command: &mut Command) -> anyhow::Result<Child> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    child.with_context(|| command.get_program().to_string_lossy().into_owned())
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
