//! The door of the house: `vekha`.

fn main() -> std::process::ExitCode {
    app::cli::run()
}
