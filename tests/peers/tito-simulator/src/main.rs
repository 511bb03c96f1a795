//! The simulator by hand: `cargo run -p tito-simulator -- --help`.

use std::io::Write;
use std::net::SocketAddr;

use clap::Parser;
use tito_simulator::{Conference, Simulator, Switches};

/// A Tito on this machine, with made-up tickets.
#[derive(Parser)]
struct Arguments {
    /// Address and port to listen on; port 0 picks one.
    #[arg(long, default_value = "127.0.0.1:8346")]
    listen: SocketAddr,
    /// How many tickets were sold.
    #[arg(long, default_value_t = 100)]
    tickets: usize,
    #[command(flatten)]
    switches: Switches,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let conference = Conference::sample(arguments.tickets);
    let (account, event) = (conference.account, conference.event);
    let token = arguments.switches.token.clone();
    let simulator = Simulator::start(arguments.listen, conference, arguments.switches).await?;
    let base_url = simulator.base_url();
    writeln!(
        std::io::stdout(),
        "TITO_BASE_URL={base_url} TITO_TOKEN={token} ACCOUNT_SLUG={account} EVENT_SLUG={event}"
    )?;
    simulator.serve().await
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Arguments::command().debug_assert();
    }
}
