//! The hub with its kill points: the same program, under a name that nobody takes for the hub itself.
fn main() -> std::process::ExitCode {
    exchange_hub::cli::main()
}
