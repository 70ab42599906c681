package template

import (
	"errors"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// A value that a needed fact lacks is named as that, whatever else lacks one, and in both languages.
func TestVerdict_names_what_a_fact_lacks(t *testing.T) {
	for name, c := range map[string]struct {
		lacking []string
		en, ja  string
	}{
		"of_a_fact":     {[]string{"eccube_base2"}, "not-applicable: request 1 was not sent: the fact eccube has no base2", "1 件目の要求は送信していません: 前提情報 eccube に base2 がありません"},
		"of_no_fact":    {[]string{"token", "eccubes"}, "failed: request 1 was not sent: nothing gives a value to token", "1 件目の要求は送信していません: token の値が得られません"},
		"one_of_a_fact": {[]string{"token", "eccube_base"}, "not-applicable: request 1 was not sent: the fact eccube has no base", "1 件目の要求は送信していません: 前提情報 eccube に base がありません"},
	} {
		t.Run(name, func(t *testing.T) {
			b := &block{number: 1, paths: []string{"/"}}
			v := &run{check: &check{blocks: []*block{b}}, probe: &scanner.Probe{Signature: &signature.Signature{Needs: []string{"php", "eccube"}}}}
			if end, err := v.notSent(&blockRun{block: b}, requestTemplate{}, &unresolvedError{c.lacking}); !end || err != nil {
				t.Fatalf("notSent = %v, %v; want the end of the block", end, err)
			}
			var stop *scanner.StatusError
			if err := v.verdict(); !errors.As(err, &stop) || err.Error() != c.en {
				t.Fatalf("verdict = %v, want %s", err, c.en)
			}
			if got := message.In("ja").Text(stop.Reason); got != c.ja {
				t.Errorf("in Japanese: %s, want %s", got, c.ja)
			}
		})
	}
}

// The responses that one is judged with are those to the requests before it, by number.
func TestBefore_and_withAnswer(t *testing.T) {
	a, b, c := &web.Exchange{Status: 1}, &web.Exchange{Status: 2}, &web.Exchange{Status: 3}
	status := func(list []*web.Exchange) []int {
		got := make([]int, len(list))
		for i, ex := range list {
			if ex != nil {
				got[i] = ex.Status
			}
		}
		return got
	}
	for name, test := range map[string]struct{ got, want []int }{
		"none_before_the_first":      {status(before([]*web.Exchange{a, b}, 1)), []int{}},
		"those_before":               {status(before([]*web.Exchange{a, b, c}, 3)), []int{1, 2}},
		"missing_ones_are_nil":       {status(before([]*web.Exchange{a}, 4)), []int{1, 0, 0}},
		"added_behind":               {status(withAnswer([]*web.Exchange{a}, 2, b)), []int{1, 2}},
		"added_further_behind":       {status(withAnswer([]*web.Exchange{a}, 4, b)), []int{1, 0, 0, 2}},
		"replaced":                   {status(withAnswer([]*web.Exchange{a, b, c}, 2, a)), []int{1, 1, 3}},
		"the_first_of_none":          {status(withAnswer(nil, 1, c)), []int{3}},
		"nothing_known_of_a_request": {status(before(nil, 2)), []int{0}},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	// What was handed out is not changed by what comes later, nor the list by what is handed out.
	long := []*web.Exchange{a, b, c}
	if before(long[:1], 3); long[1] != b {
		t.Error("before changes the list it was given")
	}
	list := []*web.Exchange{a, b}
	earlier := before(list, 2)
	withAnswer(list, 1, c)
	if earlier[0] != a || list[0] != a {
		t.Error("withAnswer changes the list it was given")
	}
}

// The newest values come first, without repeats.
func TestMergeValues(t *testing.T) {
	if got, want := mergeValues([]string{"c", "a"}, []string{"a", "b"}), []string{"c", "a", "b"}; !slices.Equal(got, want) {
		t.Errorf("mergeValues = %q, want %q", got, want)
	}
}

// A control of another kind asks in the same folder.
func TestOtherKind(t *testing.T) {
	for from, want := range map[string]string{"/a/b.txt": "/a/b.txt/", "/a/b/": "/a/b", "/x": "/x/"} {
		r := &web.Request{URL: &url.URL{Path: from, RawPath: from}}
		if got := otherKind(r); got.URL.Path != want || got.URL.RawPath != "" || r.URL.Path != from {
			t.Errorf("otherKind(%s) = %s %s, from %s; want %s", from, got.URL.Path, got.URL.RawPath, r.URL.Path, want)
		}
	}
}
