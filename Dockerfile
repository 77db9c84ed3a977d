# The image: Node, dist/, production dependencies, nothing else. `npm run image` makes the same without Docker from
# image/contents.ts; test/image/dockerfile.test.ts keeps the two equal.
#
# The Node version is a security floor: 26.13.1 (2026-11-11) is the first 26 with the fixes for the TLS crash that a
# client can cause (CVE-2026-126051), the SNI and mTLS resumption bypass (CVE-2026-123872) and five more of severity
# High in http2 and http. Raise it, never lower it. For a release, pin the tag by digest:
# node:26.13.1-trixie-slim@sha256:...
#
#   docker build --build-arg REVISION=$(git rev-parse HEAD) -t registry.example.com/headgate:0.1.0 .

FROM node:26.13.1-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# --workspaces=false: the workspace tools/node-runtime brings Node as a package for development. Here Node is the image's.
RUN npm ci --workspaces=false --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build \
 && find dist -type f -name '*.d.ts' -delete

FROM node:26.13.1-trixie-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# --omit=optional: nothing that runs needs one, and the node binaries of tools/node-runtime (200 MB) are among them.
# Types, source maps and prebuilt parts for another runtime (Bare) are half of what is left and never loaded.
RUN npm ci --omit=dev --omit=optional --workspaces=false --ignore-scripts --no-audit --no-fund \
 && find node_modules -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' -o -name '*.bare' \) -delete \
 && rm -rf node_modules/.bin node_modules/.package-lock.json \
 && find node_modules -type d -empty -delete

FROM node:26.13.1-trixie-slim
ARG REVISION
LABEL org.opencontainers.image.title="headgate" \
      org.opencontainers.image.description="A Kubernetes ingress controller that carries the traffic itself" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$REVISION"
# What nobody runs in a pod, nobody has to patch.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-*
ENV NODE_ENV=production
WORKDIR /app
COPY LICENSE package.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
# By number, so that Kubernetes can check runAsNonRoot without reading /etc/passwd.
USER 65532:65532
EXPOSE 8080 8443 10254
# Exec form: Node is process 1, gets SIGTERM itself and drains.
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
