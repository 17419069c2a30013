//! The `jobguard` program: everything happens in [`jobguard::cli`].

/// Reviews and manifests are many small allocations, on all cores at once. musl's own allocator, which the released
/// binaries would have, takes one lock for all of them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    jobguard::cli::main()
}
