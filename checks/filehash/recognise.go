package filehash

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"sotomi/checks/internal/releases"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// recognised is what one page says about the product, before any file was asked for.
type recognised struct {
	certain bool                    // nothing else makes such a page
	likely  bool                    // worth asking for a file
	made    int                     // signs that the product made the page; files are none, they outlive a shop
	publics []string                // where the public folder can be, likeliest first; each ends in a slash
	base    string                  // path that pages start at as links have it, "" when unknown
	named   map[string]map[int]bool // files of the database that the page names, by public folder
	renamed map[int]*url.URL        // files of the database that pages name with a fingerprint
	claimed string                  // release that the page claims, "" for none
	lines   []releases.Set          // releases that the page's markup allows, one set for each mark that tells a line
	why     message.Message         // how the product was recognised; zero unless certain
}

const (
	certainScore = 6 // score of a public folder that leaves no doubt
	publicsMax   = 3 // public folders tried otherwise
	manyFiles    = 4 // files of the product in one folder: no other product's page names as many
)

// recognise reads a page's markup, cookies and addresses. A page that another product made is this one's only when it has
// markup or a cookie of its own: it may keep files and links of a shop that was there before.
func (c *check) recognise(ex *web.Exchange, page *web.Page) recognised {
	r := recognised{named: map[string]map[int]bool{}, renamed: map[int]*url.URL{}}
	text := textOf(ex.Text())
	cookie := c.cookie(ex)
	words := 0
	for _, re := range c.likely {
		if re.MatchString(text.tags) || re.MatchString(text.scripts) {
			words++
		}
	}
	for _, l := range c.lines {
		if l.pattern.MatchString(text.tags) {
			r.lines = append(r.lines, l.releases)
		}
	}
	score, files := c.addresses(&r, ex, page)
	r.made = words
	if cookie {
		r.made++
	}
	if r.base != "" {
		r.made++
	}
	made := anyMatch(c.makers, text.tags) // by another product, whose theme can have the markup of the shop that was there
	r.certain = anyMatch(c.certain, text.tags) && !made || cookie && (words > 0 || score > 0)
	if !made && !anyMatch(c.others, text.tags) {
		r.certain = r.certain || files >= manyFiles && r.made > 0
		r.likely = cookie || words >= 2 || score >= 2 || words >= 1 && score >= 1 || files >= 2
	}
	r.likely = r.likely || r.certain
	switch {
	case r.certain && cookie:
		r.why = message.New("cookie and markup of %s", c.params.Product)
	case r.certain:
		r.why = message.New("markup of %s", c.params.Product)
	}
	return r
}

// cookie reports whether the page, or a redirect to it, sets one of the product's cookies.
func (c *check) cookie(ex *web.Exchange) bool {
	for hop := ex; hop != nil; hop = hop.Previous {
		for _, set := range hop.Cookies() {
			if slices.Contains(c.params.Cookies, set.Name) {
				return true
			}
		}
	}
	return false
}

// addresses finds where the public folder is by the addresses in the page: those of files of the database, and those that
// look like the product's. score says how telling the best folder is, files how many files of the database are named in it.
func (c *check) addresses(r *recognised, ex *web.Exchange, page *web.Page) (score, files int) {
	scores, named := map[string]int{}, map[string]int{}
	bases := map[string]int{}
	c.rename(r.renamed, ex.URL.Host, addressesOf(page))
	for _, u := range addressesOf(page) {
		if r.claimed == "" {
			r.claimed = firstGroup(c.version, u.String())
		}
		own := u.Host == ex.URL.Host
		public, file, weight, ok := c.publicOf(u.Path)
		if plain := plainName(u.Path); file < 0 && plain != "" {
			public, file, weight, ok = c.publicOf(plain)
		}
		if ok {
			scores[public] += weight
			named[public] += min(weight, 1)
			if r.named[public] == nil {
				r.named[public] = map[int]bool{}
			}
			if file >= 0 {
				r.named[public][file] = true
			}
		}
		if base := firstGroup(c.pages, u.Path); base != "" && own {
			bases[base]++
		}
	}
	for base, n := range bases {
		if r.base == "" || n > bases[r.base] || n == bases[r.base] && (len(base) < len(r.base) || len(base) == len(r.base) && base < r.base) {
			r.base = base
		}
	}
	homes := c.guesses(r.base, ex.URL) // another shop of the host may have more of its files on the page
	away := func(public string) int {
		if slices.Contains(homes, public) {
			return 0
		}
		return 1
	}
	r.publics = slices.SortedFunc(maps.Keys(scores), func(a, b string) int {
		return cmp.Or(cmp.Compare(away(a), away(b)), cmp.Compare(scores[b], scores[a]), cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
	if len(r.publics) > 0 {
		score, files = scores[r.publics[0]], named[r.publics[0]]
	}
	if score >= certainScore {
		r.publics = r.publics[:1]
	} else {
		r.publics = unique(append(r.publics, homes...))
	}
	return score + min(len(bases), 1), files
}

// guesses are public folders for a page that names no file: below the path of the pages, and that path itself.
func (c *check) guesses(base string, u *url.URL) []string {
	if base == "" {
		base = u.Path[:strings.LastIndexByte(u.Path, '/')+1]
	}
	if base == "" {
		base = "/"
	}
	if c.params.Folder == "" {
		return []string{base}
	}
	return []string{base + c.params.Folder + "/", base}
}

// publicOf is where the public folder is if path is one of its files, the file, and how telling that is; file is -1 for a
// path that only looks like the product's.
func (c *check) publicOf(path string) (public string, file, weight int, ok bool) {
	for i := range path {
		if path[i] != '/' {
			continue
		}
		rest := path[i+1:]
		if at, found := c.db.Find(c.inFolder(rest)); found && strings.Contains(rest, "/") {
			weight = min(3, strings.Count(rest, "/"))
			if anyMatch(c.foreign, rest) {
				weight = 0
			}
			return path[:i+1], at, weight, true
		}
	}
	if public = firstGroup(c.assets, path); public != "" {
		return public, -1, 2, true
	}
	return "", -1, 0, false
}

// inFolder is the path in the package of a file in the public folder.
func (c *check) inFolder(rest string) string {
	if c.params.Folder == "" {
		return rest
	}
	return c.params.Folder + "/" + rest
}

// addressesOf is every address that a page names.
func addressesOf(page *web.Page) []*url.URL {
	if page == nil {
		return nil
	}
	list := slices.Concat(page.Assets, page.Scripts, page.Links)
	for _, f := range page.Forms {
		if f.Action != nil {
			list = append(list, f.Action)
		}
	}
	return list
}

// unique drops repeats and what is beyond publicsMax.
func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) && len(out) < publicsMax {
			out = append(out, s)
		}
	}
	return out
}
