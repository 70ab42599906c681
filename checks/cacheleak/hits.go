package cacheleak

import (
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
)

// hit is what a leak is reported as.
func (r *run) hit(g *gatherer, result *pageResult) *scanner.Hit {
	l := result.leak
	certainty := scanner.Confirmed
	if l.again == nil {
		certainty = scanner.Possible
	}
	shown := r.mask.crossUser(l.shown)
	if l.again != nil {
		shown = append(shown, r.mask.evidence(l.again.got, message.New("The same again at another address that nobody else uses.")))
	}
	if l.purge {
		shown = append(shown, evidence.Evidence{Request: "GET " + g.page.RequestURI(), Note: message.New("The cache now holds a test visitor's page at this address until it expires. Purge it.")})
	}
	values := scanner.Values{
		"page": g.page.Path, "via": l.via, "cache": bestSigns(l.shown).String(), "visitors": visitorNames(l.shown),
	}
	if l.rounds > 0 { // else it was asked for in turn
		values["rounds"] = l.rounds
	}
	if l.detail != "" {
		values["address"] = l.detail
	}
	return &scanner.Hit{URL: g.page.String(), Certainty: certainty, Variant: variantOf(r.params.Mode, l), Values: values, Evidence: shown}
}

// variantOf is the variant of the signature that describes a leak, "" when it has none of its own.
func variantOf(mode string, l *leak) string {
	if l.again == nil {
		return "once"
	}
	if mode == "mixup" {
		return ""
	}
	switch via := l.via; via {
	case "concurrent", "set-cookie", "deception", "validator":
		return via
	}
	return ""
}

func visitorNames(c *crossUser) []string { return []string{c.donor, c.got.who} }

// bestSigns are those of the answer in the wrong hands. Where it does not tell the product, the others may.
func bestSigns(c *crossUser) signs {
	s := cacheSigns(c.got.ex)
	for _, v := range []*observation{c.fill, c.control} {
		if v != nil && s.Product == "" {
			s.Product = cacheProduct(v.ex.Header)
		}
	}
	return s
}

// headOf is what judgeStorage needs of one answer, with what the references tell about validators.
func (r *run) headOf(refs *references, v *observation) answerHead {
	authorization := slices.ContainsFunc(r.members, func(m visitor) bool { return m.name == v.who && m.session.Carries("Authorization") })
	return answerHead{Exchange: v.ex, Authorization: authorization, SharedValidator: refs.sharedValidator()}
}

// storable is the finding about a personal page's head alone.
func (r *run) storable(result *pageResult) *scanner.Hit {
	refs := result.refs
	if refs == nil || !result.open.IsZero() || !refs.personal() {
		return nil
	}
	for _, v := range refs.visits {
		if v.who == anonymous || len(refs.markers(v.who)) == 0 || v.ex.Status >= 400 {
			continue
		}
		verdict := judgeStorage(r.headOf(refs, v))
		if verdict.Storage == storageNone {
			continue
		}
		note := message.Join(" ", append([]message.Message{message.New("Visitor %s receives content that nobody else does.", v.who)}, verdict.Steps...)...)
		return &scanner.Hit{
			URL: result.page.String(), Certainty: scanner.Possible, Variant: string(verdict.Storage),
			Values: scanner.Values{
				"page": result.page.Path, "cache": cacheSigns(v.ex).String(), "storage": string(verdict.Storage),
				"visitors": []string{v.who}, "cache-control": strings.Join(v.ex.Header.Values("Cache-Control"), ", "),
			},
			Evidence: []evidence.Evidence{r.mask.evidence(v, note)},
		}
	}
	return nil
}
