package ssi

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// maxPoints is the most places of one target that are probed, each with at most five requests.
const maxPoints = 24

// NewInjection is the check "ssi-injection": does the server evaluate Server Side Includes that a visitor sends?
//
// The proof is a computed date inside random tokens, asked for with directives that read nothing, run nothing and write
// no log line (config timefmt and echo of the date). It is repeated with new tokens and held against a comment of the
// same shape that is no directive and must come back as it was sent. Nothing is posted and nothing is stored.
func NewInjection(s *signature.Signature) (scanner.Check, error) {
	if err := s.With.Decode(&struct{}{}); err != nil {
		return nil, err
	}
	return injection{}, nil
}

type injection struct{}

func (injection) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	pages, err := p.Crawl(ctx)
	if err != nil {
		return nil, err
	}
	random := p.Rand()
	points := injectionPoints(p.Target.URL, pages, scanner.Token(random, 6))
	visitor := p.Session()
	var hits []scanner.Hit
	var blocked []string
	reflected, probed := 0, 0
	for _, point := range points[:min(len(points), maxPoints)] {
		verdict, err := tryPoint(ctx, visitor, point, random)
		if err != nil {
			return hits, err
		}
		probed++
		switch verdict.Answer {
		case ssiEvaluated:
			hits = append(hits, hitOf(point, verdict))
		case ssiBlocked:
			blocked = append(blocked, point.Where)
		case ssiPlain:
			reflected++
		case ssiAbsent, ssiCut:
		}
	}
	if len(hits) == 0 && len(blocked) > 0 {
		return nil, scanner.Blocked("a filter refuses the probe at %s, so whether the server evaluates it is not determined", listed(blocked))
	}
	p.Explain("%s", message.Join("; ", append(
		[]message.Message{message.New("%d places probed, %d of them send visitors' text back unchanged, none evaluates it", probed, reflected)},
		notTried(p.Target.URL, pages, len(points)-probed)...,
	)...))
	return hits, nil
}

// notTried says which places were left out: forms that post, and those beyond the limit.
func notTried(base *url.URL, pages []*web.Page, more int) []message.Message {
	var posts []string
	for _, page := range pages {
		for i := range page.Forms {
			f := &page.Forms[i]
			if f.Method != http.MethodGet && f.Action != nil && web.OnSite(base, f.Action) && !slices.Contains(posts, f.Action.EscapedPath()) {
				posts = append(posts, f.Action.EscapedPath())
			}
		}
	}
	var list []message.Message
	if len(posts) > 0 {
		list = append(list, message.New("forms that post were not tried: %s", listed(posts)))
	}
	if more > 0 {
		list = append(list, message.New("%d more places were not tried", more))
	}
	return list
}

func hitOf(point injectionPoint, v verdict) scanner.Hit {
	hit := scanner.Hit{
		URL:       v.Proof[0].URL.String(),
		Certainty: scanner.Confirmed,
		Values:    scanner.Values{"point": point.Where, "exec": "not tested"},
	}
	notes := []message.Message{
		message.New("The answer holds the date between our random tokens: the server computed it."),
		message.New("The same again with new tokens."),
		message.New("Control: a comment of the same shape that is no directive comes back as sent."),
	}
	for i, ex := range v.Proof {
		hit.Evidence = append(hit.Evidence, evidence.New(ex, notes[i], v.Shown[i]))
	}
	return hit
}

// tryPoint sends at most five requests: canary, a shorter one where that is cut, proof, proof again, control. Where a canary is
// refused it sends an ordinary word, which a place that refuses all text refuses too.
func tryPoint(ctx context.Context, visitor *web.Session, point injectionPoint, random *rand.Rand) (verdict, error) {
	send := func(text string) (*web.Exchange, error) {
		r := point.Request(text)
		if r.Header == nil {
			r.Header = http.Header{}
		}
		r.Header.Set("Accept-Encoding", "identity") // nginx evaluates nothing in an answer that comes compressed
		r.Redirects, r.MaxRedirects = web.RedirectsHost, 3
		ex, err := visitor.Do(ctx, r)
		if web.KindOf(err) == web.KindClosed || web.KindOf(err) == web.KindProtocol {
			return nil, nil // this place does not answer to such text; a dead host ends the scan elsewhere
		}
		return ex, err
	}
	for _, short := range []bool{false, true} {
		first := newProbe(random)
		canary, err := send(first.Canary(short))
		if err != nil {
			return verdict{}, err
		}
		quoting, answer := judgeCanary(first, short, canary, point.Baseline)
		switch answer {
		case ssiPlain:
			return prove(send, first, form{quoting, short}, canary, random)
		case ssiCut:
		case ssiBlocked:
			word, err := send(scanner.Token(random, 6))
			if err != nil {
				return verdict{}, err
			}
			if word != nil && refused(word.Status) {
				answer = ssiAbsent
			}
			return verdict{Answer: answer}, nil
		case ssiAbsent, ssiEvaluated:
			return verdict{Answer: answer}, nil
		}
	}
	return verdict{Answer: ssiCut}, nil
}

// prove sends the directive, again with new tokens, and its control.
func prove(send func(string) (*web.Exchange, error), first probe, f form, canary *web.Exchange, random *rand.Rand) (verdict, error) {
	proof, err := send(first.Directive(f))
	if err != nil {
		return verdict{}, err
	}
	if answer := judgeProof(first, f.short, proof, canary); answer != ssiEvaluated {
		return verdict{Answer: answer}, nil
	}
	second := newProbe(random)
	again, err := send(second.Directive(f))
	if err != nil {
		return verdict{}, err
	}
	third := newProbe(random)
	control, err := send(third.Control(f))
	if err != nil {
		return verdict{}, err
	}
	if judgeProof(second, f.short, again, canary) != ssiEvaluated || !third.verbatim(control, third.Control(f)) {
		return verdict{Answer: ssiPlain}, nil
	}
	shown := []string{first.T[0] + first.T[1], second.T[0] + second.T[1], third.T[0] + "<!--zq"}
	if f.short {
		shown[0], shown[1] = first.T[0], second.T[0]
	}
	return verdict{Answer: ssiEvaluated, Proof: []*web.Exchange{proof, again, control}, Shown: shown}, nil
}

// listed is up to two of the names and how many more there are.
func listed(names []string) message.Message {
	switch len(names) {
	case 0:
		return message.Message{}
	case 1:
		return message.Message{Format: names[0]}
	case 2:
		return message.New("%s and %s", names[0], names[1])
	}
	return message.New("%s, %s and %d more places", names[0], names[1], len(names)-2)
}
