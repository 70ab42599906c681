#!/bin/sh
# Runs hgweb on loopback in the foreground. usage: hgweb.sh REPOSITORY PORT READERS; REPOSITORY is a new folder.
set -eu
export HGRCPATH=/dev/null HGUSER=lab HGPLAIN=1
hg init "$1"
echo source >"$1/shop.php"
hg -R "$1" commit -q -A -m "the shop"
exec hg -R "$1" serve --address 127.0.0.1 --port "$2" --config web.allow_read="$3" --config web.name=shop
