#!/bin/sh
# Makes a small Debian root file system as a tar archive.
# usage: build.sh OUTPUT.tar
# Environment: SUITE, MIRROR, KEYRING (may be empty), COMPONENTS, APT_SETTINGS (a file of apt settings for the image), CA_BUNDLE (may be empty).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
output=$1
root=$(mktemp -d "${output}.XXXXXX")
trap 'rm -rf --one-file-system "$root"' EXIT
chmod 0755 "$root"

# The exclusions have to be there before the first package is unpacked.
mkdir -p "$root/etc/dpkg/dpkg.cfg.d" "$root/etc/apt/apt.conf.d" "$root/usr/sbin"
install -m 0644 "$here/dpkg.cfg" "$root/etc/dpkg/dpkg.cfg.d/lab"

debootstrap --variant=minbase --merged-usr --include=ca-certificates ${KEYRING:+"--keyring=$KEYRING"} "$SUITE" "$root" "$MIRROR"

install -m 0644 "$here/apt.conf" "$root/etc/apt/apt.conf.d/lab"
install -m 0644 "$APT_SETTINGS" "$root/etc/apt/apt.conf.d/lab-machine"
install -m 0755 "$here/policy-rc.d" "$root/usr/sbin/policy-rc.d"
if [ -n "$CA_BUNDLE" ]; then install -m 0644 "$CA_BUNDLE" "$root/etc/apt/authorities.pem"; fi
printf 'deb %s %s %s\n' "$MIRROR" "$SUITE" "$COMPONENTS" > "$root/etc/apt/sources.list"

chroot "$root" apt-get clean
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/debconf/*-old "$root"/var/cache/ldconfig/aux-cache \
	"$root"/var/log/*.log "$root"/var/log/apt/* "$root"/debootstrap
# debootstrap unpacks the first packages without dpkg, hence without the exclusions.
find "$root/usr/share/doc" -depth -type f ! -name copyright -delete
rm -rf "$root"/usr/share/man/* "$root"/usr/share/info/* "$root"/usr/share/lintian "$root"/usr/share/locale/*
find "$root/usr/share/doc" -depth -type d -empty -delete

tar -C "$root" --numeric-owner -cf "$output.part" .
mv "$output.part" "$output"
