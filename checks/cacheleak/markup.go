package cacheleak

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"sotomi/scanner/web"
)

// markup is what the source of a page holds beside what its reader sees.
type markup struct {
	data      []string // inline scripts and data- attributes, decoded
	fields    []string // values of form fields that look as if they were made for one answer
	addresses []string // that are loaded into the page: by hx-get, esi:include and elements of that kind
}

// largest is how many of each kind are kept.
const largest = 1000

func readMarkup(text string) *markup {
	m := &markup{}
	z := html.NewTokenizer(strings.NewReader(text))
	inScript := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return m
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			element := string(name)
			inScript = element == "script"
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				m.attribute(element, string(key), string(value))
			}
		case html.TextToken:
			if inScript && len(m.data) < largest {
				m.data = append(m.data, withoutEscapes(string(z.Text())))
			}
		case html.CommentToken: // ESI in a comment is read by the edge
			if inner, ok := strings.CutPrefix(string(z.Text()), "esi"); ok {
				m.addresses = append(m.addresses, readMarkup(inner).addresses...)
			}
		case html.EndTagToken:
			inScript = false
		case html.DoctypeToken:
		}
	}
}

func (m *markup) attribute(element, name, value string) {
	switch {
	case len(m.data)+len(m.fields)+len(m.addresses) >= largest:
	case strings.HasPrefix(name, "data-"):
		m.data = append(m.data, value)
		if strings.HasPrefix(value, "/") {
			m.addresses = append(m.addresses, value)
		}
	case name == "hx-get", name == "src" && strings.ContainsAny(element, "-:"):
		m.addresses = append(m.addresses, value)
	case element == "input" && name == "value" && classOf(value) == classIdentifier:
		m.fields = append(m.fields, value)
	}
}

var escape = regexp.MustCompile(`\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}`)

// withoutEscapes is a text of JavaScript or JSON with its letters in the place of their numbers.
func withoutEscapes(text string) string {
	if !strings.Contains(text, `\u`) && !strings.Contains(text, `\x`) {
		return text
	}
	return escape.ReplaceAllStringFunc(text, func(s string) string {
		n, _ := strconv.ParseUint(s[2:], 16, 32) // the expression lets hexadecimal digits through only
		return string(rune(n))
	})
}

// mentions are addresses that a page names and that may be asked for beside it, all on its own host and port.
type mentions struct {
	files     []*url.URL // pictures, scripts, style sheets
	scripts   []*url.URL // of the files
	fragments []*url.URL // that scripts and the edge load into the page
}

// mentionedMost is how many of each kind are kept of one page.
const mentionedMost = 40

// quotedAddress is a path in the source of a script.
var quotedAddress = regexp.MustCompile("[\"'`]((?:https?://[^/\"'`\\s]+)?/[\\w.~%/-]{2,}(?:\\?[\\w.~%&=;:,+-]*)?)[\"'`]")

// mentionsOf reads a page's source. page is nil when it is no HTML.
func mentionsOf(page *web.Page, m *markup) mentions {
	var found mentions
	if page == nil {
		return found
	}
	here := page.Exchange.URL
	for _, u := range page.Scripts {
		if sameSite(here, u) {
			found.scripts = append(found.scripts, u)
		}
	}
	for _, u := range slices.Concat(page.Scripts, page.Assets) {
		if sameSite(here, u) && !web.ChangesState(u) && u.Path != here.Path && len(found.files) < mentionedMost {
			found.files = append(found.files, u)
		}
	}
	found.fragments = append(fragmentsIn(here, m.addresses...), quotedIn(here, m.data...)...)
	found.scripts = found.scripts[:min(len(found.scripts), mentionedMost)]
	found.fragments = found.fragments[:min(len(found.fragments), mentionedMost)]
	return found
}

// quotedIn are the addresses that stand in texts of scripts.
func quotedIn(here *url.URL, texts ...string) []*url.URL {
	var list []string
	for _, text := range texts {
		for _, found := range quotedAddress.FindAllStringSubmatch(strings.ReplaceAll(text, `\/`, "/"), 5*mentionedMost) {
			list = append(list, found[1])
		}
	}
	return fragmentsIn(here, list...)
}

// fragmentsIn are those of addresses that may answer with a part of a page.
func fragmentsIn(here *url.URL, addresses ...string) []*url.URL {
	var list []*url.URL
	for _, text := range addresses {
		u, err := here.Parse(strings.Clone(strings.TrimSpace(text))) // a part of the page would hold all of it
		if err != nil || !sameSite(here, u) || u.Path == here.Path || web.ChangesState(u) {
			continue
		}
		u.Fragment, u.RawFragment = "", ""
		if ending := strings.ToLower(path.Ext(u.Path)); ending == ".json" || !web.IsFile(u.Path) {
			list = append(list, u)
		}
	}
	return list
}

func sameSite(here, u *url.URL) bool {
	return u.Scheme == here.Scheme && strings.EqualFold(u.Host, here.Host)
}

// folders are those of the files, the deepest of each branch, without the root.
func (m mentions) folders() []string {
	var list []string
	for _, u := range m.files {
		if folder := path.Dir(u.EscapedPath()); folder != "/" && folder != "." && !slices.Contains(list, folder) {
			list = append(list, folder)
		}
	}
	return list
}

// speaksToVisitor are words that a page says to one visitor, or to one who is to log in.
var speaksToVisitor = regexp.MustCompile(`(?i)\blog[ -]?(?:in|out|off)\b|\bsign[ -]?(?:in|out|up)\b|\bmy (?:page|account|orders)\b|\bwelcome back\b|\bhello,? \p{Lu}|` +
	`ログイン|ログアウト|サインイン|サインアウト|マイページ|会員登録|会員番号|ようこそ|[\p{Han}\p{Hiragana}\p{Katakana}] ?(?:様|さん)(?:$|[、。 !])|登录|退出|로그인|로그아웃`)
