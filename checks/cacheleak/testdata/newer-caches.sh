#!/bin/sh
# Unpacks caches that are newer than the installed ones (Vinyl Cache, the renamed Varnish; Squid 7) beside the system, for
# the labs that SOTOMI_NEWER_CACHES=DIR adds. Nothing is installed. Needs Debian, its package mirror, and root for chroot.
# usage: newer-caches.sh DIR [SUITE]
set -eu
dir=$1 suite=${2:-forky}
mkdir -p "$dir/apt/state/lists/partial" "$dir/apt/cache/archives/partial" "$dir/root"
dir=$(cd "$dir" && pwd)
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep 'debian$' | head -n 1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$dir/apt/sources.list"
: >"$dir/apt/status"
apt() {
	apt-get -o Dir::State="$dir/apt/state" -o Dir::State::status="$dir/apt/status" -o Dir::Cache="$dir/apt/cache" \
		-o Dir::Etc::sourcelist="$dir/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root "$@"
}
apt -qq update
apt -qq install -y --download-only --no-install-recommends vinyl-cache squid dash coreutils gcc libc6-dev >/dev/null
for package in "$dir"/apt/cache/archives/*.deb; do dpkg-deb -x "$package" "$dir/root"; done
cd "$dir/root"
for name in bin lib lib64 sbin; do [ -e $name ] || ln -s usr/$name $name; done
[ -e usr/bin/sh ] || ln -s dash usr/bin/sh
mkdir -p dev/shm tmp etc
chmod 1777 tmp dev/shm
[ -e dev/null ] || mknod -m 666 dev/null c 1 3
[ -e dev/urandom ] || mknod -m 666 dev/urandom c 1 9
[ -e etc/passwd ] || printf 'root:x:0:0::/:/bin/sh\nproxy:x:13:13::/:/bin/sh\n' >etc/passwd
[ -e etc/group ] || printf 'root:x:0:\nproxy:x:13:\n' >etc/group
chroot . /usr/sbin/vinyld -V 2>&1 | head -n 1
chroot . /usr/sbin/squid-gnutls -v 2>&1 | head -n 1
