fn main() -> std::process::ExitCode {
    exchange_hub::cli::main()
}
