#!/bin/sh
# Serves Debian's applications with PHP's own server on loopback, in the foreground. usage: serve.sh ROOT PORT; ROOT is a new folder.
set -eu
mkdir -p "$1" "$1/../wiki-data"
ln -s /usr/share/phpmyadmin "$1/phpmyadmin"
ln -s /usr/share/adminer/adminer.php "$1/adminer.php"
ln -s /usr/share/mediawiki "$1/wiki"
echo '<html><title>Shop</title><h1>Shop</h1></html>' >"$1/index.html"
(cd /usr/share/mediawiki && MW_CONFIG_FILE="$1/../none" php maintenance/install.php --dbtype sqlite --dbpath "$1/../wiki-data" \
	--server "http://127.0.0.1:$2" --scriptpath /wiki --pass labs-own-password --confpath "$1/.." Lab Admin >/dev/null)
export MW_CONFIG_FILE="$1/../LocalSettings.php" PHP_CLI_SERVER_WORKERS=3
exec php -d display_errors=0 -S "127.0.0.1:$2" -t "$1"
