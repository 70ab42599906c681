#!/bin/sh
# Runs one S3Proxy on loopback in the foreground. usage: s3proxy.sh SERVER CONFIG JAVA_HOME; the buckets are folders beside CONFIG.
set -eu
buckets=$(dirname "$2")/buckets
mkdir -p "$buckets/shop/export" "$buckets/empty" "$buckets/inner"
echo logo >"$buckets/shop/logo.png"
echo nobody >"$buckets/shop/export/customers-2026.csv"
echo inner >"$buckets/inner/a.txt"
chmod 755 "$buckets/shop" "$buckets/empty"
chmod 700 "$buckets/inner" # which is what it takes for private
export LOG_LEVEL=info
exec "$3/bin/java" -Xmx128m -cp "$1/lib/*" org.gaul.s3proxy.Main --properties "$2"
