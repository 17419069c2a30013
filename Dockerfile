# The program, static and alone: no shell, no package manager, no files but itself.
#
#   docker build --tag jobguard .
#
# What is built depends on the lock file and on the version of Rust named here, not on the day or the folder.
FROM docker.io/library/rust:1.95-alpine AS build
RUN apk add --no-cache musl-dev
# Writes into the program what it is made of, for `cargo audit bin`, Trivy, Grype and Syft to read.
RUN cargo install --locked cargo-auditable@0.7.7
WORKDIR /src
COPY . .
ENV RUSTFLAGS="--remap-path-prefix=/src=. --remap-path-prefix=/usr/local/cargo=cargo"
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo auditable build --profile dist --locked --bin jobguard && cp target/dist/jobguard /jobguard

FROM scratch
COPY --from=build --chown=0:0 --chmod=0555 /jobguard /jobguard
# Nobody in particular; by number, so that a kubelet can tell that it is not root.
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["/jobguard"]
CMD ["serve", "--listen=:8443", "--metrics-listen=:8080"]
