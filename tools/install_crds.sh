#!/usr/bin/env bash
# Brings what the tests of the sync objects check against: the CRDs of Argo CD and Flux into
# .tools/crds, Argo CD's Lua interpreter and actionlint into .tools/bin. All of it comes from the
# Go module proxy, verified by Go's checksum database; nothing of it is committed.
set -euo pipefail
wanted=("${@:-crds}")
set --
# shellcheck source=tools/install.sh
source "$(dirname "$0")/install.sh"

CRDS=(
  "github.com/argoproj/argo-cd/v3@v3.6.1 manifests/crds"
  "github.com/fluxcd/source-controller@v1.9.6 config/crd/bases"
  "github.com/fluxcd/kustomize-controller@v1.9.6 config/crd/bases"
)
GLUA=github.com/yuin/gopher-lua/cmd/glua@v1.1.2 # the version in Argo CD's go.mod
ACTIONLINT=github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

fits() { # for `install` of install.sh: any version does
  [ -x "$bin/$1" ] || command -v "$1" >/dev/null
}

crds() {
  local folder=.tools/crds stamp="${CRDS[*]}" fresh go proxy module path source
  [ "$(cat $folder/stamp 2>/dev/null)" != "$stamp" ] || return 0
  go=$(go_command)
  proxy=$(module_proxy "$go")
  fresh=$(mktemp -d .tools/crds.XXXXXX)
  for entry in "${CRDS[@]}"; do
    read -r module path <<<"$entry"
    echo "tools: fetching the CRDs of $module, once" >&2
    if ! source=$(GOPROXY=$proxy GOTOOLCHAIN=$GO_TOOLCHAIN GOFLAGS='' \
        "$go" mod download -json "$module" 2>>"$fresh/log" | python3 -c \
        'import json, sys; print(json.load(sys.stdin)["Dir"])' 2>>"$fresh/log"); then
      tail -5 "$fresh/log" >&2
      rm -rf "$fresh"
      echo "tools: cannot fetch $module: the tests of its CRDs are skipped" >&2
      exit 3
    fi
    install_files "$source/$path" "$fresh"
  done
  rm -f "$fresh/log" "$fresh/kustomization.yaml"
  echo "$stamp" >"$fresh/stamp"
  rm -rf $folder
  mv "$fresh" $folder
}

install_files() { # from, to: the module cache is read-only
  local file
  for file in "$1"/*.yaml; do
    cat "$file" >"$2/$(basename "$file")"
  done
}

for what in "${wanted[@]}"; do
  case $what in
    crds) crds ;;
    glua) install glua "$GLUA" ;;
    actionlint) install actionlint "$ACTIONLINT" ;;
    *) echo "tools: nothing named $what" >&2; exit 2 ;;
  esac
done
