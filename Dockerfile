# The image that Sealift runs in: Sealift with its extras, kustomize (inside kubectl), helm,
# sealift-renderer, git, sops, age-keygen, kubeseal and cosign. `docker build -t sealift .` makes it
# in a checkout. Versions of the programs stand in tools/install.sh, which builds them here too.
#
# The bases are named by exact version. Their digests differ by registry mirror and are not known
# here: pass the digest of yours, --build-arg PYTHON=python:...@sha256:...
ARG GO=golang:1.27.3-trixie
ARG PYTHON=python:3.13.15-slim-trixie

FROM ${GO} AS programs
WORKDIR /src
COPY tools tools
RUN tools/install.sh helm renderer sops age-keygen kubeseal cosign \
 && test -x .tools/bin/sealift-renderer

FROM ${PYTHON} AS sealift
WORKDIR /src
COPY . .
RUN python -m venv /opt/sealift \
 && /opt/sealift/bin/pip install --no-cache-dir '.[tools,schemas,sbom,spdx,init]'

FROM ${PYTHON}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sealift" \
      org.opencontainers.image.description="Builds GitOps bundles for clusters without internet" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Debian keeps one version of a package a release: what it fixes is wanted, so none is named.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 sealift
COPY --from=programs /src/.tools/bin/ /usr/local/bin/
COPY --from=sealift /opt/sealift /opt/sealift
ENV PATH=/opt/sealift/bin:$PATH
USER 10001
WORKDIR /work
# No entry point: the runners of GitHub and GitLab start a shell.
CMD ["sealift", "--help"]
