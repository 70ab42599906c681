#!/bin/sh
# A MariaDB without accounts, reached by a socket in the lab's folder only.
mkdir -p "{{dir}}/data"
set -- --no-defaults --datadir="{{dir}}/data" --socket="{{dir}}/sql.sock" --pid-file="{{dir}}/sql.pid" --skip-networking --skip-grant-tables \
	--skip-log-bin --innodb-buffer-pool-size=16M --innodb-log-file-size=8M --innodb-flush-log-at-trx-commit=0 --default-storage-engine=MyISAM
[ "$(id -u)" != 0 ] || set -- "$@" --user=root
exec mariadbd "$@"
