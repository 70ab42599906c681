package ssi

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// NewSign is the check "ssi-sign": what pages show of Server Side Includes without being probed. Its parameter mode is
// one of raw-directive (directives in the delivered source: they were meant to be evaluated and are not), error (the
// sentence of a broken directive) and in-use (addresses that servers evaluate by custom).
func NewSign(s *signature.Signature) (scanner.Check, error) {
	var with struct {
		Mode string `yaml:"mode"`
	}
	if err := s.With.Decode(&with); err != nil {
		return nil, err
	}
	signs := map[string]scanner.Check{"raw-directive": rawDirective{}, "error": errorMessage{}, "in-use": inUse{}}
	check, ok := signs[with.Mode]
	if !ok {
		return nil, s.With.Mistake("mode %q: there are raw-directive, error, in-use", with.Mode)
	}
	return check, nil
}

// directive is a comment that SSI would evaluate. A space before the name makes it an ordinary comment.
var directive = regexp.MustCompile(`(?i)^#\s{0,1}(include|echo|exec|config|set|if|elif|printenv|flastmod|fsize)\b`)

// included is the file or address that an include names.
var included = regexp.MustCompile(`(?i)^#\s?include\s+(virtual|file)\s*=\s*["']?([^"'\s>]{1,200})`)

// includesRead is the most include targets that are asked for.
const includesRead = 5

type rawDirective struct{}

// Run reports each page with raw directives once, up to five, and looks whether what they include is delivered as source.
func (rawDirective) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	pages, err := p.Crawl(ctx)
	if err != nil {
		return nil, err
	}
	var hits []scanner.Hit
	asked := map[string]bool{}
	for _, page := range pages {
		raw, targets := directives(page)
		if len(raw) == 0 || len(hits) >= 5 {
			continue
		}
		hit := scanner.Hit{
			URL: page.Exchange.URL.String(), Certainty: scanner.Confirmed,
			Values:   scanner.Values{"directives": len(raw), "includes": texts(targets)},
			Evidence: []evidence.Evidence{evidence.New(page.Exchange, message.New("The directive is in the source that visitors receive."), "<!--"+head(raw[0], 60))},
		}
		for _, u := range targets {
			if asked[u.String()] || len(asked) >= includesRead || !web.OnSite(p.Target.URL, u) {
				continue
			}
			asked[u.String()] = true
			source, err := sourceOf(ctx, p, u)
			if err != nil {
				return hits, err
			}
			if source != nil {
				hit.Variant = "source"
				hit.Values["source"] = u.Path
				hit.Evidence = append(hit.Evidence, evidence.New(source, message.New("What is included is delivered as source.")))
			}
		}
		hits = append(hits, hit)
	}
	return hits, nil
}

// directives are the raw ones of a page, and the addresses that they include.
func directives(page *web.Page) (raw []string, targets []*url.URL) {
	for _, c := range page.Comments {
		if !directive.MatchString(c) {
			continue
		}
		raw = append(raw, c)
		m := included.FindStringSubmatch(c)
		if m == nil || strings.ContainsAny(m[2], "$<") {
			continue
		}
		name := m[2]
		if strings.EqualFold(m[1], "file") {
			name = path.Join(path.Dir(page.Exchange.URL.Path), name)
		}
		if u, err := page.Exchange.URL.Parse(name); err == nil {
			u.RawQuery, u.Fragment = "", ""
			targets = append(targets, u)
		}
	}
	return raw, targets
}

// code is the beginning of program text, or settings with a secret.
var code = regexp.MustCompile(`(?i)<\?php|<%[@=!\s]|<\?=|^\s*#!/|(?m)^\s*[$\w.]*(password|passwd|secret|db_user|dsn)\w*\s*[=:]`)

// sourceOf is the answer to u when it is program text that should have been run, nil when it is not.
func sourceOf(ctx context.Context, p *scanner.Probe, u *url.URL) (*web.Exchange, error) {
	r := &web.Request{URL: u, MaxBody: 4096}
	ex, err := p.Do(ctx, r)
	if err != nil || ex.Status != http.StatusOK || !code.Match(ex.Body) {
		return nil, ignoreAbsent(err)
	}
	control, err := p.Control(ctx, r)
	if err != nil || control.Status == http.StatusOK && code.Match(control.Body) {
		return nil, ignoreAbsent(err)
	}
	return ex, nil
}

// ignoreAbsent forgives an address that gives no answer; a host that is gone ends elsewhere.
func ignoreAbsent(err error) error {
	switch web.KindOf(err) {
	case web.KindScope, web.KindProtocol, web.KindTimeout, web.KindClosed:
		return nil
	default:
		return err
	}
}

type errorMessage struct{}

var (
	// brokenDirective is a text between tags that ends with the message, which words may stand before.
	brokenDirective = regexp.MustCompile(`^([^\[]{0,60})(?:\[an error occurred while processing (?:this|the) directive\]\s*)+$`)
	// aboutSSI are words of those who write about the message.
	aboutSSI = regexp.MustCompile(`(?i)\b(?:directives?|ssi|server[- ]side|apache|nginx|errors?)\b|エラー|ディレクティブ`)
	// telling are words of those who say, before it, that it is shown.
	telling = regexp.MustCompile(`(?i)\b(?:prints?|shows?|says?|displays?|reads?|messages?|i|you|we|get|got|see|saw)\W*$|(?:表示|メッセージ|出ます|出る|出た)\P{L}*$`)
)

// Run takes only a text that ends with the message, where nothing near it is about the message. On an address that servers
// evaluate by custom it is sure, elsewhere it is a sign.
func (errorMessage) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	pages, err := p.Crawl(ctx)
	if err != nil {
		return nil, err
	}
	var hits []scanner.Hit
	for _, page := range pages {
		if len(hits) >= 5 || !showsError(page) {
			continue
		}
		certainty := scanner.Possible
		if parsed(page.Exchange.URL) {
			certainty = scanner.Confirmed
		}
		hits = append(hits, scanner.Hit{
			URL: page.Exchange.URL.String(), Certainty: certainty,
			Evidence: []evidence.Evidence{evidence.New(page.Exchange, message.Message{}, "[an error occurred while processing")},
		})
	}
	return hits, nil
}

// showsError reports whether a page shows the message where a directive stood. Lists, quotations and, but on addresses that
// are evaluated by custom, tables are where others write about it.
func showsError(page *web.Page) bool {
	if aboutSSI.MatchString(page.Title) {
		return false
	}
	for i, text := range page.Visible {
		m := brokenDirective.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		before, after := m[1], ""
		if i > 0 && before == "" {
			before = withoutMessage(page.Visible[i-1])
		}
		if i+1 < len(page.Visible) {
			after = withoutMessage(page.Visible[i+1])
		}
		table := page.Within[i] == "td" || page.Within[i] == "th"
		placed := page.Within[i] == "" || table && parsed(page.Exchange.URL)
		if placed && !telling.MatchString(before) && !aboutSSI.MatchString(before+" "+after) {
			return true
		}
	}
	return false
}

// withoutMessage is a text without messages: pages show several of them in a row.
func withoutMessage(text string) string {
	if m := brokenDirective.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return text
}

// parsed are addresses that servers evaluate by custom.
func parsed(u *url.URL) bool {
	return slices.Contains([]string{".shtml", ".shtm", ".stm"}, strings.ToLower(path.Ext(u.Path)))
}

type inUse struct{}

// Run reports one address: that SSI is on is a fact about the server.
func (inUse) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	pages, err := p.Crawl(ctx)
	if err != nil {
		return nil, err
	}
	for _, page := range pages {
		if !parsed(page.Exchange.URL) || page.Exchange.Status != http.StatusOK {
			continue
		}
		if raw, _ := directives(page); len(raw) > 0 {
			continue // delivered as source: not evaluated
		}
		control, err := p.Control(ctx, page.Exchange.Request)
		if err != nil {
			return nil, err
		}
		if control.Status == http.StatusOK {
			p.Suppress("the site answers like that to addresses that cannot exist")
			continue
		}
		return []scanner.Hit{{
			URL: page.Exchange.URL.String(), Certainty: scanner.Possible,
			Evidence: []evidence.Evidence{evidence.New(page.Exchange, message.New("%s is evaluated by custom; whether it is here cannot be seen from outside.", path.Ext(page.Exchange.URL.Path)))},
		}}, nil
	}
	return nil, nil
}

func texts(list []*url.URL) []string {
	out := []string{}
	for _, u := range list {
		if !slices.Contains(out, u.Path) {
			out = append(out, u.Path)
		}
	}
	return out
}

func head(s string, n int) string { return s[:min(len(s), n)] }
