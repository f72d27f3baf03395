#!/usr/bin/env bash
# Puts a headless Chromium below .tools: Debian's, unpacked without root, with the libraries that
# the machine lacks. Nothing to do where a browser is on PATH. Says what is missing when it cannot.
set -euo pipefail
cd "$(dirname "$0")/.."
package=chromium-headless-shell
fonts="fonts-inter fonts-jetbrains-mono" # so that pictures of pages look the same everywhere

for name in chromium-headless-shell chromium chromium-browser google-chrome; do
  ! command -v "$name" >/dev/null || exit 0
done
refuse() {
  echo "tools: cannot bring Chromium: $1; put one on PATH yourself" >&2
  exit 3
}
command -v apt-get >/dev/null || refuse "there is no apt-get"

echo "tools: bringing $package, once" >&2
mkdir -p .tools/bin
fresh=$(mktemp -d "$PWD/.tools/chromium.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
mkdir -p "$fresh/lists/partial" "$fresh/archives/partial" "$fresh/root"
apt() { # with lists of our own: those of the machine may be old, and are root's
  apt-get -qq -o Dir::State::lists="$fresh/lists" -o Dir::Cache="$fresh" \
    -o Dir::Cache::archives="$fresh/archives" -o Debug::NoLocking=1 -o APT::Sandbox::User= "$@"
}
failed() {
  refuse "$1 failed: $(tail -1 "$fresh/log")"
}
apt update >"$fresh/log" 2>&1 || failed "apt-get update"
missing=$(apt install --simulate --no-install-recommends "$package" 2>>"$fresh/log" |
  awk '$1 == "Inst" { print $2 }') || failed "apt-get"
(cd "$fresh/archives" && apt download $missing $fonts) >>"$fresh/log" 2>&1 ||
  failed "apt-get download"
for archive in "$fresh"/archives/*.deb; do
  dpkg-deb -x "$archive" "$fresh/root"
done

home=$PWD/.tools/chromium
libraries=$(cd "$fresh/root" && find usr/lib -name '*.so*' -printf "$home/%h\n" | sort -u | paste -sd:)
family() { # generic name, font
  echo "<alias binding=\"same\"><family>$1</family><prefer><family>$2</family></prefer></alias>"
}
cat >"$fresh/root/fonts.conf" <<CONF
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
$(family system-ui Inter) $(family sans-serif Inter) $(family sans Inter)
$(family monospace 'JetBrains Mono')
<include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<dir>$home/usr/share/fonts</dir>
<cachedir>$home/cache</cachedir>
</fontconfig>
CONF
cat >"$fresh/root/$package" <<RUN
#!/bin/sh
export LD_LIBRARY_PATH="$libraries" FONTCONFIG_FILE="$home/fonts.conf"
exec "$home/usr/lib/chromium/$package" "\$@"
RUN
chmod +x "$fresh/root/$package"
rm -rf "$home"
mv "$fresh/root" "$home"
ln -sf "../chromium/$package" ".tools/bin/$package"
