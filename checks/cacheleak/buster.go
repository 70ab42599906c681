package cacheleak

// busterResult says whether the cache buster in the address is part of the cache's own key.
type busterResult string

const (
	busterWorks   busterResult = "works"     // every cache buster brought an answer of its own
	busterFails   busterResult = "fails"     // one that was never used before brought a stored answer
	busterUnknown busterResult = "not known" // nothing in the answers tells
)

// judgeBuster compares answers that each have a cache buster of their own. A stored answer among them, or one that is
// the copy of another, shows that the cache ignores it.
func judgeBuster(visits []*observation) busterResult {
	known := false
	for i, v := range visits {
		if s := cacheSigns(v.ex); s.Hit {
			return busterFails
		} else if s.Miss {
			known = true
		}
		for _, w := range visits[:i] {
			if copyOf(visits, v, w) {
				return busterFails
			}
		}
		for t := range v.tokens {
			known = known || v.volatile(t)
		}
	}
	if known {
		return busterWorks
	}
	return busterUnknown
}

// copyOf reports whether two visitors got one answer: the same bytes, with an identifier that another answer to one of
// the two lacks. What all their answers share belongs to the page.
func copyOf(all []*observation, v, w *observation) bool {
	if v.who == w.who || v.digest != w.digest {
		return false
	}
	for t := range v.tokens {
		if !w.has(t) || !v.volatile(t) {
			continue
		}
		for _, o := range all {
			if (o.who == v.who || o.who == w.who) && o.lacks(t) {
				return true
			}
		}
	}
	return false
}

// keyedByBuster reports whether the cache is seen to keep answers apart by the cache buster: a guest who asked twice
// under one got one answer, and another answer under the next. Where nothing is stored for guests this cannot be seen.
func keyedByBuster(first, second, other *observation) bool {
	return again(first, second) && !again(first, other)
}

// again reports whether the second answer is the first one.
func again(first, second *observation) bool {
	if cacheSigns(second.ex).Hit {
		return true
	}
	shared := false
	for t := range first.tokens {
		if !first.volatile(t) {
			continue
		}
		if !second.has(t) {
			return false
		}
		shared = true
	}
	return shared
}
