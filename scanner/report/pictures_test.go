package report_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/payment"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// drawn is a picture of one colour.
func drawn(t testing.TB, at time.Time, c color.Color) *evidence.Picture {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 16, 10))
	for i := range 160 {
		m.Set(i%16, i/16, c)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	p := evidence.NewPicture(b.Bytes(), at)
	if p == nil {
		t.Fatal("no picture")
	}
	return p
}

// pictured puts a scan with pictures into a sink: of a page that has changed, and of a payment page.
func pictured(t testing.TB, to scanner.Sink) {
	t.Helper()
	day := time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)
	before, after := drawn(t, day, color.White), drawn(t, day.AddDate(0, 0, 1), color.Black)
	before.Own, after.Own = true, true
	finding := func(id string, hit scanner.Hit) error {
		hit.URL = `https://shop.example/"><script>`
		return to.Finding(scanner.Finding{
			Signature: &signature.Signature{ID: id, Info: signature.Info{Name: id}}, Severity: "high", Target: "https://shop.example", Fingerprint: "v1:" + id, Hit: hit,
		})
	}
	for _, err := range []error{
		to.Start(scanner.Start{Targets: []string{"shop.example"}, Time: day}),
		finding("page-changed", scanner.Hit{Values: scanner.Values{"visitor": "all"}, Pictures: &evidence.Pictures{Before: before, After: after}}),
		finding("payment-page-inventory", scanner.Hit{Page: &payment.Page{URL: "https://shop.example/pay", Why: payment.WhyNamed}, Pictures: &evidence.Pictures{After: drawn(t, day, color.Black)}}),
		finding("page-without", scanner.Hit{}),
		to.Close(scanner.Summary{Severities: map[string]int{"high": 3}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// images are the images of a page by their description, and its policy.
func images(t *testing.T, page []byte) (alt, source []string, policy string) {
	t.Helper()
	document, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range document.Descendants() {
		for _, a := range n.Attr {
			switch {
			case a.Val == "Content-Security-Policy":
				policy = n.Attr[1].Val
			case n.Data == "img" && a.Key == "alt":
				alt = append(alt, a.Val)
			case n.Data == "img" && a.Key == "src":
				source = append(source, a.Val)
			}
		}
	}
	return alt, source, policy
}

// TestPictures: a page shows what was before beside what is now, says in both languages what it shows, and loads nothing; of a scan and
// of one that was saved.
func TestPictures(t *testing.T) {
	saved := func(t testing.TB, to scanner.Sink) {
		if err := report.Replay(bytes.NewReader(lines(t, pictured)), to); err != nil {
			t.Fatal(err)
		}
	}
	fresh, again := in(t, "html", "ja", pictured), in(t, "html", "ja", saved)
	if !bytes.Equal(fresh, again) {
		t.Error("a saved scan gives another page")
	}
	alt, source, policy := images(t, fresh)
	want := []string{
		`Picture of https://shop.example/"><script>. Before: 2026-11-26 03:00 UTC; what other hosts serve is left out / https://shop.example/"><script> の画像。変化前: 2026-11-26 03:00 UTC。ほかのホストが配信する部分は除いています`,
		`Picture of https://shop.example/"><script>. After: 2026-11-27 03:00 UTC; what other hosts serve is left out / https://shop.example/"><script> の画像。変化後: 2026-11-27 03:00 UTC。ほかのホストが配信する部分は除いています`,
		`Picture of https://shop.example/"><script>. As it looked: 2026-11-26 03:00 UTC / https://shop.example/"><script> の画像。表示内容: 2026-11-26 03:00 UTC`,
	}
	if !slices.Equal(alt, want) {
		t.Errorf("%q", alt)
	}
	if len(source) != 3 || source[0] == source[1] || slices.ContainsFunc(source, func(s string) bool { return !strings.HasPrefix(s, "data:image/jpeg;base64,") }) {
		t.Errorf("%.200q", source)
	}
	if !strings.Contains(policy, "; img-src data:; ") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
	if _, _, policy := images(t, in(t, "html", "ja", changed)); strings.Contains(policy, "img-src") {
		t.Errorf("without pictures the policy is %q", policy)
	}
	for language, want := range map[string]string{"en": "pictures: before 2026-11-26 03:00 UTC, after 2026-11-27 03:00 UTC (shown by -o html)", "ja": "画像: 変化前 2026-11-26 03:00 UTC、変化後 2026-11-27 03:00 UTC(-o html で表示)"} {
		for _, format := range []string{"text", "csv", "sarif"} {
			if got := string(in(t, format, language, saved)); !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", format, want, got)
			}
		}
	}
}

// TestPicturesOfPaymentPages: the evidence pack shows how payment pages looked.
func TestPicturesOfPaymentPages(t *testing.T) {
	for language, want := range map[string]string{
		"en": `Picture of https://shop.example/"><script>. As it looked: 2026-11-26 03:00 UTC`, "ja": `https://shop.example/"><script> の画像。表示内容: 2026-11-26 03:00 UTC`,
	} {
		var page bytes.Buffer
		pictured(t, report.NewPaymentHTML(&page, report.Options{Language: language}))
		alt, source, policy := images(t, page.Bytes())
		if !slices.Equal(alt, []string{want}) || len(source) != 1 || !strings.Contains(policy, "img-src data:") {
			t.Errorf("%s: %q %.100q %s", language, alt, source, policy)
		}
	}
}

// TestStrangePictures: what a stranger has put into a saved scan in the place of a picture is no picture of a report.
func TestStrangePictures(t *testing.T) {
	good := lines(t, pictured)
	var small []byte
	for _, picture := range bytes.Split(good, []byte(`"jpeg":"`))[1:] {
		small, _, _ = bytes.Cut(picture, []byte(`"`))
		break
	}
	data, err := base64.StdEncoding.DecodeString(string(small))
	if err != nil {
		t.Fatal(err)
	}
	for name, strange := range map[string][]byte{
		"svg":    []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`),
		"html":   []byte("\xff\xd8\xff<script>alert(1)</script>\xff\xd9"),
		"behind": append(bytes.Clone(data), "<script>alert(1)</script>\xff\xd9"...),
		"large":  append(append(bytes.Clone(data[:len(data)-2]), make([]byte, evidence.MaxPicture)...), 0xff, 0xd9),
		"none":   {},
	} {
		text, err := json.Marshal(strange)
		if err != nil {
			t.Fatal(err)
		}
		saved := bytes.Replace(good, append(append([]byte(`"`), small...), '"'), text, 1)
		var page bytes.Buffer
		err = report.Replay(bytes.NewReader(saved), report.NewHTML(&page, report.Options{}))
		if want := `line 2: the field "pictures" holds what is no picture of sotomi: a JPEG of at most 150000 bytes`; err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
		if bytes.Contains(page.Bytes(), []byte("<img")) {
			t.Errorf("%s is shown", name)
		}
	}
	for name, strange := range map[string]string{"text": `"javascript:alert(1)"`, "number": `7`, "address": `"https://evil.example/x.jpg"`} {
		saved := bytes.Replace(good, append(append([]byte(`"`), small...), '"'), []byte(strange), 1)
		if err := report.Replay(bytes.NewReader(saved), report.NewHTML(&bytes.Buffer{}, report.Options{})); err == nil || !strings.HasPrefix(err.Error(), "line 2: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
