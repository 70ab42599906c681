#!/bin/sh
# Runs one ActiveMQ on loopback in the foreground. usage: activemq.sh SERVER WORK PORT JAVA_HOME LOGIN; WORK is a new folder, and
# LOGIN true or false: whether its console asks for a password.
set -eu
server=$1 work=$2 port=$3
export JAVA_HOME="$4"
mkdir -p "$work"
cp -r "$server/conf" "$work/conf"
sed -i "s/name=\"port\" value=\"8161\"/name=\"port\" value=\"$port\"/; s/name=\"authenticate\" value=\"true\"/name=\"authenticate\" value=\"$5\"/" "$work/conf/jetty.xml"
# the console only: other ports are not the lab's
sed -i '/<transportConnectors>/,/<\/transportConnectors>/d' "$work/conf/activemq.xml"
export ACTIVEMQ_BASE="$work" ACTIVEMQ_CONF="$work/conf" ACTIVEMQ_DATA="$work/data" ACTIVEMQ_TMP="$work/tmp"
export ACTIVEMQ_OPTS_MEMORY="-Xms64M -Xmx192M" ACTIVEMQ_SUNJMX_START=""
exec "$server/bin/activemq" console
