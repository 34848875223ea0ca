//! `ops console`

use std::io::Write as _;
use std::net::SocketAddr;

use clap::Args;
use tokio::net::TcpListener;
use tracing::warn;

use crate::cli::context::Context;
use crate::console;
use crate::failure::Failure;

/// Serve pages for a browser: status, orders, dead letters, reviews, products
///
/// Shows the same as the verbs status, order, dlq, review and product, and replays or discards dead letters and
/// decides reviews as they do. Needs no file besides the configuration. While the database or the broker is away,
/// pages that need only the other one still work.
///
/// Users, their passwords and roles are in the configuration, [console.users.NAME]: see ops console-password. Without
/// users there is NO LOGIN: everybody who can reach it can act. It then listens on loopback only, where ssh -L or a
/// reverse proxy with authentication can reach it. With users and --allow-remote it can listen elsewhere; a password is
/// only encrypted on its way where a proxy with TLS is in front. Behind a proxy, give the name that browsers use with
/// --host: NAME means https://NAME; write the scheme and the port if they differ, as in http://ops.lan:8090.
///
/// Prints `console ready url=http://ADDRESS/` and runs until Ctrl-C or SIGTERM.
///
/// Example: ops console --listen 127.0.0.1:8090
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ConsoleArgs {
    /// The address to listen on; port 0 takes a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Listen on an address that other machines can reach; needs users in the configuration
    #[arg(long)]
    allow_remote: bool,
    /// A name that browsers use: NAME for https://NAME, or with scheme and port; can be given several times;
    /// not needed for localhost and addresses
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
}

impl ConsoleArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let remote = !service::guard::is_local(self.listen);
        let has_login = context.config.console.has_login();
        if remote && !has_login {
            return Err(Failure::Usage(format!(
                "--listen {}: other machines could reach it, and there is no login. Set [console.users.NAME] \
                 with role and password (ops console-password) in the configuration, or listen on 127.0.0.1 \
                 behind a reverse proxy with authentication",
                self.listen
            )));
        }
        if remote && !self.allow_remote {
            return Err(Failure::Usage(format!(
                "--listen {}: other machines could reach it, and passwords are not encrypted on the way. Listen on \
                 127.0.0.1 behind a reverse proxy with TLS, or say --allow-remote",
                self.listen
            )));
        }
        if !has_login {
            warn!(
                "there is no login: whoever reaches {} can act; [console.users.NAME] in the configuration asks for \
                 a password",
                self.listen
            );
        }
        let base = context.config.console.base_path.clone();
        let console = console::Console::new(context.config.clone(), self.host, remote)?;
        context.block_on(async {
            let cannot = |error| Failure::CouldNotAsk(format!("--listen {}: {error}", self.listen));
            let listener = TcpListener::bind(self.listen).await.map_err(cannot)?;
            let address = listener.local_addr().map_err(cannot)?;
            let shutdown = service::shutdown::on_signals();
            let mut stdout = std::io::stdout();
            writeln!(stdout, "console ready url=http://{address}{base}/")
                .and_then(|()| stdout.flush())
                .map_err(|error| Failure::CouldNotAsk(format!("stdout: {error}")))?;
            console::serve(console, listener, shutdown).await;
            Ok(())
        })
    }
}
