#!/bin/sh
# usage: serve.sh NAME PORT. Lays out Debian's WordPress in a folder of its own, installs it and serves its programs.
# What a site is like is in site/NAME.php; fresh is not installed.
set -eu
name=$1
cp -rL /usr/share/wordpress "{{dir}}/$name"
cd "{{dir}}/$name"
cp "{{dir}}/site/config.php" wp-config.php
sed -i "s/SITE_NAME/$name/" wp-config.php
mkdir -p wp-content/themes/sotomi-lab wp-content/uploads/2026 wp-content/mu-plugins
cp "{{dir}}/site/theme/"* wp-content/themes/sotomi-lab/
[ ! -e "{{dir}}/site/$name.php" ] || cp "{{dir}}/site/$name.php" wp-content/mu-plugins/site.php
php "{{dir}}/site/setup.php" "$name"
exec env PHP_CLI_SERVER_WORKERS=4 php -d log_errors=0 -S "127.0.0.1:$2" -t .
