#!/bin/sh
# Runs one search server on loopback in the foreground, as nobody when started by root.
# usage: search.sh SERVER WORK PORT JAVA_HOME [SETTING...]; SERVER is an unpacked archive of fetch.sh, WORK a new folder, and
# a setting a line of its configuration, such as "cluster.name: shop".
set -eu
server=$1 work=$2 port=$3 java=$4
shift 4
mkdir -p "$work/data" "$work/logs" "$work/tmp"
cp -r "$server/config" "$work/config"
name=${server##*/}
version=${name#*-}
kind=${name%%-*}
{
	printf 'node.name: lab\nhttp.port: %s\nnetwork.host: 127.0.0.1\npath.data: %s/data\npath.logs: %s/logs\n' "$port" "$work" "$work"
	printf '%s\n' "$@"
	# A disk that is nearly full is no reason to leave the lab's index without a shard.
	echo 'cluster.routing.allocation.disk.threshold_enabled: false'
	case $name in
	elasticsearch-2.*) printf 'discovery.zen.ping.unicast.hosts: ["127.0.0.1:1"]\npath.plugins: %s/plugins\n' "$work" ;;
	*) echo 'discovery.type: single-node' ;;
	esac
} >"$work/config/$kind.yml"
if [ -f "$work/config/jvm.options" ]; then sed -i "s#logs/#$work/logs/#" "$work/config/jvm.options"; fi

memory="-Xms256m -Xmx256m"
case "$name" in
elasticsearch-2.*) # its own launcher asks for collectors that Java has no more
	set -- "$java/bin/java" $memory -Djava.security.manager=allow -Dfile.encoding=UTF-8 -Djna.nosys=true \
		--add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED --add-opens=java.base/java.util=ALL-UNNAMED \
		--add-opens=java.base/java.net=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED \
		-Djava.io.tmpdir="$work/tmp" -Des.path.home="$server" -Des.path.conf="$work/config" -cp "$server/lib/elasticsearch-$version.jar:$server/lib/*" \
		org.elasticsearch.bootstrap.Elasticsearch start
	;;
elasticsearch-6.*)
	memory="$memory -Djava.security.manager=allow"
	set -- "$server/bin/elasticsearch"
	;;
*) set -- "$server/bin/$kind" ;;
esac
cd "$server" # options name files below it
as=
if [ "$(id -u)" = 0 ]; then
	chown -R nobody "$work"
	as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
fi
# shellcheck disable=SC2086
exec $as env -i PATH="$PATH" HOME="$work" JAVA_HOME="$java" ES_JAVA_HOME="$java" OPENSEARCH_JAVA_HOME="$java" \
	ES_PATH_CONF="$work/config" OPENSEARCH_PATH_CONF="$work/config" ES_TMPDIR="$work/tmp" OPENSEARCH_TMPDIR="$work/tmp" \
	ES_JAVA_OPTS="$memory" OPENSEARCH_JAVA_OPTS="$memory" "$@"
