#!/bin/sh
# Runs one Tomcat on loopback in the foreground. usage: tomcat.sh SERVER WORK PORT JAVA_HOME WEBAPPS; WORK is a new folder, and
# WEBAPPS the folder of SERVER whose applications it has.
set -eu
server=$1 work=$2 port=$3
export JAVA_HOME="$4" CATALINA_HOME="$1" CATALINA_BASE="$2" CATALINA_OPTS="-Xmx128m"
mkdir -p "$work/temp" "$work/logs" "$work/work" "$work/webapps"
cp -r "$server/conf" "$work/conf"
sed -i "s/port=\"8005\"/port=\"-1\"/; s/port=\"8080\"/port=\"$port\" address=\"127.0.0.1\"/" "$work/conf/server.xml"
if [ "$5" = nothing ]; then # error pages that do not name the server either
	sed -i 's|</Host>|<Valve className="org.apache.catalina.valves.ErrorReportValve" showReport="false" showServerInfo="false"/></Host>|' "$work/conf/server.xml"
else
	cp -r "$server/$5/." "$work/webapps/"
fi
exec sh "$server/bin/catalina.sh" run
