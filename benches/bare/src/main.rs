//! The yardstick's command line: `bare sink`, `bare chain`. `benches/compare` runs both.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose purpose is what it prints")]

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;

use bare::chain::{self, Delivery};
use bare::target::{NOTICES, PARENTS};
use bare::{Result, sink};

const USAGE: &str = "\
bare sink [ADDRESS]
    the loopback target; prints the address it listens on (127.0.0.1 and any free port unless said)
bare chain parents|notices CSV STORE ADDRESS batch|one|none
    the whole chain over the generated workload: into the hub's tables in STORE, made if it is new, and to the target
    at ADDRESS, a thousand records a call, one a call, or not at all. What is new, changed or unchanged follows from
    what STORE holds. Prints one line of JSON.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["sink"] => serve("127.0.0.1:0"),
        ["sink", address] => serve(address),
        ["chain", what, csv, store, address, how] => run(what, csv, store, address, how),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(address: &str) -> Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    sink::serve(&listener)
}

fn run(what: &str, csv: &str, store: &str, address: &str, how: &str) -> Result<()> {
    let targets = match what {
        "parents" => &PARENTS[..],
        "notices" => &NOTICES[..],
        _ => return Err(USAGE.into()),
    };
    let delivery = match how {
        "batch" => Delivery::Batch,
        "one" => Delivery::One,
        "none" => Delivery::None,
        _ => return Err(USAGE.into()),
    };
    let ran = chain::run(Path::new(csv), Path::new(store), what, targets, address, delivery)?;
    let file_mb = std::fs::metadata(store)?.len() as f64 / 1e6;
    println!(
        r#"{{"rows":{},"accepted":{},"unchanged":{},"delivered":{},"wall_s":{:.3},"rows_per_s":{:.0},"cpu_s":{:.3},"cpu_s_per_100k":{:.3},"peak_mib":{},"file_mb":{file_mb:.1}}}"#,
        ran.rows,
        ran.accepted,
        ran.unchanged,
        ran.delivered,
        ran.wall_s,
        ran.rows as f64 / ran.wall_s,
        ran.cpu_s,
        ran.cpu_s * 1e5 / ran.rows.max(1) as f64,
        ran.peak_mib,
    );
    Ok(())
}
