package target

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func opener(files map[string]string) func(string) (io.ReadCloser, error) {
	return func(name string) (io.ReadCloser, error) {
		text, ok := files[name]
		if !ok {
			return nil, errors.New("no such file")
		}
		return io.NopCloser(strings.NewReader(text)), nil
	}
}

func inputs(list *List) []string {
	var all []string
	for in := range list.All() {
		switch {
		case in.URL != nil:
			all = append(all, in.URL.String())
		case in.Port != "":
			all = append(all, in.Host+" port "+in.Port)
		default:
			all = append(all, in.Host)
		}
	}
	return all
}

func TestParseTargets(t *testing.T) {
	files := map[string]string{"list": "\ufeff# hosts\n\n a.test \nhttp://b.test/#top # comment\nA.test\n"}
	cases := map[string]struct {
		args  []string
		stdin string
		want  []string
	}{
		"url":                   {[]string{"http://h.test"}, "", []string{"http://h.test/"}},
		"url_with_path":         {[]string{"https://h.test/shop/a%2Fb"}, "", []string{"https://h.test/shop/a%2Fb"}},
		"url_query_is_kept":     {[]string{"https://h.test/a?b=1#c", "https://h.test?b=1", "https://h.test/?b=2"}, "", []string{"https://h.test/a?b=1", "https://h.test/?b=1", "https://h.test/?b=2"}},
		"default_port":          {[]string{"HTTPS://H.TEST:443/", "http://h.test:080/"}, "", []string{"https://h.test/", "http://h.test/"}},
		"host":                  {[]string{"H.test", "h.test.", "under_score.test"}, "", []string{"h.test", "under_score.test"}},
		"host_and_port":         {[]string{"h.test:8080", "h.test:08080"}, "", []string{"h.test port 8080"}},
		"idn":                   {[]string{"日本語.jp", "http://日本語.jp/"}, "", []string{"xn--wgv71a119e.jp", "http://xn--wgv71a119e.jp/"}},
		"ipv4":                  {[]string{"192.0.2.1", "192.0.2.1:80"}, "", []string{"192.0.2.1", "192.0.2.1 port 80"}},
		"ipv6":                  {[]string{"2001:DB8::1", "[2001:db8::1]", "[2001:db8::1]:81"}, "", []string{"2001:db8::1", "2001:db8::1 port 81"}},
		"ipv6_url":              {[]string{"http://[2001:db8::1]:81/"}, "", []string{"http://[2001:db8::1]:81/"}},
		"duplicates":            {[]string{"http://h.test", "http://H.test/", "http://h.test:80", "http://h.test/a", "http://h.test/a/"}, "", []string{"http://h.test/", "http://h.test/a"}},
		"block":                 {[]string{"192.0.2.1/30"}, "", []string{"192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3"}},
		"block_ipv6":            {[]string{"2001:db8::/127"}, "", []string{"2001:db8::", "2001:db8::1"}},
		"last_block":            {[]string{"255.255.255.254/31"}, "", []string{"255.255.255.254", "255.255.255.255"}},
		"blocks_overlap":        {[]string{"192.0.2.2", "192.0.2.0/31", "192.0.2.0/30", "192.0.2.1", "192.0.2.3/32"}, "", []string{"192.0.2.2", "192.0.2.0", "192.0.2.1", "192.0.2.3"}},
		"default_ports":         {[]string{"http://a.test", "a.test:80", "https://a.test:443/", "a.test:443"}, "", []string{"http://a.test/", "https://a.test/"}},
		"address_in_both_forms": {[]string{"192.0.2.1", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]"}, "", []string{"192.0.2.1"}},
		"block_inside_block":    {[]string{"192.0.2.0/30", "192.0.2.2/31"}, "", []string{"192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3"}},
		"file":                  {[]string{"@list"}, "", []string{"a.test", "http://b.test/"}},
		"stdin":                 {[]string{"x.test", "-"}, "y.test\r\nx.test\r\n", []string{"x.test", "y.test"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			list, err := Parse(c.args, strings.NewReader(c.stdin), opener(files))
			if err != nil {
				t.Fatal(err)
			}
			got := inputs(list)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("ParseTargets(%q) (-want +got):\n%s", c.args, diff)
			}
			if list.Len() != len(got) {
				t.Errorf("Len = %d, but there are %d", list.Len(), len(got))
			}
		})
	}
}

func TestParseTargetsNamesEveryMistake(t *testing.T) {
	files := map[string]string{"list": "ok.test\nftp://f.test\n@other\n\nh.test:99999\n"}
	_, err := Parse([]string{
		"https://user:hunter2@h.test/", "user:hunter2@h.test", "h.test/path", "10.0.0.0/33", "10.0.0.0/4", "--format", "@missing", "@list", "",
		"http://", "1.2.3", "a..b", "[1.2.3.4]", "http://h.test:0/", "http://u:hunter2@h.test/%zz", "sp ace",
	}, strings.NewReader(""), opener(files))
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		`"https://***@h.test/": leave the user information out`, `"***@h.test": leave the user information out`,
		`a target with a path needs its scheme: https://h.test/path`, `"10.0.0.0/33" is not a CIDR block`, `"10.0.0.0/4": too many addresses; a block may be a /8`,
		`"--format" is not a target`, `@missing: no such file`, `list:2: "ftp://f.test": scheme "ftp"`, `list:3: "@other": a list cannot name another list`,
		`list:5: "h.test:99999": "99999" is not a port`, `"": the target is empty`, `"http://" has no host`, `"1.2.3": not an IP address`, `"a..b": not a host name`,
		`"[1.2.3.4]": "1.2.3.4" is not an IPv6 address`, `"0" is not a port`, `"http://***@h.test/%zz": leave the user information out`, `"sp ace": targets stand apart by spaces`,
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("no %s in:\n%v", w, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != len(want) {
		t.Errorf("%d lines, want %d:\n%v", n, len(want), err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a password is repeated:\n%v", err)
	}
}

// A block is a description, not a list: the largest allowed costs nothing until it is walked.
func TestLargestBlockIsNotHeldInMemory(t *testing.T) {
	n := testing.AllocsPerRun(1, func() {
		list, err := Parse([]string{"10.0.0.0/8"}, nil, nil)
		if err != nil || list.Len() != 1<<24 {
			t.Fatalf("%v, %v", list, err)
		}
		taken := 0
		for range list.All() {
			if taken++; taken == 3 {
				break
			}
		}
	})
	if n > 100 {
		t.Errorf("%v allocations", n)
	}
	if _, err := Parse([]string{"10.0.0.0/8", "11.0.0.0/30"}, nil, nil); err == nil || !strings.Contains(err.Error(), "more than 16777216 addresses") {
		t.Errorf("error = %v", err)
	}
}

func FuzzParseTargets(f *testing.F) {
	for _, s := range []string{"http://h", "h:1", "[::1]:80", "10.0.0.0/31", "@x", "::1%eth0", "http://u@h", "日本.jp:80", "a\x00b", "http://[fe80::1%25en0]/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		list, err := Parse([]string{"-"}, strings.NewReader(line), nil)
		if err != nil || list.Len() > 1000 {
			return
		}
		again := inputs(list)
		if len(again) != list.Len() {
			t.Fatalf("%q: %d inputs, Len %d", line, len(again), list.Len())
		}
		for in := range list.All() {
			addresses := []*url.URL{in.URL}
			if in.URL == nil {
				addresses = []*url.URL{Origin("https", in.Host, in.Port), Origin("http", in.Host, in.Port)}
			}
			for _, u := range addresses {
				if u.User != nil || u.Fragment != "" || u.Hostname() == "" {
					t.Errorf("%q became %s", line, u)
				}
				second, err := Parse([]string{fmt.Sprint(u)}, nil, nil)
				if err != nil || inputs(second)[0] != u.String() {
					t.Errorf("%q became %s, which is not read back: %v", line, u, err)
				}
			}
		}
	})
}

func TestOriginsOfTargets(t *testing.T) {
	list, err := Parse([]string{"a.test", "@list"}, nil, opener(map[string]string{"list": "\n192.0.2.0/31\n"}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for in := range list.All() {
		got = append(got, in.Source.String())
	}
	if diff := cmp.Diff([]string{"a.test", "list:2: 192.0.2.0/31", "list:2: 192.0.2.0/31"}, got); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
}

// Only who names a host and no port has named its other ports.
func TestBareHosts(t *testing.T) {
	for text, want := range map[string]bool{
		"shop.example": true, "192.0.2.1": true, "192.0.2.0/28": true, "2001:db8::1": true, "shop.example:8080": false, "[2001:db8::1]:80": false,
		"https://shop.example": false, "http://shop.example:8080/a": false, "": false,
	} {
		if got := (Source{Text: text}).Bare(); got != want {
			t.Errorf("Bare(%q) = %v", text, got)
		}
	}
}
