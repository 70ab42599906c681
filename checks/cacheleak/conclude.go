package cacheleak

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// way is how a page was requested and handed to nobody else. What a clean result says is made of these.
type way string

const (
	wayInTurn     way = "in turn"        // one after another, at an address that nobody else uses
	wayAtOnce     way = "at once"        // likewise, at the same moment
	wayAsFile     way = "as file"        // under addresses that look like files
	waySpelt      way = "spelt anew"     // its own address in another spelling
	wayOwnAddress way = "own address"    // its own address, with sessions
	wayOwnAsGuest way = "own as a guest" // its own address, by guests only
)

func (w way) message() message.Message {
	switch w {
	case wayInTurn:
		return message.New("one after another")
	case wayAtOnce:
		return message.New("at the same moment")
	case wayAsFile:
		return message.New("under addresses that look like files")
	case waySpelt:
		return message.New("at its own address in other spellings")
	case wayOwnAddress:
		return message.New("at its own address")
	default:
		return message.New("at its own address as a guest only")
	}
}

func (p *pageResult) did(w way)      { p.tried = append(p.tried, w) }
func (p *pageResult) has(w way) bool { return slices.Contains(p.tried, w) }

// conclude says what no finding means: clean and what was tried, or not determined and why.
func (r *run) conclude() error {
	var open []message.Message
	personal, same := 0, false
	loggedOut := map[string]bool{}
	for _, p := range r.results {
		isPersonal := p.refs != nil && p.refs.personal()
		if !p.open.IsZero() && (!p.part || isPersonal) {
			open = append(open, message.New("%s: %s", p.page.RequestURI(), p.open))
		}
		if isPersonal {
			personal++
		}
		same = same || p.refs != nil && p.refs.sameAccount()
		for _, name := range p.loggedOut {
			loggedOut[name] = true
		}
	}
	public := slices.ContainsFunc(r.results, func(p *pageResult) bool { return p.public })
	switch {
	case len(open) > 0 && (len(r.members) > 0 || len(open) == len(r.results)):
		return scanner.Undetermined("%s", message.Join("; ", open...))
	case len(r.members) == 0:
		r.probe.Explain("checked as anonymous visitors only (%s). To check members' pages, use --session A=FILE --session B=FILE and --page PATH", r.whatWasTried())
	case personal == 0 && len(loggedOut) > 0:
		return scanner.Undetermined("no longer logged in: visitor %s", listOf(slices.Sorted(maps.Keys(loggedOut))))
	case personal == 0 && same:
		return scanner.Undetermined("visitors %s see the same mail address on their pages: use two different test accounts", memberNames(r.members))
	case personal == 0 && !public:
		return scanner.Undetermined("no page differs between the visitors: name personal pages with --page, and check that the sessions are still valid")
	case len(r.members) == 1 && r.params.Mode == "leak":
		return scanner.Undetermined("one session was given: whether another member receives a page of visitor %s was not tried. No guest received one (%s)", memberNames(r.members), r.whatWasTried())
	case r.params.Mode == "storable":
		r.probe.Explain("no header lets a shared cache hand a personal page to others (%s)", r.whatWasTried())
	default:
		r.probe.Explain("no visitor received another's page (%s). Repeat after any cache change.", r.whatWasTried())
	}
	return nil
}

// whatWasTried names the pages of each kind, who requested them, and how: of several pages, the ways that were tried on
// all.
func (r *run) whatWasTried() message.Message {
	var personal, public, other []*pageResult
	for _, p := range r.results {
		switch {
		case p.refs == nil:
		case p.refs.personal():
			personal = append(personal, p)
		case p.public:
			public = append(public, p)
		default:
			other = append(other, p)
		}
	}
	var list []message.Message
	if len(personal) > 0 {
		list = append(list, message.New("pages with something of one visitor: %s, requested as %s%s", pathsOf(personal), r.visitors(), waysOf(personal)))
	}
	if len(public) > 0 {
		list = append(list, message.New("pages that are the same for all: %s, requested as %s%s", pathsOf(public), r.visitors(), waysOf(public)))
	}
	if len(other) > 0 {
		list = append(list, message.New("pages with nothing of one visitor: %s, requested as %s%s", pathsOf(other), r.visitors(), waysOf(other)))
	}
	if len(r.files) > 0 {
		list = append(list, message.New("files: %s, requested for new session cookies", strings.Join(r.files, " ")))
	}
	if r.unasked > 0 {
		list = append(list, message.New("files not requested as a member because the cache ignores the query: %s", strconv.Itoa(r.unasked)))
	}
	if len(list) == 0 {
		return message.New("no page could be compared")
	}
	return message.Join("; ", list...)
}

// visitors are those who requested: the members and guests.
func (r *run) visitors() message.Message {
	if len(r.members) == 0 {
		return message.New("guests")
	}
	return message.New("%s and as a guest", memberNames(r.members))
}

func pathsOf(list []*pageResult) string {
	var paths []string
	for _, p := range list {
		paths = append(paths, p.page.RequestURI())
	}
	return strings.Join(paths, " ")
}

// waysOf are the ways that were tried on all pages of a list, after a comma; nothing when there are none.
func waysOf(list []*pageResult) message.Message {
	var common []message.Message
	for _, w := range list[0].tried {
		if !slices.ContainsFunc(list, func(p *pageResult) bool { return !p.has(w) }) {
			common = append(common, w.message())
		}
	}
	if len(common) == 0 {
		return message.New("")
	}
	return message.New(", %s", message.Join(", ", common...))
}

func memberNames(members []visitor) message.Message {
	var list []string
	for _, m := range members {
		list = append(list, m.name)
	}
	return listOf(list)
}

// listOf is "A and B".
func listOf(names []string) message.Message {
	var list []message.Message
	for _, n := range names {
		list = append(list, message.New("%s", n))
	}
	return message.Join(" and ", list...)
}
