//! The `jobguard` program: everything happens in [`jobguard::cli`].

fn main() -> std::process::ExitCode {
    jobguard::cli::main()
}
