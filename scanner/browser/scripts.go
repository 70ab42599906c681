package browser

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/cdp/jsonv2"
	"github.com/chromedp/cdproto/debugger"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"sotomi/scanner/message"
)

// scriptID is a script by what the browser calls it.
type scriptID struct {
	session target.SessionID
	id      cdp.ScriptID
}

// scriptKey is what makes two runs of a script the same.
type scriptKey struct {
	view  target.ID
	frame cdp.FrameID
	name  string
	hash  string
}

// parsedScript is a script that ran.
type parsedScript struct {
	Script
	name  string // the address that the browser gives it, "" for a generated one
	frame cdp.FrameID
	doc   string // address of the document when it ran
	by    string // who made it
	mark  string // of its source, to find its element
}

// body is the source of a script as it was sent.
type body struct {
	sha384 string
	size   int
}

// violation is a script that a policy does not allow.
type violation struct {
	url    string // "" for inline ones
	kind   audits.ContentSecurityPolicyViolationType
	report bool // it ran nevertheless
}

// addScript takes note of a script that runs, and asks for its source.
func (v *visit) addScript(e *debugger.EventScriptParsed, w *view) {
	var where struct {
		FrameID cdp.FrameID `json:"frameId"`
		Type    string      `json:"type"`
	}
	if len(e.ExecutionContextAuxData) > 0 {
		_ = jsonv2.Unmarshal(e.ExecutionContextAuxData, &where, chromedp.DefaultUnmarshalOptions) // else it is the view's own
	}
	if v.closed || where.Type == "isolated" || e.HasSourceURL && e.URL == v.ours {
		return
	}
	name := e.EmbedderName
	if name == "" && !e.HasSourceURL {
		name = e.URL
	}
	s := parsedScript{name: name, frame: where.FrameID, by: firstOf(e.StackTrace), doc: v.frames[where.FrameID].url}
	key := scriptKey{w.id, s.frame, name, e.Hash + strconv.FormatInt(e.Length, 10)}
	if i, again := v.known[key]; again {
		v.scripts[scriptID{w.session.id, e.ScriptID}] = i
		return
	}
	if len(v.parsed) >= maxScripts {
		v.miss(message.New(unseenScripts))
		return
	}
	s.Size = int(e.Length)
	switch {
	case e.ScriptLanguage == debugger.ScriptLanguageWebAssembly:
		s.Kind = "wasm"
	case !w.isFrame():
		s.Kind = "worker"
	case e.IsModule:
		s.Kind = "module"
	}
	v.known[key] = len(v.parsed)
	v.scripts[scriptID{w.session.id, e.ScriptID}] = len(v.parsed)
	v.parsed = append(v.parsed, s)
	v.readSource(len(v.parsed)-1, w, e.ScriptID)
}

// readSource asks for the source of a script.
func (v *visit) readSource(i int, w *view, id cdp.ScriptID) {
	if v.parsed[i].Size > 4*maxSource || v.sources > maxSources {
		v.miss(message.New(unseenLarge))
		return
	}
	v.sources += v.parsed[i].Size
	v.unread++
	ask(w.session, debugger.GetScriptSource, debugger.GetScriptSourceParams{ScriptID: id}, func(r debugger.GetScriptSourceResult, err error) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.unread--
		if err != nil || v.closed {
			return
		}
		source := r.Bytecode
		if len(source) == 0 {
			source = []byte(r.ScriptSource)
			v.parsed[i].mark = mark(r.ScriptSource)
		}
		s := &v.parsed[i]
		s.SHA384, s.Size, s.Source = digest(source), len(source), bytes.Clone(source[:min(len(source), maxSource)])
		v.touch()
	})
}

// awaitSources waits for sources that were asked for last.
func (v *visit) awaitSources(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, answersIn)
	defer cancel()
	for {
		v.mu.Lock()
		unread := v.unread
		v.mu.Unlock()
		if unread == 0 {
			return
		}
		select {
		case <-v.wake:
		case <-ctx.Done():
			return
		}
	}
}

// digest is that of integrity="sha384-...".
func digest(source []byte) string {
	sum := sha512.Sum384(source)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// mark is a short sum of a text, which the page can make as well: of its units of UTF-16, and of their number.
func mark(text string) string {
	var sum int32
	units := utf16.Encode([]rune(text))
	for _, u := range units {
		sum = sum*31 + int32(u)
	}
	return fmt.Sprint(len(units), ":", sum)
}

// takeBody takes the source of a script or style sheet as it was sent, before it is used: integrity is of these bytes.
func (v *visit) takeBody(e *fetch.EventRequestPaused) {
	self := v.browser.session("")
	onwards := func() { post(self, fetch.ContinueResponse, fetch.ContinueResponseParams{RequestID: e.RequestID}) }
	size, script, sheet := 0, e.ResourceType == network.ResourceTypeScript, e.ResourceType == network.ResourceTypeStylesheet
	for _, h := range e.ResponseHeaders {
		switch strings.ToLower(h.Name) {
		case "content-length":
			size, _ = strconv.Atoi(h.Value) // 0 when it says nothing
		case "content-type":
			script = script || strings.Contains(strings.ToLower(h.Value), "javascript")
		}
	}
	keep := v.keepBody
	switch {
	case e.ResponseStatusCode != http.StatusOK || !script && !sheet || !sheet && len(v.bodies) >= maxScripts:
		onwards()
		return
	case size > 4*maxSource:
		if sheet { // of a script the browser itself tells when it runs
			v.miss(message.New(unseenLarge))
		}
		onwards()
		return
	case sheet && (len(v.sheets) >= maxSheets || v.sources > maxSources):
		v.miss(message.New(unseenSheets))
		onwards()
		return
	case sheet:
		keep = v.keepSheet
	}
	ask(self, fetch.GetResponseBody, fetch.GetResponseBodyParams{RequestID: e.RequestID}, func(r fetch.GetResponseBodyResult, err error) {
		defer onwards()
		if err != nil {
			return
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		keep(e, r.Body)
	})
}

// keepBody keeps what is needed of a script. The caller holds mu.
func (v *visit) keepBody(e *fetch.EventRequestPaused, source []byte) {
	v.bodies[e.Request.URL] = body{digest(source), len(source)}
}

// addViolation takes note of a script that a policy does not allow.
func (v *visit) addViolation(d *audits.ContentSecurityPolicyIssueDetails) {
	if strings.HasPrefix(d.ViolatedDirective, "script-src") || d.ViolatedDirective == "default-src" || strings.HasPrefix(d.ViolatedDirective, "worker-src") {
		if len(v.violations) < maxScripts {
			v.violations = append(v.violations, violation{url: d.BlockedURL, kind: d.ContentSecurityPolicyViolationType, report: d.IsReportOnly})
		}
	}
}

// firstOf is the address of the nearest script in a stack that has one.
func firstOf(s *runtime.StackTrace) string {
	for ; s != nil; s = s.Parent {
		for _, f := range s.CallFrames {
			if f.URL != "" {
				return f.URL
			}
		}
	}
	return ""
}

// tellScripts puts the scripts into the look, as far as is known of them now.
func (v *visit) tellScripts() {
	first := v.firstAsked()
	unread := 0
	for i := range v.parsed {
		s := &v.parsed[i]
		v.place(s)
		v.asSent(s)
		if s.SHA384 == "" {
			unread++
		}
		from := s.by
		if s.URL != "" {
			from = first[s.URL]
		}
		s.Initiators = chain(from, first, s.doc)
		v.look.Scripts = append(v.look.Scripts, s.Script)
	}
	if unread > 0 {
		v.miss(message.New(unseenSources, strconv.Itoa(unread)))
	}
	v.tellElements()
	v.tellPolicy()
}

// firstAsked says who asked for an address first: a service worker may ask for it once more.
func (v *visit) firstAsked() map[string]string {
	first := map[string]string{}
	for _, scripts := range []bool{true, false} {
		for _, r := range v.look.Requests {
			if _, known := first[r.URL]; !known && (r.Kind == "script" || !scripts) {
				first[r.URL] = r.Initiator
			}
		}
	}
	return first
}

// asSent gives a script the digest of its bytes as they were sent, which are not always those of its text. What a visitor has
// in store is not sent again.
func (v *visit) asSent(s *parsedScript) {
	if s.URL == "" || s.SHA384 == "" {
		return
	}
	known := s.URL + " " + s.SHA384
	b, ok := v.bodies[s.URL]
	switch {
	case !ok:
		b, ok = v.who.bodies[known]
	case len(v.who.bodies) < maxScripts:
		v.who.bodies[known] = b
	}
	if ok {
		s.SHA384, s.Size = b.sha384, b.size
	}
}

// place says of a script where it comes from, and in which frame it ran.
func (v *visit) place(s *parsedScript) {
	if f, ok := v.frames[s.frame]; ok && f.parent != "" {
		s.Frame = shortAddress(f.url)
	}
	local := s.name == "" || isLocal(s.name)
	if !local && !v.pages[withoutFragment(s.name)] {
		s.URL = shortAddress(s.name)
	}
	if s.doc == "" { // it ran before the browser told of its document
		s.doc = v.frames[s.frame].url
	}
	if s.Kind != "" {
		return
	}
	switch {
	case s.URL != "":
		s.Kind = "file"
	case s.name == "" || strings.HasPrefix(s.name, "blob:") || strings.HasPrefix(s.name, "data:"):
		s.Kind = "eval"
	default:
		s.Kind = "inline"
	}
}

func withoutFragment(u string) string {
	u, _, _ = strings.Cut(u, "#")
	return u
}

// chain are the addresses that brought something in, the nearest first, up to the page.
func chain(from string, first map[string]string, doc string) []string {
	var list []string
	if from == "" {
		from = doc
	}
	for from != "" && len(list) < 20 && !slices.Contains(list, shortAddress(from)) {
		list = append(list, shortAddress(from))
		from = first[from]
	}
	return list
}

// tellPolicy says of each script what the policy of the page says of it.
func (v *visit) tellPolicy() {
	policy := v.metaPolicy
	for _, name := range []string{"Content-Security-Policy", "Content-Security-Policy-Report-Only"} {
		for _, value := range v.look.Header.Values(name) {
			policy = policy || restrictsScripts(value)
		}
	}
	if !policy {
		return
	}
	for i := range v.look.Scripts {
		if s := &v.look.Scripts[i]; s.Frame == "" && s.CSP == "" {
			s.CSP = "allowed"
		}
	}
	for _, x := range v.violations {
		verdict := "blocked"
		if x.report {
			verdict = "reported"
		}
		kind := map[audits.ContentSecurityPolicyViolationType]string{
			audits.ContentSecurityPolicyViolationTypeKInlineViolation: "inline", audits.ContentSecurityPolicyViolationTypeKEvalViolation: "eval",
		}[x.kind]
		found := false
		for i := range v.look.Scripts {
			s := &v.look.Scripts[i]
			if x.url != "" && s.URL == shortAddress(x.url) || x.url == "" && x.report && s.Kind == kind && !s.Nonce {
				s.CSP, found = verdict, true
			}
		}
		if !found && len(v.look.Scripts) < maxScripts {
			if kind == "" {
				kind = "file"
			}
			v.look.Scripts = append(v.look.Scripts, Script{URL: shortAddress(x.url), Kind: kind, CSP: verdict})
		}
	}
}

// restrictsScripts reports whether a policy says something of scripts.
func restrictsScripts(policy string) bool {
	for directive := range strings.SplitSeq(policy, ";") {
		name, _, _ := strings.Cut(strings.TrimSpace(directive), " ")
		if name = strings.ToLower(name); name == "default-src" || strings.HasPrefix(name, "script-src") {
			return true
		}
	}
	return false
}
