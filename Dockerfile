# One image with all programs: docker compose picks one by its command.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin ingress --bin worker --bin ops --bin simulator

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home alipay
COPY --from=build /src/target/release/ingress /src/target/release/worker \
    /src/target/release/ops /src/target/release/simulator /usr/local/bin/
USER alipay
