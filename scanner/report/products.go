package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// product is a piece of software that a finding tells of.
type product struct {
	Name    string
	Version string // "" when it is not known exactly
	Range   string // of versions that it may be, as people write it; "" when Version is known or nothing is
	Library bool   // a part of pages, not a server's program
}

// productsOf are the pieces of software that a finding tells of, by its values and, for signatures tagged product, by its name.
func productsOf(f scanner.Finding) []product {
	text := func(name string) string {
		value, _ := f.Hit.Values[name].(string)
		return message.Line(strings.TrimSpace(value))
	}
	version := text("version")
	if !numbered.MatchString(version) {
		version = ""
	}
	var list []product
	for _, kind := range []string{"plugins", "themes"} {
		for _, one := range textsOf(f.Hit.Values[kind]) {
			list = append(list, split(one))
		}
	}
	switch {
	case text("library") != "":
		list = append(list, product{Name: text("library"), Version: version, Library: true})
	case text("plugin") != "" || text("theme") != "":
		list = append(list, product{Name: cmp.Or(text("plugin"), text("theme")), Version: version})
	case text("product") != "":
		list = append(list, known(f, text("product"), version))
	case text("distribution") != "":
		list = append(list, product{Name: text("distribution"), Version: version})
	case strings.Contains(text("version"), "/"): // Apache/2.4.62
		list = append(list, split(strings.Replace(text("version"), "/", " ", 1)))
	case slices.Contains(f.Signature.Info.Tags, "product"):
		for _, generator := range textsOf(f.Hit.Values["generator"]) {
			list = append(list, split(generator))
		}
		if len(list) == 0 {
			list = append(list, product{Name: taggedName(f), Version: version})
		}
	}
	return list
}

// numbered is a version that begins with a number.
var numbered = regexp.MustCompile(`^[0-9][0-9A-Za-z.+_-]*$`)

// split is a name with a version behind it.
func split(text string) product {
	if at := strings.LastIndex(text, " "); at > 0 && numbered.MatchString(text[at+1:]) {
		return product{Name: strings.TrimRight(text[:at], " -"), Version: text[at+1:]}
	}
	return product{Name: text}
}

// known is a product of which several releases fit what was seen: the version is told when there is one alone.
func known(f scanner.Finding, name, version string) product {
	candidates := textsOf(f.Hit.Values["candidates"])
	switch {
	case version != "":
		return product{Name: name, Version: version}
	case len(candidates) == 1 && numbered.MatchString(candidates[0]):
		return product{Name: name, Version: candidates[0]}
	case f.Hit.Values["range"] != nil:
		return product{Name: name, Range: message.Line(fmt.Sprint(f.Hit.Values["range"]))}
	}
	return product{Name: name, Range: strings.Join(candidates, ", ")}
}

// taggedName is what the title of a finding calls the product that its tags name, else the title without what follows it.
func taggedName(f scanner.Finding) string {
	info, _ := f.Signature.For(f.Hit.Variant)
	for _, tag := range f.Signature.Info.Tags {
		if name := productName(f, tag); name != message.Line(tag) || strings.EqualFold(firstWord(info.Name), tag) {
			return name
		}
	}
	name, _, _ := strings.Cut(info.Name, " in use")
	return cmp.Or(message.Line(name), message.Line(f.Signature.ID))
}

func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}

// identity is how lists of weaknesses and packages name a product, by what reports call it in small letters. Only names that
// the lists have are here: a guess would find the weaknesses of another product.
type identity struct {
	cpe  string // vendor:product
	purl string // type/name
}

var identities = map[string]identity{
	"ec-cube":       {"ec-cube:ec-cube", "composer/ec-cube/ec-cube"},
	"wordpress":     {"wordpress:wordpress", ""},
	"nginx":         {"f5:nginx", ""},
	"apache":        {"apache:http_server", ""},
	"apache tomcat": {"apache:tomcat", ""},
	"php":           {"php:php", ""},
	"openssl":       {"openssl:openssl", ""},
	"elasticsearch": {"elastic:elasticsearch", ""},
	"drupal":        {"drupal:drupal", "composer/drupal/core"},
	"joomla":        {`joomla:joomla\!`, ""},
	"movable type":  {"sixapart:movable_type", ""},
	"mediawiki":     {"mediawiki:mediawiki", ""},
	"typo3":         {"typo3:typo3", "composer/typo3/cms-core"},
	"phpbb":         {"phpbb:phpbb", ""},
	"prestashop":    {"prestashop:prestashop", ""},
	"opencart":      {"opencart:opencart", ""},
	"basercms":      {"basercms:basercms", ""},
	"jquery":        {"jquery:jquery", "npm/jquery"},
	"jquery ui":     {"jqueryui:jquery_ui", "npm/jquery-ui"},
	"lodash":        {"lodash:lodash", "npm/lodash"},
	"angularjs":     {"angularjs:angularjs", "npm/angular"},
	"moment.js":     {"momentjs:moment", "npm/moment"},
	"bootstrap":     {"getbootstrap:bootstrap", "npm/bootstrap"},
	"handlebars":    {"handlebarsjs:handlebars", "npm/handlebars"},
	"vue":           {"vuejs:vue", "npm/vue"},
}

// names are the CPE and the package URL of a product with a known version, "" where there is none.
func (p product) names() (cpe, purl string) {
	id, ok := identities[strings.ToLower(p.Name)]
	if !ok || p.Version == "" {
		return "", ""
	}
	if id.cpe != "" {
		cpe = "cpe:2.3:a:" + id.cpe + ":" + cpeValue.Replace(p.Version) + ":*:*:*:*:*:*:*"
	}
	if id.purl != "" {
		purl = "pkg:" + id.purl + "@" + strings.ReplaceAll(p.Version, "+", "%2B")
	}
	return cpe, purl
}

// cpeValue quotes what is not plain in a CPE; a version has no more than this.
var cpeValue = strings.NewReplacer("-", `\-`, "+", `\+`)
