#!/bin/sh
# Installs OpenSSL 1.0.1e-2 of 2013, the one with Heartbleed (CVE-2014-0160). From Debian's archive where it can be
# reached; else stand-ins: packages of that name, source and version that hold nothing. A scanner goes by those.
set -eu

version=1.0.1e-2
archive=http://snapshot.debian.org/archive/debian/20130319T033933Z/pool/main/o/openssl
architecture=$(dpkg --print-architecture)
work=$(mktemp -d)
cd "$work"

fetch() {
  command -v wget >/dev/null && wget -q --timeout=5 --tries=1 "$archive/$1"
}

stand_in() {
  mkdir -p "$1/DEBIAN"
  cat >"$1/DEBIAN/control" <<CONTROL
Package: $1
Source: openssl
Version: $version
Architecture: $architecture
Multi-Arch: same
Section: libs
Maintainer: Image Gate example <example@example.com>
Description: stand-in for $1 $version, empty
CONTROL
  dpkg-deb --build "$1" "$1_${version}_$architecture.deb" >/dev/null
}

for name in libssl1.0.0 openssl; do
  file="${name}_${version}_$architecture.deb"
  if [ -n "$archive" ] && fetch "$file"; then
    echo "$name $version: from Debian's archive"
  else
    echo "$name $version: the archive cannot be reached, so an empty stand-in of that name and version"
    stand_in "$name"
    # Do not wait for it a second time.
    archive=
  fi
  # The old packages depend on what a current Debian no longer has, which a scanner does not mind.
  dpkg --install --force-depends --force-downgrade "$file"
done
rm -rf "$work"
