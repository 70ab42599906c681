#!/bin/sh
# Lays Debian's DokuWiki out as its makers pack it (settings and pages beside the programs) and serves it with PHP's own server,
# which knows nothing of .htaccess. usage: serve.sh ROOT PORT KIND; ROOT is a new folder, KIND open, safe or fresh (not installed).
set -eu
cp -rL /usr/share/dokuwiki "$1"
cd "$1"
rm -f inc/preload.php
mkdir -p conf data
for name in acronyms.conf dokuwiki.php entities.conf interwiki.conf license.php manifest.json mediameta.php mime.conf plugins.php \
	plugins.required.php scheme.conf smileys.conf wordblock.conf; do
	cp "/etc/dokuwiki/$name" conf/
done
for name in attic cache index locks log media media_attic media_meta meta pages/wiki tmp; do
	mkdir -p "data/$name"
done
cp /var/lib/dokuwiki/data/pages/wiki/*.txt data/pages/wiki/
case $3 in
open)
	printf '<?php\n$conf["title"] = "Lab";\n$conf["useacl"] = 0;\n' >conf/local.php
	;;
safe)
	rm install.php
	printf '<?php\n$conf["title"] = "Lab";\n$conf["useacl"] = 1;\n$conf["superuser"] = "@admin";\n' >conf/local.php
	printf '# <?php exit()?>\n*\t@ALL\t1\n' >conf/acl.auth.php
	printf '# <?php exit()?>\n' >conf/users.auth.php
	;;
esac
[ "$3" = fresh ] || echo 'A note.' >data/pages/start.txt
exec env PHP_CLI_SERVER_WORKERS=3 php -d display_errors=0 -S "127.0.0.1:$2" -t .
