//! `gatewit bench`, and the hidden `gatewit bench-hello` that it compares scans with.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use gatewit_bench::{Bench, Part, Product, endpoints};
use gatewit_desk::store_layout;
use gatewit_desk::tables::{Binary, Codec};
use gatewit_domain::id::CheckInId;
use gatewit_domain::ports::Clock;
use gatewit_domain::record::Record;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::clock::SystemClock;
use crate::directories::PluginDirectory;
use crate::http::server::{self, HttpLimits};
use crate::open_files::raise_open_files;
use crate::signer::{MasterKey, RsaSigner};

/// What to measure.
#[derive(clap::Args)]
pub struct BenchArguments {
    /// Measures these parts alone, of `scans,issuing,search,attendees,paced,swaps`.
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    only: Vec<Part>,
    /// How many connections scan at once, each a scanner of its own.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// How long each of the measurements beside the scans takes in all.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How many tickets are issued and scanned, once each; as many are searched, then ten times as many.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    tickets: u32,
    /// How many tickets a ticketing system has whose attendees are asked about; a tenth and a hundredth for comparison.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    attendees: u32,
    /// Where the temporary data directory is made: on the disk that is to be measured.
    #[arg(long, default_value = ".", value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    plugins: PluginDirectory,
}

/// Measures and prints to stdout; tells on stderr how far it is.
pub fn bench(arguments: BenchArguments) -> anyhow::Result<()> {
    let bench = Bench {
        only: arguments.only,
        connections: arguments.connections.into(),
        time: Duration::from_secs(arguments.seconds),
        tickets: arguments.tickets as usize,
        attendees: arguments.attendees as usize,
        directory: arguments.directory,
        plugins: arguments.plugins.path,
        open_files: raise_open_files(),
    };
    bench.run(&Product {
        signer: &signer()?,
        layout: store_layout(SystemClock.now()),
        scanned_again: &scanned_again,
    })
}

fn scanned_again(record: &[u8]) -> anyhow::Result<Vec<u8>> {
    let Record::Scan(mut scan) = Binary::decode(record)? else {
        bail!("the record is of no scan");
    };
    scan.id = CheckInId::new(scan.at);
    Ok(Binary::encode(&Record::Scan(scan)).into())
}

/// Serves what requests are compared with on a free port until killed, with as many workers as `gatewit serve`. Files go
/// to the working directory.
pub async fn serve_hello() -> anyhow::Result<()> {
    let app = spawn_blocking(|| endpoints(Path::new("."), &signer()?)).await??;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on http://{}", listener.local_addr()?)?;
    stdout.flush()?;
    let limits = HttpLimits::within_open_files(raise_open_files());
    server::serve(listener, app, limits, CancellationToken::new()).await;
    Ok(())
}

fn signer() -> anyhow::Result<RsaSigner> {
    Ok(RsaSigner::new(&MasterKey::unkept()?)?)
}
