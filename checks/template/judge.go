package template

import (
	"context"
	"maps"
	"net/url"
	"slices"

	"sotomi/checks/template/match"
	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// judge holds one answer against the block: the last hop first, then those whose redirects led there.
func (v *run) judge(ctx context.Context, r *blockRun, number int, bt *preparedRequest, ex *web.Exchange) error {
	for hop := ex; hop != nil; hop = hop.Previous {
		seen := hop
		if hop != ex {
			seen = withoutBody(hop)
		}
		data := r.data(number, bt, seen)
		result := r.block.program.Run(data)
		r.note(number, seen, &result)
		v.hide(result.Dynamic)
		v.export(r.block, seen)
		names, hit := found(r.block, &result)
		if !hit {
			continue
		}
		names, suppressed, err := v.suppress(ctx, r, number, names, &result)
		if err != nil {
			return err
		}
		if !suppressed {
			v.report(hop, names, &result, v.secrets(r.block.program, data, &result))
		}
		if r.block.stopAtFirst {
			return nil
		}
	}
	return nil
}

// withoutBody is a redirect answer as the reference engine sees it: the body of a redirect that was followed is not kept.
func withoutBody(ex *web.Exchange) *web.Exchange {
	return &web.Exchange{
		Request: ex.Request, Sent: ex.Sent, URL: ex.URL, Status: ex.Status, StatusLine: ex.StatusLine, Proto: ex.Proto, Header: ex.Header,
		Started: ex.Started, Took: ex.Took, FirstByte: ex.FirstByte, Remote: ex.Remote, TLS: ex.TLS, Previous: ex.Previous,
	}
}

// data is what the block judges the answer to its request number on.
func (r *blockRun) data(number int, bt *preparedRequest, ex *web.Exchange) *match.Data {
	r.seen = match.Data{Exchange: ex, Vars: r.block.withOwn(bt.vars, ex)}
	if r.block.earlier && !r.block.independent {
		r.seen.Earlier = before(r.answers, number)
	}
	return &r.seen
}

// withOwn adds the parts of the block's own answer by the names that later blocks have for them, where any are used.
func (b *block) withOwn(vars func() match.Vars, ex *web.Exchange) func() match.Vars {
	if !b.exported {
		return vars
	}
	return func() match.Vars {
		all := maps.Clone(vars())
		for name, value := range match.Parts(ex) {
			all[b.prefix()+name] = value
		}
		return all
	}
}

// before are the answers to the requests before number, nil where there is none.
func before(answers []*web.Exchange, number int) []*web.Exchange {
	if len(answers) >= number-1 {
		return answers[:number-1]
	}
	return append(slices.Clone(answers), make([]*web.Exchange, number-1-len(answers))...)
}

// withAnswer is a copy of answers with ex as that to request number.
func withAnswer(answers []*web.Exchange, number int, ex *web.Exchange) []*web.Exchange {
	list := make([]*web.Exchange, max(len(answers), number))
	copy(list, answers)
	list[number-1] = ex
	return list
}

// note remembers what later requests and a flow want to know of an answer.
func (r *blockRun) note(number int, ex *web.Exchange, result *match.Result) {
	if r.block.earlier && !r.block.independent {
		r.answers = withAnswer(r.answers, number, ex)
	}
	told := result.Matched || len(result.Extracted) > 0 || len(result.Dynamic) > 0
	r.matched = result.Matched
	r.ok = r.ok || result.Matched || !r.block.judges && (told || !r.block.extracts)
	if len(result.Extracted) > 0 || r.block.independent {
		return // values for later requests are lost where the same answer gives values to report
	}
	for name, value := range result.Dynamic {
		if r.taken == nil {
			r.taken = map[string][]string{}
		}
		r.taken[name] = mergeValues(valuesOf(value), r.taken[name])
	}
}

// mergeValues puts the newest values first, without repeats.
func mergeValues(newest, older []string) []string {
	for _, v := range older {
		if !slices.Contains(newest, v) {
			newest = append(newest, v)
		}
	}
	return newest
}

// valuesOf is what an internal extractor took, as a list.
func valuesOf(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []string:
		return slices.Clone(value)
	}
	return nil
}

// found is what a result comes to: the names of matchers to report one by one, or one hit without a name.
func found(b *block, result *match.Result) (names []string, hit bool) {
	if !b.program.Found(*result) {
		return nil, false
	}
	return slices.Compact(slices.Sorted(slices.Values(result.Names))), true
}

// suppress drops what the site says about things that cannot exist as well. It asks for these only after a match.
func (v *run) suppress(ctx context.Context, r *blockRun, number int, names []string, result *match.Result) (left []string, all bool, err error) {
	about := []int{number}
	if r.block.earlier && !r.block.independent {
		about = about[:0]
		for i, bt := range r.sent {
			if bt != nil {
				about = append(about, i+1)
			}
		}
	}
	controls := slices.Clone(r.answers)
	var last *web.Exchange
	for _, n := range about {
		if !r.controlled(n) {
			return names, false, nil
		}
		ex, err := v.control(ctx, r, n)
		if err != nil {
			return names, false, ctx.Err()
		}
		if n <= len(controls) {
			controls[n-1] = ex
		}
		if n == number {
			last = ex
		}
	}
	same := v.alike(r, number, last, controls)
	left = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return same.names[name] })
	switch {
	case len(names) > 0:
		all = len(left) == 0
	case r.block.judges:
		all = same.matched
	default:
		all = !slices.ContainsFunc(result.Extracted, func(value string) bool { return !same.extracted[value] })
	}
	if all || len(left) < len(names) {
		v.probe.Suppress("the site answers like that to names that cannot exist")
	}
	return left, all, nil
}

// controlled reports whether there is a control for a request: not for the target's own page, nor for names made up on
// purpose, nor for a block that asks for an error page.
func (r *blockRun) controlled(number int) bool {
	bt := r.sent[number-1]
	return bt != nil && !bt.own && !r.block.expectsError
}

func (v *run) control(ctx context.Context, r *blockRun, number int) (*web.Exchange, error) {
	req := r.sent[number-1].request
	key := req.Key()
	if ex, ok := r.control[key]; ok {
		return ex, nil
	}
	ex, err := v.probe.Control(ctx, req)
	if err == nil {
		if r.control == nil {
			r.control = map[string]*web.Exchange{}
		}
		r.control[key] = ex
	}
	return ex, err
}

// likeness is what a block finds in a control.
type likeness struct {
	matched          bool
	names, extracted map[string]bool
}

func (v *run) alike(r *blockRun, number int, control *web.Exchange, controls []*web.Exchange) likeness {
	same := likeness{names: map[string]bool{}, extracted: map[string]bool{}}
	for hop := control; hop != nil; hop = hop.Previous {
		seen := hop
		if hop != control {
			seen = withoutBody(hop)
		}
		data := &match.Data{Exchange: seen, Vars: r.block.withOwn(r.sent[number-1].vars, seen)}
		if r.block.earlier && !r.block.independent {
			data.Earlier = before(controls, number)
		}
		result := r.block.program.Run(data)
		names, hit := found(r.block, &result)
		same.matched = same.matched || hit
		for _, name := range names {
			same.names[name] = true
		}
		for _, value := range result.Extracted {
			same.extracted[value] = true
		}
	}
	return same
}

// report makes hits: one for each name, or one. A name that is also a variant gives the hit its words and severity.
func (v *run) report(ex *web.Exchange, names []string, result *match.Result, secrets evidence.Secrets) {
	if len(names) == 0 {
		names = []string{""}
	}
	values := v.reportValues(result, secrets)
	evidence := []evidence.Evidence{secrets.Evidence(ex, message.Message{}, slices.Concat(result.Seen, result.Extracted)...)}
	address := secrets.Hide(shownAddress(ex.URL))
	for _, name := range names {
		hit := scanner.Hit{URL: address, Certainty: v.check.certainty, Matcher: name, Values: values, Evidence: evidence}
		if _, ok := v.probe.Signature.Variants[name]; ok {
			hit.Variant = name
		}
		at := slices.IndexFunc(v.hits, func(h scanner.Hit) bool { return h.URL == hit.URL && h.Matcher == name })
		if at < 0 {
			v.hits = append(v.hits, hit)
		} else {
			v.hits[at].Values = withValuesOf(v.hits[at].Values, values)
		}
	}
}

// shownAddress is an address with the path that was asked for.
func shownAddress(u *url.URL) string {
	if u.Path == "" {
		withRoot := *u
		withRoot.Path = "/"
		u = &withRoot
	}
	return u.String()
}
