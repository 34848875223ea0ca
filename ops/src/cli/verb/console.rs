//! `ops console`

use std::io::Write as _;
use std::net::SocketAddr;

use clap::Args;
use tokio::net::TcpListener;

use crate::cli::context::Context;
use crate::console;
use crate::failure::Failure;

/// Pages in a browser: status, orders, dead letters, reviews, products
///
/// Shows what status, order, dlq, review and product show, and replays or discards dead letters and decides
/// reviews as they do. Needs no file besides the configuration, and a page still works while the database
/// or the broker is away, as far as it needs only the other one.
///
/// There is NO LOGIN: whoever reaches it can act. It listens on loopback, where a reverse proxy with
/// authentication can ask it, or ssh -L. --allow-remote lets it listen elsewhere; keep strangers out then.
/// Behind a proxy say with --host by which name browsers know it: NAME means https://NAME; write the scheme
/// and the port where they are others, as in http://ops.lan:8090.
///
/// Prints `console ready url=http://ADDRESS/` and runs until Ctrl-C or SIGTERM.
///
/// Example: ops console --listen 127.0.0.1:8090
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ConsoleArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Listen on an address that other machines can reach, without a login
    #[arg(long)]
    allow_remote: bool,
    /// A name that browsers know it by, NAME for https://NAME, or with scheme and port; localhost and addresses need none;
    /// may be repeated
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
}

impl ConsoleArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let remote = !service::guard::is_local(self.listen);
        if remote && !self.allow_remote {
            return Err(Failure::Usage(format!(
                "--listen {}: other machines could reach it, and there is no login. Listen on 127.0.0.1 \
                 behind a reverse proxy with authentication, or say --allow-remote",
                self.listen
            )));
        }
        let console = console::Console::new(context.config.clone(), self.host, remote)?;
        context.block_on(async {
            let cannot = |error| Failure::CouldNotAsk(format!("--listen {}: {error}", self.listen));
            let listener = TcpListener::bind(self.listen).await.map_err(cannot)?;
            let address = listener.local_addr().map_err(cannot)?;
            let shutdown = service::shutdown::on_signals();
            let mut stdout = std::io::stdout();
            writeln!(stdout, "console ready url=http://{address}/")
                .and_then(|()| stdout.flush())
                .map_err(|error| Failure::CouldNotAsk(format!("stdout: {error}")))?;
            console::serve(console, listener, shutdown).await;
            Ok(())
        })
    }
}
