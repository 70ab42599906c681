package template

import (
	"context"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"sotomi/checks/template/match"
	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// controlKind is a way to ask for what cannot exist. A match counts only when the site does not say the same of these,
// which are asked for one after another, and only after a match.
type controlKind int

const (
	// madeUp is a random name in the same folder and with the same extension.
	madeUp controlKind = iota
	// sameWords is the requested name behind sameWordsMark. A search for the words of the address, a list of similar names,
	// or a page that shows the words of the address gives the same for it. A server whose rule for a page takes every
	// address that begins like the page's does not.
	sameWords
	// elsewhere is the requested address below two random folders: for searches that look for the name as it is written. One
	// folder would not do, since each site of a network of sites may have one, with the same files below it.
	elsewhere
	controlKinds
)

// sameWordsMark is more than one character long, since some servers correct names that are wrong in one.
const sameWordsMark = "--"

// suppress drops a match, or those of its names, that the site gives for things that cannot exist as well, or that rest
// only on what the request itself said. A match whose controls get no response is dropped too, and the run fails.
func (v *run) suppress(ctx context.Context, r *blockRun, number int, hop *web.Exchange, names []string, result *match.Result) (left []string, dropped bool, err error) {
	m := &matched{run: v, block: r, number: number, hop: hop, names: names, values: result.Extracted}
	same := newLikeness()
	for kind := range controlKinds {
		if !m.controlled(kind) {
			continue
		}
		if answered, err := m.compare(ctx, kind, same); !answered || err != nil {
			return nil, true, err
		}
		if dropped = m.drop(same.has); dropped {
			break
		}
	}
	if dropped || len(m.names) < len(names) {
		v.probe.Suppress("the site answers like that to names that cannot exist")
	}
	if !dropped {
		dropped, err = m.dropEchoes(ctx)
	}
	return m.names, dropped, err
}

// matched is a match that is being questioned.
type matched struct {
	run    *run
	block  *blockRun
	number int           // of the request in the block
	hop    *web.Exchange // the response
	names  []string      // of its matchers, without those dropped
	values []string      // that were extracted
}

// claims are what the match says, one by one: the names of its matchers, or, in a block without matchers, values; "" for
// the match itself.
func (m *matched) claims() []string {
	switch {
	case len(m.names) > 0:
		return m.names
	case m.block.block.judges:
		return []string{""}
	default:
		return m.values
	}
}

// drop takes away the names that are refuted. It says whether nothing is left of the match.
func (m *matched) drop(refuted func(claim string) bool) bool {
	left := slices.DeleteFunc(slices.Clone(m.claims()), refuted)
	if len(m.names) > 0 {
		m.names = left
	}
	return len(left) == 0
}

// judgedTogether are the numbers of the requests whose responses the judgement of one looks at.
func (r *blockRun) judgedTogether(number int) []int {
	if !r.looksBack() {
		return []int{number}
	}
	var list []int
	for i, bt := range r.sent {
		if bt != nil {
			list = append(list, i+1)
		}
	}
	return list
}

// controlled reports whether there is a control of a kind: none for the target's own page, for names made up on purpose,
// and for a block that asks for an error page.
func (m *matched) controlled(kind controlKind) bool {
	return !slices.ContainsFunc(m.block.judgedTogether(m.number), func(n int) bool {
		bt := m.block.sent[n-1]
		switch {
		case bt == nil || bt.own || m.block.block.expectsError:
			return true
		case kind == madeUp:
			return false
		case kind == elsewhere && (!isHTML(m.hop) || !isPlainPath(bt.request.URL) || hasHandler(bt.request.URL)):
			return true
		}
		return !m.nameIsPlain(bt.request)
	})
}

var (
	plainName = regexp.MustCompile(`^[\p{L}\p{N}._~@-]*[\p{L}\p{N}][\p{L}\p{N}._~@-]*/?$`)
	plainPath = regexp.MustCompile(`^(?:/[\p{L}\p{N}._~@-]*[\p{L}\p{N}][\p{L}\p{N}._~@-]*)+/?$`)
	otherSite = regexp.MustCompile(`^(?:[A-Za-z]+:)?[/\\]{2,}[^/\\?#]*`)
)

// nameIsPlain reports whether the requested name is no more than a name. One with marks is there to be repeated, as a
// script is, and so is one that a redirect takes for a host.
func (m *matched) nameIsPlain(r *web.Request) bool {
	_, name := lastSegment(r.URL.Path)
	return r.URL.RawPath == "" && plainName.MatchString(name) &&
		!strings.Contains(otherSite.FindString(m.hop.Header.Get("Location")), strings.TrimSuffix(name, "/"))
}

// isPlainPath reports whether a path leads down only.
func isPlainPath(u *url.URL) bool { return u.RawPath == "" && plainPath.MatchString(u.Path) }

// isHTML reports whether a response is a page for people, as the results of a search are.
func isHTML(ex *web.Exchange) bool { return strings.Contains(ex.Header.Get("Content-Type"), "html") }

// handled are extensions behind which application servers have one handler, whatever folder is asked for.
var handled = []string{".action", ".asmx", ".ashx", ".axd", ".do", ".faces", ".jsf", ".nsf"}

func hasHandler(u *url.URL) bool { return slices.Contains(handled, strings.ToLower(path.Ext(u.Path))) }

// lastSegment splits a path before its last segment, to which a slash at the end belongs.
func lastSegment(p string) (folder, name string) {
	at := strings.LastIndexByte(strings.TrimRight(p, "/"), '/') + 1
	return p[:at], p[at:]
}

// compare asks for the controls of one kind and adds what the block finds in them. answered is false when one got no
// response.
func (m *matched) compare(ctx context.Context, kind controlKind, same *likeness) (answered bool, err error) {
	r := m.block
	plain, echoed := slices.Clone(r.answers), slices.Clone(r.answers)
	var last *answer
	for _, n := range r.judgedTogether(m.number) {
		a, err := m.ask(ctx, kind, n)
		if err != nil {
			return false, m.unanswered(ctx, err)
		}
		if n <= len(plain) {
			plain[n-1], echoed[n-1] = a.exchange, a.exchange
			if e := a.withName(a.exchange); e != nil {
				echoed[n-1] = e
			}
		}
		if n == m.number {
			last = a
		}
	}
	for hop := range last.hops {
		equal := hop.Status == m.hop.Status
		if equal || kind == madeUp {
			if err := m.alike(ctx, hop, plain, same); err != nil {
				return false, err
			}
		}
		if e := last.withName(hop); e != nil && equal {
			if err := m.alike(ctx, e, echoed, same); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// unanswered fails the run: without the control nobody can tell.
func (m *matched) unanswered(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.run.fail(scanner.Undetermined("%s matched, but a control request for a made-up name got no response: %s", shownAddress(m.hop.URL), message.Of(err)))
	return nil
}

// answer is the response to a control.
type answer struct {
	exchange *web.Exchange
	asked    *web.Exchange     // the response to what was asked for
	skipped  string            // path of which nothing is believed: it is the very page that was asked for
	name     *strings.Replacer // from the control's own name to the requested one; nil for none
}

// hops are the response and the redirects before it, as the language sees them.
func (a *answer) hops(yield func(*web.Exchange) bool) {
	for hop := a.exchange; hop != nil; hop = hop.Previous {
		seen := hop
		if hop != a.exchange {
			seen = withoutBody(hop)
		}
		if (a.skipped == "" || hop.URL.Path != a.skipped) && !yield(seen) {
			return
		}
	}
}

// withName is a response with the requested name wherever it repeats the control's own, nil when it does not. A page that
// repeats what was asked for then says what it said to the request.
func (a *answer) withName(ex *web.Exchange) *web.Exchange {
	if a.name == nil {
		return nil
	}
	return replacedIn(ex, a.asked, a.name)
}

// ask is the response to the control for request n.
func (m *matched) ask(ctx context.Context, kind controlKind, n int) (*answer, error) {
	req := m.block.sent[n-1].request
	a := &answer{asked: m.hop}
	var err error
	switch kind {
	case sameWords:
		folder, name := lastSegment(req.URL.Path)
		a.exchange, err = m.at(ctx, req, folder+sameWordsMark+name)
		a.name, a.skipped = renamed(sameWordsMark+name, name), req.URL.Path
	case elsewhere:
		folders := m.folders()
		at := len(m.run.base(req.URL))
		a.exchange, err = m.at(ctx, req, req.URL.Path[:at]+folders+req.URL.Path[at:])
		a.name, a.skipped = renamed(folders, ""), req.URL.Path
	case madeUp, controlKinds:
		a.exchange, err = otherwise(ctx, req, m.run.probe.Control)
		if err == nil && m.nameIsPlain(req) {
			a.name = renamed(madeUpName(first(a.exchange).URL.Path, req.URL.Path))
		}
	}
	return a, err
}

// at is the response to req at another path, or, when that gets none, to a name of another kind there.
func (m *matched) at(ctx context.Context, req *web.Request, path string) (*web.Exchange, error) {
	c, u := *req, *req.URL
	u.Path = path
	c.URL = &u
	return otherwise(ctx, &c, m.run.probe.Do)
}

// otherwise asks again for a name of another kind when there is no response.
func otherwise(ctx context.Context, req *web.Request, ask func(context.Context, *web.Request) (*web.Exchange, error)) (*web.Exchange, error) {
	ex, err := ask(ctx, req)
	if err != nil && ctx.Err() == nil {
		if other, otherErr := ask(ctx, otherKind(req)); otherErr == nil {
			return other, nil
		}
	}
	return ex, err
}

// folders are two that do not exist, the same for all signatures.
func (m *matched) folders() string {
	random := scanner.RandFor("folders", m.run.probe.Target)
	return scanner.Token(random, 8) + "/" + scanner.Token(random, 8) + "/"
}

// base is the part of a path that is the target's folder; the root for addresses outside of it.
func (v *run) base(u *url.URL) string {
	if folder := v.probe.Target.URL.Path; strings.HasSuffix(folder, "/") && strings.HasPrefix(u.Path, folder) {
		return folder
	}
	return "/"
}

// otherKind asks for a folder where r asks for a file, and the reverse.
func otherKind(r *web.Request) *web.Request {
	c, u := *r, *r.URL
	if name, isFolder := strings.CutSuffix(u.Path, "/"); isFolder {
		u.Path = name
	} else {
		u.Path += "/"
	}
	u.RawPath = ""
	c.URL = &u
	return &c
}

// first is the response to the request itself, before redirects.
func first(ex *web.Exchange) *web.Exchange {
	for ex.Previous != nil {
		ex = ex.Previous
	}
	return ex
}

// madeUpName is the random part of a control's name, and what the requested name has in its place.
func madeUpName(control, requested string) (old, name string) {
	_, old = lastSegment(strings.TrimRight(control, "/"))
	_, name = lastSegment(strings.TrimRight(requested, "/"))
	if ext := path.Ext(name); ext != "" && strings.HasSuffix(old, ext) {
		return strings.TrimSuffix(old, ext), strings.TrimSuffix(name, ext)
	}
	return old, name
}

// likeness is what a block finds in controls.
type likeness struct {
	matched          bool
	names, extracted map[string]bool
}

func newLikeness() *likeness {
	return &likeness{names: map[string]bool{}, extracted: map[string]bool{}}
}

// has reports whether a claim is true of a control as well.
func (l *likeness) has(claim string) bool {
	return l.names[claim] || l.extracted[claim] || claim == "" && l.matched
}

// alike adds what the block finds in a response that stands in place of the one that matched.
func (m *matched) alike(ctx context.Context, seen *web.Exchange, answers []*web.Exchange, same *likeness) error {
	r := m.block
	data := &match.Data{Exchange: seen, Vars: r.block.withOwn(r.sent[m.number-1].vars, seen)}
	if r.looksBack() {
		data.Earlier = before(answers, m.number)
	}
	result, err := r.block.program.Run(ctx, data)
	if err != nil {
		return unjudged(seen, err)
	}
	names, hit := found(r.block, &result)
	same.matched = same.matched || hit
	maps.Copy(same.names, set(names))
	maps.Copy(same.extracted, set(result.Extracted))
	return nil
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, text := range list {
		m[text] = true
	}
	return m
}
