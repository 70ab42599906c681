package engine

import (
	"net/http"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// homePage is a site's own page as it was first.
type homePage struct {
	request *web.Request
	shape   pageShape
	filter  string // the product that gave it in place of the site; "" for none
	text    []byte // for comparing words
}

func newHomePage(ex *web.Exchange) *homePage {
	return &homePage{
		request: &web.Request{Method: http.MethodGet, URL: ex.URL, NoCookies: true},
		shape:   pageShapeOf(ex), filter: filterOf(ex), text: unchanging(ex.Body, wordBytes),
	}
}

// open reports whether the page could be seen, so that it can be told when it no longer can.
func (p *homePage) open() bool { return p.shape.status < 400 && p.filter == "" }

// tells reports whether it is a page to read: what leads away or asks for a log-in is told by the steps that met it.
func (p *homePage) tells() bool {
	return p.shape.status/100 != 3 && p.shape.status != http.StatusUnauthorized && p.shape.status != http.StatusProxyAuthRequired
}

// is reports whether an answer shows the page, which may have changed a little.
func (p *homePage) is(ex *web.Exchange) bool {
	const littleInCommon = 0.2 // pages that are made anew each time share their menus; a filter's page does not have them
	return ex.Status == p.shape.status &&
		(pageShapeOf(ex) == p.shape || likeness(p.text, unchanging(ex.Body, wordBytes)) > littleInCommon)
}

// same reports whether an answer is the page but for numbers and a few words.
func (p *homePage) same(ex *web.Exchange) bool {
	const nearlyAll = 0.9
	return ex.Status == p.shape.status && (pageShapeOf(ex) == p.shape || likeness(p.text, unchanging(ex.Body, wordBytes)) > nearlyAll)
}

// witnesses are addresses of a site whose answers are known. Asked again, they show whether it answers as it did.
type witnesses struct {
	home   *homePage
	there  *web.Request   // another page, answered 200; nil when there was none
	absent *web.Request   // answered 404; nil when there was none
	faulty []*web.Request // answered 5xx; the first few
	closed []*web.Request // answered 403 or 406; the first few
}

// add keeps the address of an answer that may be needed.
func (w *witnesses) add(ex *web.Exchange) {
	const few = 3
	there, absent := ex.Status == http.StatusOK && w.there == nil, ex.Status == http.StatusNotFound && w.absent == nil
	faulty, closed := ex.Status >= 500 && len(w.faulty) < few, closes(ex.Status) && len(w.closed) < few
	if filterOf(ex) != "" {
		return
	}
	if !there && !absent && !faulty && !closed || w.home == nil || !w.repeatable(ex.Request) {
		return
	}
	again := &web.Request{Method: http.MethodGet, URL: ex.Request.URL, NoCookies: true}
	switch {
	case there:
		w.there = again
	case absent:
		w.absent = again
	case faulty:
		w.faulty = append(w.faulty, again)
	case closed:
		w.closed = append(w.closed, again)
	}
}

// repeatable reports whether a request asks for another page of the site and for nothing else.
func (w *witnesses) repeatable(r *web.Request) bool {
	home := w.home.request.URL
	return r != nil && (r.Method == "" || r.Method == http.MethodGet) && len(r.Header)+len(r.Body) == 0 && r.Host+r.Target == "" &&
		r.URL.Scheme == home.Scheme && r.URL.Host == home.Host && r.URL.Path != home.Path && !web.ChangesState(r.URL)
}

// question is what is asked of a site to find out whether it is still itself.
type question func(ask sender) verdict

// sender sends one request to the site; nil asks for the site's own page.
type sender func(*web.Request) (*web.Exchange, error)

// verdict is what the answers to a question mean.
type verdict struct {
	end     *scanner.StatusError // nil when the site goes on
	from    int                  // with end: the first answer that is not to be believed; 0 when all are
	trusted int                  // the site was itself up to this answer; 0 when that is not known
	erratic bool                 // its errors come and go
	fickle  bool                 // its refusals come and go

	everywhere bool // the site's own page is what every address is answered with
}

// isGone asks whether a site that gives connection errors still answers.
func (h *health) isGone() question {
	return func(ask sender) verdict {
		_, err := ask(nil)
		return gone(err, 0)
	}
}

// gone is what a failure of a question means: answers from the given one on are not to be believed.
func gone(err error, from int) verdict {
	switch web.KindOf(err) {
	case web.KindUnreachable, web.KindTimeout, web.KindClosed, web.KindTLS, web.KindProtocol:
		return verdict{end: scanner.End(scanner.StatusUnreachable, "the host stopped answering (%s)", reasonOf(err)), from: from}
	case web.KindThrottled:
		return verdict{end: tooManyRequests(err), from: from}
	case web.KindCanceled, web.KindScope:
	}
	return verdict{}
}

// refused reports an answer that a filter gives, or one that may be.
func refused(ex *web.Exchange) bool { return refusal(ex.Status) || filterOf(ex) != "" }

// refusesUs asks whether a filter has had enough of us. It has when what was open is refused now: the site's own page,
// another one, or an address that used to be merely not there. If the own page was refused from the start, only a site
// that answered nothing else, and always with the same page, is said to block: others may well have a closed front page.
func (h *health) refusesUs(order int) question {
	row, w, other := h.refusals, h.witnesses, h.other
	return func(ask sender) verdict {
		now, err := ask(nil)
		wasOpen := w.home != nil && w.home.open()
		switch {
		case err != nil && wasOpen && web.KindOf(err) == web.KindClosed:
			return verdict{end: scanner.End(scanner.StatusBlocked, "after %d refusals the site closes connections", row.n), from: row.start}
		case err != nil:
			return gone(err, row.start)
		case wasOpen && refused(now):
			return verdict{end: w.homeRefused(now), from: row.start}
		case !wasOpen && !other && row.alike && refused(now):
			return verdict{end: byName(now, everythingIsAnswered(now.Status)), from: 1}
		}
		if end, _ := w.thereIsGone(ask, 1); end != nil {
			return verdict{end: end, from: row.start}
		}
		if now, err := askIf(ask, w.absent); err == nil && now != nil && refused(now) {
			return verdict{end: nowAnswered(now), from: row.start}
		}
		if wasOpen && w.home.is(now) {
			return verdict{trusted: order}
		}
		return verdict{}
	}
}

// byName is how a site ends that gave a known filter's page, else as said.
func byName(now *web.Exchange, end *scanner.StatusError) *scanner.StatusError {
	if name := filterOf(now); name != "" {
		return blockedBy(name)
	}
	return end
}

func nowAnswered(now *web.Exchange) *scanner.StatusError {
	return byName(now, scanner.End(statusOfRefusal(now.Status), "addresses that do not exist were answered 404 and are now answered %d", now.Status))
}

// hasBecome asks whether the page that everything is answered with since some time stands for the site's own page too, for
// addresses that were not there, or for all others and says that it refuses.
func (h *health) hasBecome(page *web.Exchange, start int) question {
	w, shape, t := h.witnesses, pageShapeOf(page), target.Target{URL: h.witnesses.home.request.URL}
	return func(ask sender) verdict {
		again, err := askTwice(ask, nil)
		switch {
		case err != nil:
			return gone(err, start)
		case pageShapeOf(again) == shape:
			return verdict{end: byName(again, scanner.End(scanner.StatusBlocked, "the site's own page has become the page that everything is answered with")), from: start}
		}
		if w.absent == nil && page.Status == http.StatusOK && kindOfEveryPage(page) == everyPageRefuses {
			if other, err := ask(controlRequest(t, w.home.request)); err == nil && pageShapeOf(other) == shape {
				return verdict{end: scanner.End(scanner.StatusBlocked, "every address but the site's own page is answered with one page that refuses"), from: start}
			}
		}
		if now, err := askIf(ask, w.absent); err == nil && now != nil && pageShapeOf(now) == shape {
			return verdict{end: nowAnswered(now), from: start}
		}
		return verdict{}
	}
}

// isEverywhere asks whether the site's own page is what every address is answered with. That is how applications answer, and
// how a filter does from the first request on.
func (h *health) isEverywhere(page *web.Exchange, start int) question {
	w, t := h.witnesses, target.Target{URL: h.witnesses.home.request.URL}
	return func(ask sender) verdict {
		now, err := askIf(ask, w.absent)
		if now == nil && err == nil {
			now, err = ask(controlRequest(t, w.home.request))
		}
		switch {
		case err != nil || !w.home.same(now):
			return verdict{}
		case w.absent != nil:
			return verdict{end: nowAnswered(now), from: start}
		}
		return verdict{end: everyEnd(page), from: 1, everywhere: true}
	}
}

// isItself asks whether what was there is still there. If it is not, nothing is believed from the first answer on that had
// the status of what stands there now, since it last was.
func (h *health) isItself(order int) question {
	w, since, from := h.witnesses, h.since(), h.trusted+1
	search := !h.everywhere && w.absent == nil && len(h.addresses) > sameInRow
	t := target.Target{URL: w.home.request.URL}
	return func(ask sender) verdict {
		v := verdict{trusted: order}
		if w.home.open() {
			now, err := ask(nil)
			if err != nil || now.Status >= 400 {
				now, err = ask(nil) // one bad answer proves nothing
			}
			switch {
			case err != nil:
				return gone(err, from)
			case now.Status >= 400 || refused(now):
				return verdict{end: w.homeRefused(now), from: since(now)}
			case !w.home.is(now) && w.everythingIs(ask, now, t):
				return verdict{end: scanner.End(scanner.StatusBlocked, "the site's own page and addresses that do not exist are answered with another page now"), from: since(now)}
			}
			if search && now.Status < 300 {
				// Pages with numbers and words that differ make no row.
				if other, err := ask(controlRequest(t, w.home.request)); err == nil && w.home.same(other) {
					v.everywhere = true
					if end := everyEnd(now); end != nil {
						return verdict{end: end, from: 1}
					}
				}
			}
		}
		if end, now := w.thereIsGone(ask, 2); end != nil {
			return verdict{end: end, from: since(now)}
		}
		if end, now := w.absentIsAnswered(ask); end != nil {
			return verdict{end: end, from: since(now)}
		}
		return v
	}
}

// isErratic asks whether addresses that gave server errors give none when they are asked again.
func (h *health) isErratic() question {
	faulty := slices.Clone(h.witnesses.faulty)
	return func(ask sender) verdict {
		return verdict{erratic: anyTurns(ask, faulty, func(status int) bool { return status < 500 })}
	}
}

// isFickle asks whether addresses that were closed are open, or not there, when they are asked again.
func (h *health) isFickle() question {
	closed := slices.Clone(h.witnesses.closed)
	return func(ask sender) verdict {
		return verdict{fickle: anyTurns(ask, closed, func(status int) bool { return status < 400 || status == http.StatusNotFound })}
	}
}

// anyTurns asks again, in turn, until one is answered with another status.
func anyTurns(ask sender, list []*web.Request, another func(status int) bool) bool {
	const times = 3
	for i := range times {
		if now, err := ask(list[i%len(list)]); err == nil && another(now.Status) {
			return true
		}
	}
	return false
}

// closes reports a status with which servers close an address, and with which filters turn requests away.
func closes(status int) bool {
	return status == http.StatusForbidden || status == http.StatusNotAcceptable
}

func (w witnesses) homeRefused(now *web.Exchange) *scanner.StatusError {
	return byName(now, scanner.End(statusOfRefusal(now.Status), "the site's own page was answered %d and is now answered %d", w.home.shape.status, now.Status))
}

// absentIsAnswered asks for an address that was not there, and gives the end that another answer means, if it stays.
func (w witnesses) absentIsAnswered(ask sender) (end *scanner.StatusError, now *web.Exchange) {
	for range 2 {
		var err error
		if now, err = askIf(ask, w.absent); err != nil || now == nil || now.Status == http.StatusNotFound || now.Status == http.StatusGone || now.Status >= 500 {
			return nil, nil
		}
	}
	return nowAnswered(now), now
}

// thereIsGone asks for a page that was there, some times at most, and gives the end that its absence means.
func (w witnesses) thereIsGone(ask sender, times int) (end *scanner.StatusError, now *web.Exchange) {
	for range times {
		var err error
		if now, err = askIf(ask, w.there); err != nil || now == nil || now.Status < 400 && !refused(now) {
			return nil, nil
		}
	}
	end = scanner.End(statusOfRefusal(now.Status), "%s was answered 200 and is now answered %d", w.there.URL.EscapedPath(), now.Status)
	return byName(now, end), now
}

// everythingIs reports whether an address that does not exist is answered like home is now.
func (w witnesses) everythingIs(ask sender, home *web.Exchange, t target.Target) bool {
	const same = 0.5
	if w.absent != nil {
		now, err := ask(w.absent)
		return err == nil && now.Status == home.Status
	}
	now, err := ask(controlRequest(t, w.home.request))
	return err == nil && now.Status == home.Status && likeness(now.Body, home.Body) > same
}

// askTwice asks again when there was no answer.
func askTwice(ask sender, r *web.Request) (*web.Exchange, error) {
	now, err := ask(r)
	if err != nil {
		now, err = ask(r)
	}
	return now, err
}

// askIf asks unless there is nothing to ask.
func askIf(ask sender, r *web.Request) (*web.Exchange, error) {
	if r == nil {
		return nil, nil //nolint:nilnil // neither an answer nor an error
	}
	return ask(r)
}
