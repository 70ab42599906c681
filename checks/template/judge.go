package template

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"

	"sotomi/checks/template/match"
	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// judge matches the block against a response, from the final one back through its redirects. done says that the block
// ends with it.
func (v *run) judge(ctx context.Context, r *blockRun, number int, bt *preparedRequest, ex *web.Exchange) (done bool, err error) {
	for hop := ex; hop != nil; hop = hop.Previous {
		seen := hop
		if hop != ex {
			seen = withoutBody(hop)
		}
		data := r.data(number, bt, seen)
		result, err := r.block.program.Run(ctx, data)
		if err != nil {
			return true, unjudged(hop, err)
		}
		v.cut = v.cut || result.Cut
		r.note(number, seen, &result)
		if result.Matched {
			v.matched[r.block.number] = true
		}
		v.hide(result.Dynamic)
		v.export(r.block, seen)
		names, hit := found(r.block, &result)
		if !hit {
			done = r.block.stopAtFirst && result.Matched
			continue
		}
		names, dropped, err := v.suppress(ctx, r, number, hop, names, &result)
		if err != nil {
			return true, err
		}
		if dropped {
			continue
		}
		secrets, err := v.secrets(ctx, r.block.program, data, &result)
		if err != nil {
			return true, unjudged(hop, err)
		}
		v.report(hop, names, &result, secrets)
		if r.block.stopAtFirst {
			return result.Matched, nil
		}
	}
	return done, nil
}

// unjudged is the end of a check that could not judge a response.
func unjudged(ex *web.Exchange, err error) error {
	if errors.Is(err, match.ErrTooCostly) {
		return scanner.Undetermined("the response of %s takes too long to judge", shownAddress(ex.URL))
	}
	return err
}

// withoutBody is a redirect as the reference engine sees it: the body of one that was followed is not kept.
func withoutBody(ex *web.Exchange) *web.Exchange {
	return &web.Exchange{
		Request: ex.Request, Sent: ex.Sent, URL: ex.URL, Status: ex.Status, StatusLine: ex.StatusLine, Proto: ex.Proto, Header: ex.Header,
		Started: ex.Started, Took: ex.Took, FirstByte: ex.FirstByte, Remote: ex.Remote, TLS: ex.TLS, Previous: ex.Previous,
	}
}

// data is what the block judges the response to its request number on.
func (r *blockRun) data(number int, bt *preparedRequest, ex *web.Exchange) *match.Data {
	r.seen = match.Data{Exchange: ex, Vars: r.block.withOwn(bt.vars, ex)}
	if r.looksBack() {
		r.seen.Earlier = before(r.answers, number)
	}
	return &r.seen
}

// looksBack reports whether responses are judged together with those to earlier requests of the block.
func (r *blockRun) looksBack() bool { return r.block.earlier && !r.block.independent }

// withOwn adds the parts of the block's own response under the names that later blocks have for them, if any use them.
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

// before are the responses to the requests before number, nil where there is none.
func before(answers []*web.Exchange, number int) []*web.Exchange {
	if len(answers) >= number-1 {
		return answers[:number-1]
	}
	return append(slices.Clone(answers), make([]*web.Exchange, number-1-len(answers))...)
}

// withAnswer is a copy of answers with ex as the response to request number.
func withAnswer(answers []*web.Exchange, number int, ex *web.Exchange) []*web.Exchange {
	list := make([]*web.Exchange, max(len(answers), number))
	copy(list, answers)
	list[number-1] = ex
	return list
}

// note remembers what later requests and a flow need to know of a response.
func (r *blockRun) note(number int, ex *web.Exchange, result *match.Result) {
	if r.looksBack() {
		r.answers = withAnswer(r.answers, number, ex)
	}
	told := result.Matched || len(result.Extracted) > 0 || len(result.Dynamic) > 0
	r.ok = r.ok || result.Matched || !r.block.judges && (told || !r.block.extracts)
	if len(result.Extracted) > 0 || r.block.independent {
		return // as in the reference engine, a response that gives values to report gives none to later requests
	}
	for name, value := range result.Dynamic {
		if r.taken == nil {
			r.taken = map[string][]string{}
		}
		newest := slices.DeleteFunc(valuesOf(value), func(text string) bool { return text == "" }) // as JSON says that there is none
		if len(newest) > 0 {
			r.taken[name] = mergeValues(newest, r.taken[name])
		}
	}
}

// mergeValues puts the newest values first, without repeats, up to the number that one response may give.
func mergeValues(newest, older []string) []string {
	for _, v := range older {
		if len(newest) < match.MaxValues && !slices.Contains(newest, v) {
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

// found is what there is to report: the names of matchers, one hit each, or, without names, one hit.
func found(b *block, result *match.Result) (names []string, hit bool) {
	if !b.program.Found(*result) {
		return nil, false
	}
	if b.variant != "" {
		return []string{b.variant}, true
	}
	return slices.Compact(slices.Sorted(slices.Values(result.Names))), true
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
