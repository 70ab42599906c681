package template

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"sotomi/checks/template/match"
	"sotomi/scanner"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// Nearly all requests of public templates ask every site for the same thing: nothing in them depends on the target but the
// scheme and the host they go to. Such a request is filled in once, not once a target.

// maxConstant is how many requests of one block are looked at; those behind them are filled in for each target.
const maxConstant = 2048

// constantRequest is a request without scheme and host. There are thousands of them in memory, which mostly differ in the
// path.
type constantRequest struct {
	path, query string
	rest        *web.Request // the request without them; its URL is nil when nothing else is in it
	own         bool         // as in preparedRequest
	marked      bool         // the header holds marks for the target, as in Referer: {{BaseURL}}/
}

// noOptions is the rest of most requests.
var noOptions = &web.Request{}

// newConstant takes path and query out of r. The rest is shared with the request before when it is equal.
func newConstant(r *web.Request, own, marked bool, before *constantRequest) *constantRequest {
	rest, u := *r, *r.URL
	p := &constantRequest{path: u.Path, query: u.RawQuery, own: own, marked: marked}
	u.Path, u.RawQuery = "", ""
	if rest.URL = nil; u != (url.URL{}) {
		rest.URL = &u
	}
	switch {
	case reflect.DeepEqual(&rest, noOptions):
		p.rest = noOptions
	case before != nil && reflect.DeepEqual(&rest, before.rest):
		p.rest = before.rest
	default:
		p.rest = &rest
	}
	return p
}

// marks stand for the target in headers: its root, its host with the port, its host alone.
const (
	rootMark = "\x01r"
	hostMark = "\x01h"
	nameMark = "\x01n"
)

// filledIn is what is known of a constant request to one target besides the request, which may be kept with its response.
type filledIn struct {
	preparedRequest
	run      *run
	block    *block
	template requestTemplate
}

// at is the request to the target of a run, which is the root of a host.
func (p *constantRequest) at(v *run, b *block, d requestTemplate) *preparedRequest {
	target := v.probe.Target.URL
	r := &struct {
		web.Request
		url url.URL
	}{Request: *p.rest}
	if p.rest.URL != nil {
		r.url = *p.rest.URL
	}
	r.url.Scheme, r.url.Host, r.url.Path, r.url.RawQuery = target.Scheme, target.Host, p.path, p.query
	r.URL = &r.url
	if p.marked {
		r.Header = withValuesChanged(r.Header, func(value string) string {
			value = strings.ReplaceAll(value, rootMark, target.Scheme+"://"+target.Host)
			return strings.ReplaceAll(strings.ReplaceAll(value, hostMark, target.Host), nameMark, target.Hostname())
		})
	}
	f := &filledIn{run: v, block: b, template: d}
	f.preparedRequest = preparedRequest{request: &r.Request, vars: f.names, own: p.own}
	return &f.preparedRequest
}

// names are the variables for the matchers, which are seldom needed.
func (f *filledIn) names() match.Vars {
	vars, _ := f.run.namesFor(f.block, f.template, nil) // an error would have kept the request from being constant
	return vars
}

// withValuesChanged is a copy of a header with change applied to each value.
func withValuesChanged(header http.Header, change func(string) string) http.Header {
	made := make(http.Header, len(header))
	for name, values := range header {
		made[name] = values
		for i, value := range values {
			if text := change(value); text != value {
				made[name] = slices.Clone(made[name])
				made[name][i] = text
			}
		}
	}
	return made
}

// mark replaces the target in the headers of a request by marks, and takes scheme and host out of its address.
func mark(r *web.Request, target *url.URL) (marked bool) {
	r.URL.Scheme, r.URL.Host = "", ""
	if len(r.Header) == 0 {
		return false
	}
	with := strings.NewReplacer(target.Scheme+"://"+target.Host, rootMark, target.Host, hostMark, target.Hostname(), nameMark)
	before := r.Header
	r.Header = withValuesChanged(before, with.Replace)
	return !reflect.DeepEqual(before, r.Header)
}

// constant is the request when it is constant, nil when it is not or when the run knows more than the target.
func (v *run) constant(b *block, d requestTemplate) *constantRequest {
	if len(v.known) > 0 || v.check.usesRandom || !isRoot(v.probe.Target.URL) || d.index >= maxConstant {
		return nil
	}
	if list := b.constants(); d.index < len(list) {
		return list[d.index]
	}
	return nil
}

func isRoot(u *url.URL) bool {
	return (u.Path == "/" || u.Path == "") && u.RawPath == "" && u.RawQuery == ""
}

// constantRequests are the block's requests by index, nil for those that are not constant. To find out, each is filled in
// for two targets that have nothing in common.
func (c *check) constantRequests(b *block) []*constantRequest {
	one := &url.URL{Scheme: "http", Host: "a.sotomi-one.invalid:61234", Path: "/"}
	other := &url.URL{Scheme: "https", Host: "b.sotomi-two.test:61235", Path: "/"}
	runs := [2]*run{}
	for i, u := range []*url.URL{one, other} {
		runs[i] = c.newRun(&scanner.Probe{Target: target.Target{URL: u}}, true)
		runs[i].filling = true
	}
	if runs[0].mistake != nil || runs[1].mistake != nil {
		return nil
	}
	var list []*constantRequest
	var last *constantRequest
	size := 0
	for d := range b.templates() {
		if d.index >= maxConstant || size > maxPlanned {
			break
		}
		var made [2]*preparedRequest
		marked := false
		for i, v := range runs {
			bt, err := v.build(b, d, nil)
			if err != nil || bt.request.URL.Scheme != v.probe.Target.URL.Scheme || bt.request.URL.Host != v.probe.Target.URL.Host {
				break
			}
			marked = mark(bt.request, v.probe.Target.URL)
			made[i] = bt
			size += sizeOf(bt.request)
		}
		var p *constantRequest
		if made[1] != nil && made[0].own == made[1].own && reflect.DeepEqual(made[0].request, made[1].request) {
			p = newConstant(made[0].request, made[0].own, marked, last)
			last = p
		}
		list = append(list, p)
	}
	return list
}
