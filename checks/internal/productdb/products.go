package main

import (
	"regexp"
	"strings"

	"sotomi/checks/internal/staticdb"
	"sotomi/checks/internal/weaknesses"
)

// products are those that have a database, by its name.
var products = map[string]staticdb.Product{
	"basercms":     product("baserCMS", "https://github.com/baserproject/basercms", `^(\d+\.\d+\.\d+(?:\.\d+)?)$`, ofBaserCMS),
	"concrete-cms": product("Concrete CMS", "https://github.com/concretecms/concretecms", `^(\d+\.\d+(?:\.\d+){0,2})$`, ofConcrete),
	"drupal":       product("Drupal", "https://github.com/drupal/core", `^(\d+\.\d+\.\d+)$`, ofDrupal),
	"zen-cart":     product("Zen Cart", "https://github.com/zencart/zencart", `^v(\d+\.\d+\.\d+[a-z]?)$`, ofZenCart),
}

// product is one whose releases are named by the first group of a pattern of tags.
func product(title, source, tags string, served func(string) string) staticdb.Product {
	pattern := regexp.MustCompile(tags)
	return staticdb.Product{
		Title: title, Source: source, Tool: "checks/internal/productdb", Order: weaknesses.Compare, Served: served,
		Name: func(tag string) string {
			if m := pattern.FindStringSubmatch(tag); m != nil {
				return m[1]
			}
			return ""
		},
		Rank: func(name string) int { return strings.Count(name, "/") }, // of equal files the shorter path
	}
}

var (
	// baserPlugin is a file of a plug-in of baserCMS 5, which CakePHP gives out below its name with underscores.
	baserPlugin = regexp.MustCompile(`^plugins/([A-Za-z-]+)/webroot/(.+)$`)
	capital     = regexp.MustCompile(`([a-z])([A-Z])`)
)

// ofBaserCMS are the files of the administration's theme and of plug-ins: sites have a theme of their own.
func ofBaserCMS(name string) string {
	if !staticdb.IsScript(name) || strings.Contains(name, "/vendor") || strings.Contains(name, "ThemeSample") {
		return ""
	}
	if m := baserPlugin.FindStringSubmatch(name); m != nil && m[1] != "bc-front" {
		return strings.ToLower(strings.ReplaceAll(capital.ReplaceAllString(m[1], "${1}_$2"), "-", "_")) + "/" + m[2]
	}
	if rest, ok := strings.CutPrefix(name, "app/webroot/theme/admin-third/"); ok && !strings.HasPrefix(rest, "__") {
		return "theme/admin-third/" + rest
	}
	if rest, ok := strings.CutPrefix(name, "lib/Baser/webroot/"); ok { // of 3 and 4: BcAssetDispatcher gives them out
		return rest
	}
	return ""
}

// ofConcrete are the files of the core, which a site has in concrete/ below its folder.
func ofConcrete(name string) string {
	name = strings.TrimPrefix(name, "web/") // until 5.7
	if staticdb.IsScript(name) && (strings.HasPrefix(name, "concrete/js/") || strings.HasPrefix(name, "concrete/css/")) && !strings.Contains(name, "/ace/") {
		return name
	}
	return ""
}

// ofDrupal are the files of the core, which a site has in core/ since release 8.
func ofDrupal(name string) string {
	if staticdb.IsScript(name) && !strings.Contains(name, "/tests/") && !strings.Contains(name, "/node_modules/") &&
		(strings.HasPrefix(name, "misc/") || strings.HasPrefix(name, "modules/") || strings.HasPrefix(name, "assets/") || strings.HasPrefix(name, "themes/")) {
		return "core/" + name
	}
	return ""
}

// ofZenCart are the files of the templates that come with it, which stay when a shop uses one of its own. The folder of the
// administration has another name in each shop.
func ofZenCart(name string) string {
	if staticdb.IsScript(name) && (strings.HasPrefix(name, "includes/templates/") || strings.HasPrefix(name, "includes/modules/pages/")) {
		return name
	}
	return ""
}
