package store

import (
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Variants of findings; none where data lie open of which nothing more is known.
const (
	variantRansom   = "ransom"   // something in it is named like a ransom note
	variantPersonal = "personal" // names say that it is about people
	variantEmpty    = "empty"    // its own counters say that nothing lies in it yet
)

// contents are counts of things that lie in a store: all of them 0 is empty.
var contents = []string{"documents", "keys", "items", "rows", "topics", "entries", "entries-at-least", "collections", "tables"}

// verdict is what a record means.
type verdict struct {
	Found     bool
	Variants  []string // a finding each, one without where there are none
	Certainty scanner.Certainty
	Reason    message.Message // why there is no finding
	Failed    bool            // the reason says why nobody can tell
}

// judge decides. Open is what was shown by an answer that a closed server refuses; what a server only says of itself is
// possible.
func judge(r Record, on time.Time) verdict {
	what := message.New("%s %s", r.Product, r.Version)
	if r.Version == "" {
		what = message.New("%s", r.Product)
	}
	if end := r.EndOfLife(on); end != "" {
		what = message.New("%s (support ended %s)", what, end)
	}
	if len(r.Weak) > 0 {
		return verdict{Found: true, Certainty: scanner.Confirmed, Variants: r.Weak}
	}
	switch r.Access {
	case Open, Offered:
		v := verdict{Found: true, Certainty: scanner.Confirmed, Variants: variants(r)}
		if r.Access == Offered {
			v.Certainty = scanner.Possible
		}
		return v
	case Password:
		return verdict{Reason: message.New("%s asks for a password", what)}
	case Refused:
		return verdict{Reason: message.New("%s lets in other addresses only", what)}
	case Greeted:
		return verdict{Reason: message.New("nothing is weak in how %s greets", what)}
	case Nothing:
		return verdict{Reason: message.New("%s has nothing to offer", what)}
	case Unknown:
	}
	return verdict{Failed: true, Reason: message.New("%s does not say whether it asks for a password", what)}
}

func variants(r Record) []string {
	var list []string
	if len(r.Ransom) > 0 {
		list = append(list, variantRansom)
	}
	counted, things := false, int64(0)
	for _, name := range contents {
		n, ok := r.Counts[name]
		counted, things = counted || ok, things+n
	}
	switch {
	case counted && things == 0:
		list = append(list, variantEmpty)
	case len(r.Personal)+len(r.Kinds) > 0:
		list = append(list, variantPersonal)
	}
	return list
}

// mostShown are the names that a finding shows.
const mostShown = 20

// values are the facts of a finding; name shows the name of a database or something in one.
func (r *Record) values(on time.Time, name func(string) string) scanner.Values {
	out := scanner.Values{"product": r.Product}
	for key, text := range r.Facts {
		out[key] = text
	}
	for what, n := range r.Counts {
		out[what] = n
	}
	if r.Version != "" {
		out["version"] = r.Version
	}
	if end := r.EndOfLife(on); end != "" {
		out["end-of-life"] = end
	}
	if r.TLS {
		out["tls"] = true
	}
	for key, names := range map[string][]string{"names": r.Names, "personal-names": r.Personal, "ransom": r.Ransom} {
		var shown []string
		for _, n := range names[:min(len(names), mostShown)] {
			shown = append(shown, name(n))
		}
		if len(shown) > 0 {
			out[key] = shown
		}
	}
	if len(r.Kinds) > 0 {
		out["personal-fields"] = r.Kinds
	}
	return out
}
