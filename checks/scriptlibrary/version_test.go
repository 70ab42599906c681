package scriptlibrary

import (
	"net/url"
	"slices"
	"testing"
)

func TestAtOrAbove(t *testing.T) {
	for _, c := range []struct {
		version, other string
		want           bool
	}{
		{"1.10.0", "1.9.1", true},
		{"1.9.1", "1.10.0", false},
		{"3.5.0", "3.5.0", true},
		{"3.5", "3.5.0", true},
		{"3.0.0", "3.0.0-beta1", true},
		{"3.0.0-beta1", "3.0.0", false},
		{"3.0.0-rc.1", "3.0.0-beta1", true},
		{"1.12.4-aem", "1.12.3", true},
		{"2.0", "10.0", false},
	} {
		if got := atOrAbove(c.version, c.other); got != c.want {
			t.Errorf("atOrAbove(%q, %q) = %v", c.version, c.other, got)
		}
	}
}

func TestAddressVersion(t *testing.T) {
	for text, want := range map[string]string{
		"1.12.4": "1.12.4", "3.6.0.slim.min": "3.6.0", "1.12.4-wp": "1.12.4-wp", "1.11.1.min-5f2d8c1e9a": "1.11.1", "5.0.0-beta1": "5.0.0-beta1",
		"1.0-menu-plugin": "", "1.10.4.custom": "1.10.4", "2.0.0-rc.2": "2.0.0-rc.2", "3": "3", "1.9.0b1": "1.9.0b1", "4.6.2-theme": "", "": "",
	} {
		if got := addressVersion(text); got != want {
			t.Errorf("addressVersion(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		address string
		own     bool
		want    string
	}{
		{"https://cdn.test/jquery-1.8.3.min.js", false, "[jquery 1.8.3]"},
		{"https://cdn.jsdelivr.net/combine/npm/jquery@1.12.4,npm/bootstrap@3.3.7", false, "[bootstrap 3.3.7, jquery 1.12.4]"},
		{"https://code.jquery.com/jquery-latest.min.js", false, "[jquery 1.11.1]"},
		{"https://s.test/wp-includes/js/jquery/jquery.js?ver=1.12.4-wp", true, "[jquery 1.12.4-wp]"},
		{"https://s.test/wp-includes/js/jquery/jquery.js?ver=6.4.2-theme", true, "[]"},
		{"https://s.test/js/jquery.min.js?ver=1.8.3", true, "[]"},
		{"https://s.test/themes/shop/1.2.0/jquery.min.js", true, "[]"},
		{"https://static.jquery-shop.test/1.2.0/jquery.min.js", true, "[]"},
		{"https://s.test/jquery/1.2.0/jquery.min.js", true, "[jquery 1.2.0]"},
		{"https://s.test/show?file=/1.2.0/jquery.js", true, "[]"},
		{"https://s.test/js/jquery-1.0-menu-plugin.js", true, "[]"},
		{"https://s.test/js/jquery-1.0-menu-plugin/menu.js", true, "[]"},
		{"https://s.test/js/jquery.ui.touch-punch-0.2.3.min.js", true, "[]"},
		{"https://s.test/js/jquery.cookie-1.4.1.min.js", true, "[]"},
		{"https://s.test/assets/vendor-moment-2.29.4.min.js", true, "[]"},
		{"https://s.test/assets/moment-timezone-0.5.43.min.js", true, "[]"},
		{"https://s.test/css/bootstrap-4.6.2-theme/x.css", true, "[]"},
		{"https://s.test/css/bootstrap-datepicker-1.6.4.min.js", true, "[]"},
		{"https://cdn.ckeditor.com/ckeditor5/41.4.2/classic/ckeditor.js", false, "[]"},
		{"https://s.test/vue-router-3.0.1.min.js", true, "[]"},
		{"https://unpkg.com/vue-router@3.0.1", false, "[]"},
		{"https://unpkg.com/lodash@4.17.15", false, "[]"},
		{"https://cdn.test/echarts/4.2.1/echarts.min.js", false, "[echarts 4.2.1]"},
		{"https://esm.sh/@angular/core@17/core.mjs", false, "[@angular/core 17]"},
		{"https://s.test/js/echarts/20/report.js", true, "[]"},
		{"https://s.test/js/echarts/2015/report.js", true, "[]"},
		{"https://s.test/js/swiper/2021.05.01/swiper.js", true, "[]"},
		{"https://s.test/js/jquery-20210501.js", true, "[]"},
		{"https://s.test/js/vue-2.6.14-plugin.js", true, "[]"},
		{"https://s.test/js/ui-bootstrap-tpls-0.14.3.js", true, "[]"},
		{"https://s.test/js/angular-ui-router-1.0.3.js", true, "[]"},
	} {
		u, err := url.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(inAddress(libraries(t), u, c.own)); got != c.want {
			t.Errorf("inAddress(%s) = %s, want %s", c.address, got, c.want)
		}
	}
}

func named(t *testing.T, name string) *library {
	t.Helper()
	list := libraries(t)
	i := slices.IndexFunc(list, func(l *library) bool { return l.Name == name })
	if i < 0 {
		t.Fatalf("no library %s", name)
	}
	return list[i]
}

func TestAgainst(t *testing.T) {
	const cors, extend, option = "CVE-2015-9251", "CVE-2019-11358", "CVE-2020-11023"
	jquery := named(t, "jquery")
	for name, c := range map[string]struct {
		told   told
		want   []string
		absent []string
	}{
		"old":                              {told{version: "1.12.4"}, []string{cors, extend, option}, nil},
		"with_a_correction_of_wordpress":   {told{version: "1.12.4-wp"}, []string{cors, option}, []string{extend}},
		"with_the_correction_in_its_text":  {told{version: "1.12.4", patched: jquery.patchedIn(`c=e[d],"__proto__"!==d&&g!==c&&(j&&c`)}, []string{cors, option}, []string{extend}},
		"whose_makers_corrected_it":        {told{version: "1.12.4-aem"}, nil, []string{cors}},
		"between":                          {told{version: "3.4.1"}, []string{option}, []string{extend}},
		"current":                          {told{version: "3.7.1"}, nil, []string{cors, extend, option}},
		"the_newest_of_a_line":             {told{version: "3", partial: true}, nil, []string{option}},
		"the_newest_of_a_line_that_is_old": {told{version: "1", partial: true}, []string{extend, option}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c.told.library = jquery
			got := idsOf(c.told.against(), func(vulnerability) bool { return true })
			for _, id := range c.want {
				if !slices.Contains(got, id) {
					t.Errorf("%v, want %s among them", got, id)
				}
			}
			for _, id := range c.absent {
				if slices.Contains(got, id) {
					t.Errorf("%v, want no %s", got, id)
				}
			}
		})
	}
	exploited := idsOf((&told{library: jquery, version: "3.4.1"}).against(), func(v vulnerability) bool { return v.Exploited })
	if !slices.Equal(exploited, []string{option}) {
		t.Errorf("exploited are %v, want %s", exploited, option)
	}
}
