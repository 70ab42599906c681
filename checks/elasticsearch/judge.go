package elasticsearch

import (
	"cmp"
	"fmt"
	"net/http"

	"sotomi/checks/internal/datanames"
	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// Verdicts about a search server. "" is none: not one, or one that keeps its door closed.
const (
	esOpen     = "open"
	esMetadata = "metadata"
	esBanner   = "banner"
)

type verdict struct {
	signs
	Kind      string
	Variants  []string        // ransom, personal, system: a finding each; none for data without personal-looking fields
	Reason    message.Message // why there is no finding
	Certainty scanner.Certainty
	Greeting  greeting
	Cluster   string
	Indices   []index
	Documents int64
	Personal  []string // categories of fields
	Ransom    []string // names of indices
}

// signs are answers that only a search server gives.
type signs struct {
	greeted, healthy, listed, counted, mapped bool
	absent                                    bool // an index that cannot exist is said not to exist, by its name
	refused                                   bool // something is refused in the words of a search server
}

// number is how many of the answers that show something there are.
func (s signs) number() int {
	n := 0
	for _, sign := range []bool{s.greeted, s.healthy, s.listed, s.counted, s.mapped, s.refused} {
		if sign {
			n++
		}
	}
	return n
}

func signsOf(a *answers) signs {
	_, greeted := parseGreeting(a.Root)
	_, healthy := parseHealth(a.Health)
	_, listed := parseIndices(a.Indices)
	_, counted := parseCount(a.Count)
	s := signs{greeted: greeted, healthy: healthy, listed: listed, counted: counted, mapped: len(mapped(a.Mapping)) > 0, absent: saysAbsent(a.Control, a.Index)}
	for _, ex := range []*web.Exchange{a.Root, a.Health, a.Control, a.Indices, a.Count, a.Mapping} {
		s.refused = s.refused || ex != nil && protectedSearch(ex)
	}
	return s
}

// like reports whether anything sounds like a search server so far.
func (a *answers) like() bool {
	s := signsOf(a)
	return s.number() > 0 || s.absent
}

// judge decides by agreement: two answers that only a search server gives, and an address that cannot exist, which is said
// not to exist or refused. A banner on every path, a catch-all and a single-page application fail at least one of them.
func judge(a *answers) verdict {
	v := verdict{signs: signsOf(a), Certainty: scanner.Confirmed}
	v.Greeting, _ = parseGreeting(a.Root)
	health, _ := parseHealth(a.Health)
	v.Cluster = cmp.Or(v.Greeting.Cluster, health.Cluster)
	controlled := v.absent || refusedBy(a.Control) || a.Place.index && noHandler(a.Control)
	data := v.counted || v.mapped || v.listed
	switch {
	case v.healthy && v.greeted && v.Greeting.Cluster != "" && v.Greeting.Cluster != health.Cluster, !controlled:
		if v.number() > 0 {
			v.Reason = message.New("an answer like that of a search server, but no search server behind it")
		}
		return verdict{Certainty: v.Certainty, Reason: v.Reason}
	case data && v.number() >= 2 && (v.absent || v.counted):
		v.Kind = esOpen
		if !v.absent && !a.Place.index {
			v.Certainty = scanner.Possible // what refuses the control may be a proxy that lets some addresses through
		}
		v.look(a)
	case (v.healthy || v.listed) && v.number() >= 2, v.healthy && v.absent:
		v.Kind = esMetadata // whoever may list and not count may not read either
	case v.greeted && refusedBy(a.Health) && refusedBy(a.Indices):
		v.Kind = esBanner
		if a.Health.Status == http.StatusNotFound {
			v.Certainty = scanner.Possible // a proxy that lets only / through, or a page that looks like a greeting
		}
	case v.refused:
		v.Reason = message.New("a search server that asks for a password (status %d)", refusalIn(a).Status)
	case v.number() > 0:
		v.Reason = message.New("an answer like that of a search server, but no search server behind it")
	}
	return v
}

// refusalIn is the first answer that is refused in the words of a search server.
func refusalIn(a *answers) *web.Exchange {
	for _, ex := range []*web.Exchange{a.Root, a.Control, a.Health, a.Indices, a.Count, a.Mapping} {
		if ex != nil && protectedSearch(ex) {
			return ex
		}
	}
	return a.Root
}

// look says what kind of data lies open. A ransom note is neither data nor personal, whatever its fields are called.
func (v *verdict) look(a *answers) {
	v.Indices, _ = parseIndices(a.Indices)
	count, counted := parseCount(a.Count)
	data := int64(0)
	if !v.listed {
		for _, name := range mapped(a.Mapping) {
			v.Indices = append(v.Indices, newIndex(name, "open", "", ""))
		}
		if len(v.Indices) == 1 && counted {
			v.Indices[0].Documents = count
		} else {
			data = count
		}
	}
	for _, i := range v.Indices {
		v.Documents += max(0, i.Documents)
		switch {
		case datanames.RansomNote(i.Name, i.Documents):
			v.Ransom = append(v.Ransom, i.Name)
		case !i.system():
			data += max(0, i.Documents)
		}
	}
	if counted {
		v.Documents = count // the list counts nested documents as well; this does not
	}
	if len(v.Ransom) > 0 {
		v.Variants = append(v.Variants, "ransom")
	}
	if data > 0 {
		v.Personal = personalFields(a.Mapping, v.Ransom)
	}
	switch {
	case len(v.Personal) > 0:
		v.Variants = append(v.Variants, "personal")
	case data == 0 && len(v.Ransom) == 0:
		v.Variants = append(v.Variants, "system")
	}
}

// values are the facts of a finding; name shows the name of an index.
func (v verdict) values(name func(string) string) scanner.Values {
	g := v.Greeting
	out := scanner.Values{}
	if v.greeted {
		out["distribution"], out["version"] = g.distribution(), g.Version.Number
	}
	if v.Cluster != "" {
		out["cluster"] = cut(v.Cluster, 64)
	}
	if eol := endOfLife(g.distribution(), g.Version.Number); eol != "" {
		out["end-of-life"] = eol
	}
	if known := knownWeaknesses(g.distribution(), g.Version.Number); len(known) > 0 {
		out["known-weaknesses"] = known
	}
	if v.Kind != esOpen {
		return out
	}
	bytes, closed := int64(0), 0
	largest := []string{}
	for _, i := range v.Indices {
		bytes += i.Bytes
		if !i.Open {
			closed++
		}
		if len(largest) < 5 && !i.system() && v.listed {
			largest = append(largest, fmt.Sprintf("%s (%d)", name(i.Name), max(0, i.Documents)))
		}
	}
	out["indices"], out["documents"] = len(v.Indices), v.Documents
	if v.listed {
		out["bytes"], out["largest"] = bytes, largest
	}
	if closed > 0 {
		out["closed"] = closed
	}
	if len(v.Personal) > 0 {
		out["personal-fields"] = v.Personal
	}
	if len(v.Ransom) > 0 {
		names := []string{}
		for _, n := range v.Ransom[:min(len(v.Ransom), 5)] {
			names = append(names, name(n))
		}
		out["ransom"] = names
	}
	return out
}
