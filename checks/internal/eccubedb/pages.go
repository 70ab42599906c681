package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"sotomi/checks/internal/releases"

	"golang.org/x/text/encoding/japanese"
)

// page is one public page of EC-CUBE's own theme.
type page struct {
	name      string
	paths     []string // addresses below the base, those of newer releases last
	templates []string // in the folders below; a release has some of them
	groups    []group
}

type group struct {
	releases      []string
	always, maybe []string
}

// templateFolders are where releases keep the templates of the shop; 1.x keeps those there that its installer copies.
var templateFolders = []string{
	"src/Eccube/Resource/template/default/", "data/Smarty/templates/default/", "data/Smarty/templates/", "html/install/user_data/templates/",
	"html/install/user_data/include/",
}

func publicPages() []page {
	return []page{
		{name: "frame", templates: []string{
			"site_frame.tpl", "site_main.tpl", "header.tpl", "footer.tpl", "bloc/", "frontparts/bloc/",
			"default_frame.twig", "block.twig", "Block/", "meta.twig", "snippet.twig",
		}},
		{name: "home", paths: []string{""}, templates: []string{"top.tpl", "index.tpl", "index.twig"}},
		{name: "list", paths: []string{"products/list.php", "products/list"}, templates: []string{"list.tpl", "products/list.tpl", "Product/list.twig", "pagination.twig", "pager.twig"}},
		{name: "detail", paths: []string{"products/detail.php?product_id=1", "products/detail/1"}, templates: []string{"detail.tpl", "products/detail.tpl", "Product/detail.twig"}},
		{name: "login", paths: []string{"mypage/login.php", "mypage/login"}, templates: []string{"mypage/login.tpl", "Mypage/login.twig"}},
		{name: "contact", paths: []string{"contact/index.php", "contact/", "contact"}, templates: []string{"contact/index.tpl", "Contact/index.twig"}},
		{name: "entry", paths: []string{"entry/kiyaku.php", "entry"}, templates: []string{"entry/kiyaku.tpl", "Entry/index.twig"}},
		{name: "cart", paths: []string{"cart/index.php", "cart/", "cart"}, templates: []string{"cart/index.tpl", "Cart/index.twig"}},
		{name: "forgot", paths: []string{"forgot/index.php", "forgot/", "forgot"}, templates: []string{"forgot/index.tpl", "Forgot/index.twig"}},
	}
}

// keepMarks is how many marks of a group are kept: more than one, for the owner may have removed some.
const keepMarks = 6

// marksOf fills in what each release has on the pages.
func marksOf(pages []page, releases []release) error {
	for i := range pages {
		always, maybe := map[string][]string{}, map[string][]string{}
		for _, r := range releases {
			sure, unsure, err := r.marks(pages[i].templates)
			if err != nil {
				return err
			}
			for m := range sure {
				always[m] = append(always[m], r.name)
			}
			for m := range unsure {
				maybe[m] = append(maybe[m], r.name)
			}
		}
		pages[i].groups = groups(always, maybe)
	}
	return nil
}

// groups puts the marks of the same releases together. A mark that some releases always show and others only maybe is left
// out.
func groups(always, maybe map[string][]string) []group {
	byReleases := map[string]*group{}
	add := func(marks, other map[string][]string, list func(*group) *[]string) {
		for _, m := range slices.Sorted(maps.Keys(marks)) {
			if other[m] != nil {
				continue
			}
			key := strings.Join(marks[m], " ")
			if byReleases[key] == nil {
				byReleases[key] = &group{releases: marks[m]}
			}
			if l := list(byReleases[key]); len(*l) < keepMarks {
				*l = append(*l, m)
			}
		}
	}
	add(always, maybe, func(g *group) *[]string { return &g.always })
	add(maybe, always, func(g *group) *[]string { return &g.maybe })
	var out []group
	for _, g := range byReleases {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b group) int {
		return cmp.Or(slices.Compare(a.always, b.always), slices.Compare(a.maybe, b.maybe))
	})
	return out
}

// marks are the marks of those of the templates that the release has.
func (r *release) marks(templates []string) (always, maybe map[string]bool, err error) {
	always, maybe = map[string]bool{}, map[string]bool{}
	for _, name := range r.templates(templates) {
		text, err := r.clones.Output(r.dir, "show", r.tag+":"+name)
		if err != nil {
			return nil, nil, err
		}
		sure, unsure := releases.TemplateMarks(utf8Text(text))
		block := strings.Contains(strings.ToLower(name), "/bloc")
		for m := range sure {
			if block { // the shop decides which blocks its pages have
				maybe[m] = true
			} else {
				always[m] = true
			}
		}
		maps.Copy(maybe, unsure)
	}
	for m := range always {
		delete(maybe, m)
	}
	return always, maybe, nil
}

// templates are the files with these names, and all templates of a folder for a name that ends in a slash.
func (r *release) templates(names []string) []string {
	var found []string
	for _, name := range names {
		for _, folder := range templateFolders {
			prefix := r.prefix + folder + name
			hits := len(found)
			for _, f := range r.tree {
				if f == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(f, prefix) && isTemplate(f) {
					found = append(found, f)
				}
			}
			if len(found) > hits {
				break
			}
		}
	}
	return found
}

func isTemplate(name string) bool {
	return strings.HasSuffix(name, ".tpl") || strings.HasSuffix(name, ".twig")
}

// utf8Text decodes the templates of 1.x, which are in EUC-JP.
func utf8Text(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	if decoded, err := japanese.EUCJP.NewDecoder().String(text); err == nil {
		return decoded
	}
	return text
}
