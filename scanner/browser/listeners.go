package browser

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/domdebugger"
	"github.com/chromedp/cdproto/runtime"

	"sotomi/scanner/message"
)

// typed are the events that tell what a visitor types, or that it is sent.
var typed = []string{
	"keydown", "keypress", "keyup", "beforeinput", "input", "textInput", "change", "blur", "focusout", "paste", "compositionend", "submit", "formdata",
}

const maxListened = 40 // fields of a document whose listeners are looked for

// listen finds who is told what is typed into the fields of a document for card data and passwords.
func (v *visit) listen(ctx context.Context, d document, h held, in runtime.ExecutionContextID) {
	ctx, cancel := context.WithTimeout(ctx, framePatience)
	defer cancel()
	count := 0
	for i, form := range h.Forms {
		var first *Field
		for _, x := range form.Fields {
			f := Field{Name: x.Name, ID: x.ID, Type: x.Type, Autocomplete: x.Autocomplete, Label: x.Label}
			if f.Holds = holds(f); f.Holds == "" {
				continue
			}
			if count++; count > maxListened {
				v.note(message.New(unseenFields, shortAddress(d.frame.URL)))
				return
			}
			v.listeners(ctx, d, in, f, "field", fmt.Sprintf("sotomiFields[%d]", x.Index))
			if first == nil {
				first = &f
			}
		}
		if first == nil {
			continue
		}
		if form.Action != "" {
			v.listeners(ctx, d, in, *first, "form", fmt.Sprintf("sotomiForms[%d]", i))
		}
		v.listeners(ctx, d, in, *first, "document", "document")
		v.listeners(ctx, d, in, *first, "window", "window")
	}
}

// listeners finds the listeners of one object, which an expression gives in our own world.
func (v *visit) listeners(ctx context.Context, d document, in runtime.ExecutionContextID, f Field, on, expression string) {
	s := d.view.session
	id, err := v.inPage(ctx, d, in, expression)
	if err != nil {
		v.note(message.New(unseenListeners, shortAddress(d.frame.URL)))
		return
	}
	got, err := cdp.Call(ctx, s, domdebugger.GetEventListeners, domdebugger.GetEventListenersParams{ObjectID: id})
	if err != nil {
		v.note(message.New(unseenListeners, shortAddress(d.frame.URL)))
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, l := range got.Listeners {
		if !slices.Contains(typed, l.Type) {
			continue
		}
		x := heard{Listener: Listener{Field: f, On: on, Event: l.Type}, script: -1}
		if i, ok := v.scripts[scriptID{s.id, l.ScriptID}]; ok {
			x.script = i
		}
		if !slices.Contains(v.heard, x) {
			v.heard = append(v.heard, x)
		}
	}
}

// heard is a listener and its script.
type heard struct {
	Listener
	script int // in parsed, -1 when it is not known
}

// tellListeners puts the listeners into the look; the scripts are there by now.
func (v *visit) tellListeners() {
	for _, x := range v.heard {
		if x.script >= 0 {
			s := v.parsed[x.script]
			if x.Script = s.URL; x.Script == "" {
				x.SHA384 = s.SHA384
			}
		}
		if !slices.Contains(v.look.Listeners, x.Listener) {
			v.look.Listeners = append(v.look.Listeners, x.Listener)
		}
	}
}

// inPage is an object in the page's own world, whose listeners are the page's.
func (v *visit) inPage(ctx context.Context, d document, in runtime.ExecutionContextID, expression string) (runtime.RemoteObjectID, error) {
	s := d.view.session
	node := expression
	if expression == "window" {
		node = "document"
	}
	got, err := cdp.Call(ctx, s, runtime.Evaluate, runtime.EvaluateParams{Expression: node, ContextID: in})
	if err != nil {
		return "", err
	}
	described, err := cdp.Call(ctx, s, dom.DescribeNode, dom.DescribeNodeParams{ObjectID: got.Result.ObjectID})
	if err != nil {
		return "", err
	}
	resolved, err := cdp.Call(ctx, s, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: described.Node.BackendNodeID})
	if err != nil {
		return "", err
	}
	if expression != "window" {
		return resolved.Object.ObjectID, nil
	}
	w, err := cdp.Call(ctx, s, runtime.CallFunctionOn, runtime.CallFunctionOnParams{FunctionDeclaration: v.sign("function () { return this.defaultView }"), ObjectID: resolved.Object.ObjectID})
	if err != nil || w.Result == nil || w.ExceptionDetails != nil {
		return "", errors.Join(errors.New("the document has no window"), err)
	}
	return w.Result.ObjectID, nil
}

// tellElements says of each script what its element says, and adds those that the page names but that did not run.
func (v *visit) tellElements() {
	for _, e := range v.elements {
		found := false
		for i := range v.look.Scripts {
			s := &v.look.Scripts[i]
			if s.Frame != e.frame || e.URL != "" && s.URL != shortAddress(e.URL) || e.URL == "" && (v.parsed[i].mark != e.Mark || s.URL != "") {
				continue
			}
			found = true
			s.Integrity, s.Nonce = e.Integrity, s.Nonce || e.Nonce
		}
		if found || e.URL == "" || !runs(e.Type) || isLocal(e.URL) || len(v.look.Scripts) >= 2*maxScripts {
			continue
		}
		v.named = append(v.named, Script{URL: shortAddress(e.URL), Kind: "file", Frame: e.frame, Integrity: e.Integrity, Nonce: e.Nonce})
	}
	v.look.Scripts = append(v.look.Scripts, v.named...)
}

// runs reports whether a script of that type is one for browsers.
func runs(kind string) bool {
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "" || kind == "module" || strings.Contains(kind, "javascript") || strings.Contains(kind, "ecmascript")
}
