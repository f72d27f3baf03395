#!/usr/bin/env bash
# Puts a program that Sealift runs, or tests against, into .tools/bin: the one on PATH where it
# fits, else built from the Go module proxy. Says what is missing when it cannot.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/go.sh
bin=$PWD/.tools/bin
mkdir -p "$bin"

HELM=helm.sh/helm/v3/cmd/helm@v3.22.0
REGISTRY=github.com/distribution/distribution/v3/cmd/registry@v3.1.2
SOPS=github.com/getsops/sops/v3/cmd/sops@v3.13.3
AGE_KEYGEN=filippo.io/age/cmd/age-keygen@v1.3.2
KUBESEAL=github.com/bitnami-labs/sealed-secrets/cmd/kubeseal@v0.27.1
COSIGN=github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3
GITEA_TAGS="sqlite sqlite_unlock_notify"

fits() { # the program on PATH can be used as it is
  case $1 in
    helm) helm version --template '{{.Version}}' 2>/dev/null | grep -qE '^v3\.(1[4-9]|[2-9][0-9])' ;;
    registry) command -v registry >/dev/null || command -v docker-registry >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

install() { # program, module
  if fits "$1"; then
    return
  fi
  echo "tools: building $1 ($2), once" >&2
  local go proxy
  go=$(go_command)
  proxy=$(module_proxy "$go")
  if ! GOBIN=$bin GOPROXY=$proxy GOTOOLCHAIN=$GO_TOOLCHAIN GOFLAGS=-buildvcs=false CGO_ENABLED=0 \
      "$go" install -trimpath -ldflags '-s -w' "$2" >.tools/"$1".log 2>&1; then
    tail -5 .tools/"$1".log >&2
    echo "tools: cannot build $1: install it yourself and put it on PATH" >&2
    exit 3
  fi
}

renderer() { # helm's library in a process that stays (tools/renderer); without it helm is run
  local key go proxy
  key=$(cat tools/renderer/* | cksum)
  if [ -x "$bin/sealift-renderer" ] && [ "$(cat .tools/renderer.stamp 2>/dev/null)" = "$key" ]; then
    return
  fi
  echo "tools: building sealift-renderer, once" >&2
  go=$(go_command)
  proxy=$("$go" env GOPROXY | sed -E 's/[,|]direct//g')
  if ! (cd tools/renderer && GOPROXY=$proxy GOTOOLCHAIN=$GO_TOOLCHAIN CGO_ENABLED=0 \
      GOFLAGS='-buildvcs=false -mod=readonly' \
      "$go" build -trimpath -ldflags '-s -w' -o "$bin/sealift-renderer" .) \
      >.tools/renderer.log 2>&1; then
    tail -5 .tools/renderer.log >&2
    echo "tools: cannot build sealift-renderer: renders take longer without it" >&2
    return
  fi
  echo "$key" >.tools/renderer.stamp
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
  proxy=$(module_proxy "$go")
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

for program in "$@"; do
  case $program in
    helm) install helm "$HELM" ;;
    registry) install registry "$REGISTRY" ;;
    gitea) gitea ;;
    renderer) renderer ;;
    sops) install sops "$SOPS" ;;
    age-keygen) install age-keygen "$AGE_KEYGEN" ;;
    kubeseal) install kubeseal "$KUBESEAL" ;;
    cosign) install cosign "$COSIGN" ;;
    *) echo "tools: no program $program" >&2; exit 2 ;;
  esac
done
