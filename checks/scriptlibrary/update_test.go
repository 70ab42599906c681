package scriptlibrary

import "testing"

func TestUpdate(t *testing.T) {
	for _, c := range []struct {
		library, version string
		partial          bool
		want             string
	}{
		{"jquery", "1.12.4", false, "3.5.0"},
		{"jquery", "1", true, "3.5.0"},
		{"jquery", "3.4.1", false, "3.5.0"},
		{"moment.js", "2.24.0", false, "2.29.4"},
		{"bootstrap", "3.3.7", false, "5.0.0"}, // 3 and 4 get no fixes any more
		{"angularjs", "1.5.8", false, ""},      // nothing is without
	} {
		x := told{library: named(t, c.library), version: c.version, partial: c.partial}
		if got := x.update(x.against()); got != c.want {
			t.Errorf("update of %s %s = %q, want %q", c.library, c.version, got, c.want)
		}
	}
}

func TestEnded(t *testing.T) {
	for _, c := range []struct {
		library, version string
		want             bool
	}{
		{"jquery", "1.12.4-wp", true},
		{"jquery", "2", true},
		{"jquery", "3.0.0", false},
		{"jquery", "4.0.0", false},
		{"bootstrap", "4.6.2", true},
		{"bootstrap", "5.3.2", false},
		{"vue", "2.7.14", true},
		{"vue", "3.4.0", false},
		{"ckeditor", "4.22.1", true},
		{"ckeditor", "4.25.1", false},
		{"tinyMCE", "6.8.5", true},
		{"tinyMCE", "7.6.1", false},
		{"YUI", "3.18.1", true},
		{"moment.js", "2.30.1", false},
	} {
		if got := named(t, c.library).ended(c.version); got != c.want {
			t.Errorf("%s %s ended: %v", c.library, c.version, got)
		}
	}
}
