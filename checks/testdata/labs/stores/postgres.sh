#!/bin/sh
# usage: postgres.sh PORT METHOD: a new server that lets in by a method of pg_hba.conf. It does not run as root.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
data={{dir}}/postgres-$1
as=
if [ "$(id -u)" = 0 ]; then
	as="setpriv --reuid={{user}} --regid={{user}} --clear-groups"
	install -d -o {{user}} -m 700 "$data"
fi
$as "$bin/initdb" -D "$data" -U postgres -E UTF8 --locale=C -N -A trust >/dev/null
echo "host all all 127.0.0.1/32 $2" >"$data/pg_hba.conf"
exec $as "$bin/postgres" -D "$data" -p "$1" -h 127.0.0.1 -c unix_socket_directories= -c fsync=off
