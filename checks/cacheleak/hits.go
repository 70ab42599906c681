package cacheleak

import (
	"cmp"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
)

// hit is what a leak is reported as.
func (r *cacheRun) hit(g *gatherer, result *pageResult) *scanner.Hit {
	l := result.leak
	certainty := scanner.Confirmed
	if l.again == nil {
		certainty = scanner.Possible
	}
	shown := r.mask.crossing(l.shown)
	if l.again != nil {
		shown = append(shown, r.mask.evidence(l.again.got, message.New("the same again, under another address that nobody else used")))
	}
	if l.purge {
		shown = append(shown, evidence.Evidence{Request: "GET " + g.page.RequestURI(), Note: message.New("this address now holds a test visitor's page until it expires: purge it from the cache")})
	}
	values := scanner.Values{
		"page": g.page.Path, "via": l.via, "cache": bestSigns(l.shown).String(), "visitors": visitorNames(l.shown), "rounds": l.rounds,
	}
	if l.detail != "" {
		values["address"] = l.detail
	}
	return &scanner.Hit{URL: g.page.String(), Certainty: certainty, Variant: variantOf(r.params.Mode, l.via), Values: values, Evidence: shown}
}

// variantOf are the names under which the signature keeps its words for a way to leak.
func variantOf(look, via string) string {
	if look == "mixup" {
		return ""
	}
	switch via {
	case "concurrent", "set-cookie", "deception", "validator":
		return via
	}
	return ""
}

func visitorNames(c *crossUser) []string { return []string{c.donor, c.got.who} }

// origin is the answer that a crossing came from, or the one that crossed.
func (c *crossUser) origin() *observation { return cmp.Or(c.fill, c.got) }

// bestSigns are those of the answer that crossed, with what else tells the product.
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
func (r *cacheRun) headOf(refs *references, v *observation) answerHead {
	authorization := slices.ContainsFunc(r.members, func(m visitor) bool { return m.name == v.who && m.session.Carries("Authorization") })
	return answerHead{
		Status: v.ex.Status, Header: v.ex.Header, Received: v.ex.Started.Add(v.ex.FirstByte),
		Authorization: authorization, SharedValidator: refs.sharedValidator(),
	}
}

// sharedValidator reports whether different visitors got the same ETag, or without one the same Last-Modified.
func (r *references) sharedValidator() bool {
	owner := map[string]string{}
	for _, v := range r.visits {
		if v.who == anonymous {
			continue
		}
		tag := v.ex.Header.Get("Etag")
		if tag == "" {
			tag = v.ex.Header.Get("Last-Modified")
		}
		if tag == "" {
			continue
		}
		if who, ok := owner[tag]; ok && who != v.who {
			return true
		}
		owner[tag] = v.who
	}
	return false
}

// storable is the finding about a personal page's head alone.
func (r *cacheRun) storable(result *pageResult) *scanner.Hit {
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
			return nil
		}
		note := message.Join(". ", append([]message.Message{message.New("visitor %s gets what nobody else does", v.who)}, verdict.Steps...)...)
		return &scanner.Hit{
			URL: result.page.String(), Certainty: scanner.Possible, Variant: string(verdict.Storage),
			Values: scanner.Values{
				"page": result.page.Path, "cache": cacheSigns(v.ex).String(), "storage": string(verdict.Storage),
				"visitors": []string{v.who}, "cache-control": strings.Join(v.ex.Header.Values("Cache-Control"), ", "), "rounds": 0,
			},
			Evidence: []evidence.Evidence{r.mask.evidence(v, note)},
		}
	}
	return nil
}
