#!/bin/sh
# Runs one Redis Commander on loopback in the foreground. usage: serve.sh SERVER REDIS-PORT PORT OPTION...
set -eu
server=$1 redis=$2 port=$3
shift 3
mkdir -p "{{dir}}/home-$port"
export HOME="{{dir}}/home-$port" NODE_APP_INSTANCE="lab-$port"
exec node "$server/node_modules/redis-commander/bin/redis-commander.js" --address=127.0.0.1 --port="$port" --redis-host=127.0.0.1 --redis-port="$redis" --nosave "$@"
