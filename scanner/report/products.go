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
	cpe   string   // vendor:product
	purl  string   // type/name
	lines []string // of releases that have these names; nil for all
}

var identities = map[string]identity{
	"ec-cube":       {"ec-cube:ec-cube", "composer/ec-cube/ec-cube", []string{"3", "4"}}, // 2 has several names, and is no package
	"wordpress":     {cpe: "wordpress:wordpress"},
	"nginx":         {cpe: "f5:nginx"},
	"apache":        {cpe: "apache:http_server"},
	"lighttpd":      {cpe: "lighttpd:lighttpd"},
	"apache tomcat": {cpe: "apache:tomcat"},
	"apache-tomcat": {cpe: "apache:tomcat"},
	"php":           {cpe: "php:php"},
	"openssl":       {cpe: "openssl:openssl"},
	"elasticsearch": {cpe: "elastic:elasticsearch"},
	"drupal":        {cpe: "drupal:drupal", purl: "composer/drupal/core"},
	"joomla":        {cpe: `joomla:joomla\!`},
	"movable type":  {cpe: "sixapart:movable_type"},
	"mediawiki":     {cpe: "mediawiki:mediawiki"},
	"typo3":         {cpe: "typo3:typo3", purl: "composer/typo3/cms-core"},
	"phpbb":         {cpe: "phpbb:phpbb"},
	"prestashop":    {cpe: "prestashop:prestashop"},
	"opencart":      {cpe: "opencart:opencart"},
	"basercms":      {cpe: "basercms:basercms"},
	"a-blog cms":    {cpe: "appleple:a-blog_cms"},
	"concrete cms":  {cpe: "concretecms:concrete_cms"},
	"jquery":        {cpe: "jquery:jquery", purl: "npm/jquery"},
	"jquery ui":     {cpe: "jqueryui:jquery_ui", purl: "npm/jquery-ui"},
	"lodash":        {cpe: "lodash:lodash", purl: "npm/lodash"},
	"angularjs":     {cpe: "angularjs:angular.js", purl: "npm/angular"},
	"angular":       {cpe: "angular:angular", purl: "npm/%40angular/core"},
	"axios":         {cpe: "axios:axios", purl: "npm/axios"},
	"moment.js":     {cpe: "momentjs:moment", purl: "npm/moment"},
	"bootstrap":     {cpe: "getbootstrap:bootstrap", purl: "npm/bootstrap"},
	"handlebars":    {cpe: "handlebarsjs:handlebars", purl: "npm/handlebars"},
	"vue":           {cpe: "vuejs:vue", purl: "npm/vue"},
}

// names are the CPE and the package URL of a product with a known version, "" where there is none.
func (p product) names() (cpe, purl string) {
	id, ok := identities[strings.ToLower(p.Name)]
	if !ok || p.Version == "" || id.lines != nil && !slices.Contains(id.lines, lineOf(p.Version)) {
		return "", ""
	}
	if id.cpe != "" {
		version, update := p.Version, "*"
		if m := updated.FindStringSubmatch(version); m != nil {
			version, update = m[1], m[2]
		}
		cpe = "cpe:2.3:a:" + id.cpe + ":" + cpeValue.Replace(version) + ":" + update + ":*:*:*:*:*:*"
	}
	if id.purl != "" {
		purl = "pkg:" + id.purl + "@" + strings.ReplaceAll(p.Version, "+", "%2B")
	}
	return cpe, purl
}

// updated is a version with a patch or a release before it: in a CPE that is a part of its own.
var updated = regexp.MustCompile(`^([0-9.]+)-((?:p|alpha|beta|rc)[0-9.]*)$`)

// cpeValue quotes what is not plain in a CPE; a version has no more than this.
var cpeValue = strings.NewReplacer("-", `\-`, "+", `\+`)
