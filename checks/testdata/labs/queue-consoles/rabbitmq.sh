#!/bin/sh
# Runs RabbitMQ with its console on loopback, in the foreground.
set -eu
export RABBITMQ_NODE_PORT={{port "rabbitmq-amqp"}} RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_DIST_PORT={{port "rabbitmq-dist"}}
export ERL_EPMD_PORT={{port "rabbitmq-epmd"}} ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODENAME=lab@localhost
export RABBITMQ_MNESIA_BASE={{dir}}/rabbitmq RABBITMQ_LOG_BASE={{dir}}/rabbitmq-log RABBITMQ_ENABLED_PLUGINS_FILE={{dir}}/rabbitmq-plugins
export RABBITMQ_CONFIG_FILE={{dir}}/rabbitmq.conf HOME={{dir}}
# Erlang's list of names of its own: the one that RabbitMQ starts would outlive it
epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" &
until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; do sleep 0.1; done
exec /usr/lib/rabbitmq/bin/rabbitmq-server
