#!/bin/sh
# Serves Debian's phpMyAdmin below /phpmyadmin/ of a shop with PHP's own server on loopback, in the foreground.
# usage: serve.sh ROOT PORT KIND; ROOT is a new folder, KIND is $cfg['Servers'][1]['auth_type'].
set -eu
console="$1/phpmyadmin"
mkdir -p "$console" "$1.tmp"
echo '<html><title>Shop</title><h1>Shop</h1></html>' >"$1/index.html"
for name in /usr/share/phpmyadmin/*; do
	ln -s "$name" "$console/"
done
rm "$console/index.php" "$console/libraries" # what finds the settings by its own folder
cp /usr/share/phpmyadmin/index.php "$console/"
cp -rL /usr/share/phpmyadmin/libraries "$console/libraries"
sed -i "s|'/etc/phpmyadmin/config.inc.php'|'$1.config.php'|; s|'/var/lib/phpmyadmin/tmp/'|'$1.tmp/'|" "$console/libraries/vendor_config.php"
cat >"$1.config.php" <<CONFIG
<?php
\$cfg['blowfish_secret'] = 'a secret of the lab with 32 bytes';
\$cfg['TempDir'] = '$1.tmp';
\$cfg['VersionCheck'] = false;
\$cfg['Servers'][1] = ['auth_type' => '$3', 'host' => 'localhost', 'socket' => '{{dir}}/sql.sock', 'user' => 'root', 'password' => '', 'AllowNoPassword' => true];
CONFIG
exec env PHP_CLI_SERVER_WORKERS=3 php -d display_errors=0 -S "127.0.0.1:$2" -t "$1"
