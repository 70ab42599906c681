#!/bin/sh
# Runs app.js in the foreground. usage: serve.sh SWAGGER-UI APP PORT MODE; MODE is what NODE_ENV says.
set -eu
work=$(dirname "$2")/$4
mkdir -p "$work/files"
echo x >"$work/files/dump.sql"
unzip -q "$1" -d "$work/jar"
mv "$work/jar/META-INF/resources/webjars/swagger-ui/5.34.1" "$work/swagger-ui"
export NODE_ENV="$4" NODE_PATH=/usr/share/nodejs # of Debian
exec node "$2" "$3" "$work"
