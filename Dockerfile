# One image with the programs of production: docker compose picks one by its command. The simulator is not in it.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin ingress --bin worker --bin ops

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home --uid 10001 alipay
COPY --from=build /src/target/release/ingress /src/target/release/worker /src/target/release/ops /usr/local/bin/
USER alipay
