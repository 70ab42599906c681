package main

import "testing"

// Files are named by the addresses at which a site gives them out; others are not asked for.
func TestServed(t *testing.T) {
	for _, c := range []struct{ product, path, want string }{
		{"basercms", "plugins/bc-admin-third/webroot/js/admin/common.bundle.js", "bc_admin_third/js/admin/common.bundle.js"},
		{"basercms", "plugins/BcColumn/webroot/js/a.js", "bc_column/js/a.js"},
		{"basercms", "plugins/bc-front/webroot/js/a.js", ""},
		{"basercms", "plugins/bc-admin-third/webroot/js/vendor/a.js", ""},
		{"basercms", "plugins/bc-admin-third/src/js/a.js", ""},
		{"basercms", "app/webroot/theme/admin-third/css/admin/style.css", "theme/admin-third/css/admin/style.css"},
		{"basercms", "lib/Baser/webroot/js/admin/startup.js", "js/admin/startup.js"},
		{"concrete-cms", "concrete/js/app.js", "concrete/js/app.js"},
		{"concrete-cms", "web/concrete/css/app.css", "concrete/css/app.css"},
		{"concrete-cms", "concrete/blocks/a/view.css", ""},
		{"drupal", "misc/ajax.js", "core/misc/ajax.js"},
		{"drupal", "modules/a/tests/a.js", ""},
		{"drupal", "lib/a.js", ""},
		{"zen-cart", "includes/templates/template_default/css/a.css", "includes/templates/template_default/css/a.css"},
		{"zen-cart", "admin/includes/a.js", ""},
		{"zen-cart", "includes/templates/a.php", ""},
	} {
		if got := products[c.product].Served(c.path); got != c.want {
			t.Errorf("%s: %s is served at %q, want %q", c.product, c.path, got, c.want)
		}
	}
}

// Tags that are releases, by the products' own names for them.
func TestNames(t *testing.T) {
	for _, c := range []struct{ product, tag, want string }{
		{"basercms", "5.2.10", "5.2.10"},
		{"basercms", "3.0.6.2", "3.0.6.2"},
		{"basercms", "5.0.0-beta1", ""},
		{"concrete-cms", "5.7.5.13", "5.7.5.13"},
		{"concrete-cms", "8.0", "8.0"},
		{"concrete-cms", "9.0.0RC4", ""},
		{"drupal", "10.2.4", "10.2.4"},
		{"drupal", "10.2.0-rc1", ""},
		{"zen-cart", "v1.5.8a", "1.5.8a"},
		{"zen-cart", "v1.5.6b-2019-05-27", ""},
		{"zen-cart", "1.5.6", ""},
	} {
		if got := products[c.product].Name(c.tag); got != c.want {
			t.Errorf("%s: tag %s is release %q, want %q", c.product, c.tag, got, c.want)
		}
	}
}
