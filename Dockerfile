# One image for every process of Darkroom; the command chooses the app.
FROM node:24-bookworm-slim AS build
WORKDIR /darkroom
COPY . .
# The same two steps that run without an engine: compile the tree, then write the folder that the next stage copies.
RUN --mount=type=cache,target=/root/.local/share/pnpm/store \
    node scripts/run.mjs build && node scripts/build-image.mjs /image

FROM node:24-bookworm-slim
# /darkroom/sbom.cdx.json lists every package in this image, /darkroom/NOTICE their licences.
LABEL org.opencontainers.image.title="darkroom" \
      org.opencontainers.image.description="A durable job queue for AI image generation: every process of Darkroom" \
      org.opencontainers.image.version="0.2.0" \
      org.opencontainers.image.licenses="MIT"
# Other containers never reach the loopback of this one. PATH holds the command line of operators, `darkroom`.
ENV NODE_ENV=production HOST=0.0.0.0 PATH=/darkroom/bin:$PATH
WORKDIR /darkroom
COPY --from=build /image ./
# Mount points of named volumes, which take over their owner: where the emulator keeps its bill, and secrets of docker-compose.yml.
RUN install -d -o 1000 -g 1000 /data /secrets/kept /secrets/valkey /secrets/storage /secrets/emulator /secrets/worker /secrets/receiver /secrets/api /secrets/dashboard /secrets/eraser /secrets/notifier /secrets/operator /secrets/welcome
# The user "node" of the base image, as a number: Kubernetes can then check that it is not root.
USER 1000:1000
# No init process: each main.ts listens for SIGTERM and SIGINT itself, as the first process of a container must, and none
# starts children that could outlive it. No HEALTHCHECK: orchestrators ask /livez and /readyz.
ENTRYPOINT ["node", "--enable-source-maps"]
CMD ["apps/worker/dist/main.js"]
