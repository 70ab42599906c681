package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"

	"sotomi/scanner/message"
)

//go:embed collect.js
var collectJS string

// How long parts of a page may take to tell what they hold.
const (
	framePatience = 2 * time.Second
	maxNodes      = 300_000 // of a page in which closed shadow roots are looked for
	world         = "sotomi"
)

// held is what a document holds.
type held struct {
	Forms []struct {
		Action, Method string
		Hidden         bool
		Fields         []struct {
			Name, ID, Type, Autocomplete, Label string
			Index                               int
		}
	}
	Scripts                           []element
	Local, Session, Databases, Caches []string
	Policy, Cut                       bool
}

// element is a script element of a document.
type element struct {
	URL, Type, Integrity, Mark string
	Nonce                      bool
	frame                      string
}

// document is a frame whose content can be read.
type document struct {
	view  *view
	frame *cdp.Frame
	where string // its address, "" for the page itself
}

// collect reads what the page holds once it has come to rest.
func (v *visit) collect(ctx context.Context) {
	v.mu.Lock()
	views := make([]*view, 0, len(v.views))
	for _, w := range v.views {
		if w.isFrame() {
			views = append(views, w)
		}
	}
	v.mu.Unlock()
	v.readCookies(ctx)
	slices.SortStableFunc(views, func(a, b *view) int { return strings.Compare(b.kind+string(b.id), a.kind+string(a.id)) }) // the page before its frames
	var all []document
	for _, w := range views {
		all = append(all, v.documents(ctx, w)...)
	}
	for _, d := range all {
		i := slices.IndexFunc(all, func(other document) bool { return other.frame.ID == d.frame.ParentID })
		if d.where != "" && i >= 0 {
			v.tellFrame(ctx, d, all[i])
		}
		v.read(ctx, d)
	}
	v.shoot(ctx, v.first())
}

// documents are the frames of a view.
func (v *visit) documents(ctx context.Context, w *view) []document {
	within, cancel := context.WithTimeout(ctx, framePatience)
	defer cancel()
	tree, err := cdp.Call(within, w.session, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		v.note(message.New(unseenFrame, shortAddress(w.url)))
		return nil
	}
	var list []document
	var add func(t *page.FrameTree)
	add = func(t *page.FrameTree) {
		if len(list) >= maxFrames {
			return
		}
		d := document{view: w, frame: t.Frame}
		if w.kind != "page" || t.Frame.ParentID != "" {
			d.where = shortAddress(t.Frame.URL)
		}
		list = append(list, d)
		for _, child := range t.ChildFrames {
			add(child)
		}
	}
	add(tree.FrameTree)
	return list
}

// read reads one document.
func (v *visit) read(ctx context.Context, d document) {
	within, cancel := context.WithTimeout(ctx, framePatience)
	defer cancel()
	made, err := cdp.Call(within, d.view.session, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: d.frame.ID, WorldName: world})
	if err != nil {
		v.note(message.New(unseenContent, shortAddress(d.frame.URL)))
		return
	}
	yes := true
	p := runtime.CallFunctionOnParams{FunctionDeclaration: collectJS, ExecutionContextID: made.ExecutionContextID, ReturnByValue: &yes, AwaitPromise: &yes, Silent: &yes}
	if d.frame.ParentID == "" {
		for _, root := range v.closedRoots(within, d, made.ExecutionContextID) {
			p.Arguments = append(p.Arguments, &runtime.CallArgument{ObjectID: root})
		}
	}
	got, err := cdp.Call(within, d.view.session, runtime.CallFunctionOn, p)
	var text string
	var h held
	if err == nil && got.Result != nil && json.Unmarshal(got.Result.Value, &text) == nil && json.Unmarshal([]byte(text), &h) == nil {
		v.tellHeld(h, d)
		v.listen(ctx, d, h, made.ExecutionContextID)
		return
	}
	v.note(message.New(unseenContent, shortAddress(d.frame.URL)))
}

// tellHeld puts what a document holds into the look.
func (v *visit) tellHeld(h held, d document) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, f := range h.Forms {
		form := Form{Action: shortAddress(f.Action), Method: f.Method, Frame: d.where, Hidden: f.Hidden}
		for _, x := range f.Fields {
			field := Field{Name: x.Name, ID: x.ID, Type: x.Type, Autocomplete: x.Autocomplete, Label: x.Label}
			field.Holds = holds(field)
			form.Fields = append(form.Fields, field)
		}
		v.look.Forms = append(v.look.Forms, form)
	}
	for _, e := range h.Scripts {
		e.frame = d.where
		v.elements = append(v.elements, e)
	}
	v.metaPolicy = v.metaPolicy || h.Policy && d.where == ""
	if h.Cut {
		v.miss(message.New(unseenRest, shortAddress(d.frame.URL)))
	}
	for area, keys := range map[string][]string{"local": h.Local, "session": h.Session, "indexeddb": h.Databases, "cache": h.Caches} {
		for _, key := range keys {
			v.addKey(StorageKey{Origin: d.frame.SecurityOrigin, Area: area, Key: key})
		}
	}
}

func (v *visit) addKey(k StorageKey) {
	if !slices.Contains(v.look.Storage, k) {
		v.look.Storage = append(v.look.Storage, k)
	}
}

// closedRoots are the shadow roots that scripts cannot see.
func (v *visit) closedRoots(ctx context.Context, d document, in runtime.ExecutionContextID) []runtime.RemoteObjectID {
	deep, pierce := int64(-1), true
	s := d.view.session
	count, err := cdp.Call(ctx, s, runtime.Evaluate, runtime.EvaluateParams{Expression: "document.getElementsByTagName('*').length", ContextID: in})
	if err != nil || count.Result == nil || len(count.Result.Value) > len("300000") {
		v.note(message.New(unseenShadow))
		return nil
	}
	got, err := cdp.Call(ctx, s, dom.GetDocument, dom.GetDocumentParams{Depth: &deep, Pierce: &pierce})
	if err != nil {
		return nil
	}
	var list []runtime.RemoteObjectID
	var walk func(n *cdp.Node)
	walk = func(n *cdp.Node) {
		for _, root := range n.ShadowRoots {
			if root.ShadowRootType == cdp.ShadowRootTypeClosed && len(list) < maxFrames {
				if r, err := cdp.Call(ctx, s, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: root.BackendNodeID, ExecutionContextID: in}); err == nil {
					list = append(list, r.Object.ObjectID)
				}
			}
			walk(root)
		}
		for _, child := range n.Children {
			walk(child)
		}
	}
	walk(got.Root)
	return list
}

// tellFrame puts a frame into the look, which is an element of the document around it.
func (v *visit) tellFrame(ctx context.Context, d, around document) {
	within, cancel := context.WithTimeout(ctx, framePatience)
	defer cancel()
	const read = `function () {
		const r = this.getBoundingClientRect();
		const off = r.width < 2 || r.height < 2 || r.right < 0 || r.bottom + scrollY < 0 || !this.checkVisibility({ opacityProperty: true, visibilityProperty: true });
		return JSON.stringify({ Hidden: off, Sandbox: this.getAttribute("sandbox") === null ? "" : this.getAttribute("sandbox") || "(all)" });
	}`
	f := Frame{URL: d.where, Parent: around.where}
	s := around.view.session
	owner, err := cdp.Call(within, s, dom.GetFrameOwner, dom.GetFrameOwnerParams{FrameID: d.frame.ID})
	if err == nil {
		err = v.callOn(within, around, owner.BackendNodeID, read, &f)
	}
	if err != nil {
		v.note(message.New(unseenHidden, d.where))
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.look.Frames = append(v.look.Frames, f)
}

// callOn calls a function of ours on an element of a document, in our own world, and reads the JSON that it gives.
func (v *visit) callOn(ctx context.Context, d document, id cdp.BackendNodeID, function string, into any) error {
	s := d.view.session
	made, err := cdp.Call(ctx, s, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: d.frame.ID, WorldName: world})
	if err != nil {
		return err
	}
	node, err := cdp.Call(ctx, s, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: id, ExecutionContextID: made.ExecutionContextID})
	if err != nil {
		return err
	}
	yes := true
	got, err := cdp.Call(ctx, s, runtime.CallFunctionOn, runtime.CallFunctionOnParams{FunctionDeclaration: function, ObjectID: node.Object.ObjectID, ReturnByValue: &yes, Silent: &yes})
	if err != nil {
		return err
	}
	var text string
	if err := json.Unmarshal(got.Result.Value, &text); err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), into)
}

// sign marks a function that runs in the page's own world, so that it is not taken for one of the page.
func (v *visit) sign(function string) string {
	return strings.Replace(function, "{", "{\n//# sourceURL="+v.ours+"\n", 1)
}

// readCookies reads the names of cookies, also of those that scripts cannot see.
func (v *visit) readCookies(ctx context.Context) {
	got, err := cdp.Call(ctx, v.browser.session(""), storage.GetCookies, storage.GetCookiesParams{BrowserContextID: v.who.id})
	if err != nil {
		v.note(message.New(unseenCookies))
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range got.Cookies {
		v.addKey(StorageKey{Origin: c.Domain, Area: "cookie", Key: c.Name})
	}
}

func (v *visit) note(what message.Message) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.miss(what)
}

var (
	cardWord     = regexp.MustCompile(`(?i)cc[-_]?(number|num|no|csc|cvc|cvv|exp|name)|card[-_ ]?(num|no\b|number|cvc|cvv|csc|exp|holder|name|code)|(^|[^a-z])(cvv2?|cvc2?|csc)([^a-z]|$)|credit[-_ ]?card|security[-_ ]?code|(^|[^a-z])exp(iry|iration)?[-_ ]?(date|month|year|mm|yy)|カード(番号|名義)|セキュリティ(ー)?コード|有効期限|クレジット`)
	passwordWord = regexp.MustCompile(`(?i)^(current|new)-password$`)
)

// holds says what a field is for, as far as that matters.
func holds(f Field) string {
	switch {
	case strings.EqualFold(f.Type, "password") && !cardWord.MatchString(f.Name+" "+f.ID+" "+f.Label+" "+f.Autocomplete), passwordWord.MatchString(f.Autocomplete):
		return "password"
	case slices.Contains([]string{"hidden", "submit", "button", "image", "reset", "checkbox", "radio", "file", "color", "range"}, strings.ToLower(f.Type)):
		return ""
	case strings.HasPrefix(strings.ToLower(f.Autocomplete), "cc-"), cardWord.MatchString(f.Name), cardWord.MatchString(f.ID), cardWord.MatchString(f.Label):
		return "card"
	}
	return ""
}
