//! The `layerwalk` command. Everything it does is in [`layerwalk::cli`].

fn main() -> std::process::ExitCode {
    layerwalk::cli::main()
}
