package pagechange

import (
	"regexp"
	"strings"
)

var (
	// gone are declarations that leave nothing to see.
	gone = regexp.MustCompile(`(?:^|;)(?:display:none|visibility:(?:hidden|collapse)|opacity:0(?:\.0+)?|font-size:(?:0|1px|0px)|(?:left|top|right|bottom|text-indent|margin-left|margin-top):-\d{3,}\w*|clip:rect\((?:0|1px)|(?:height|max-height):[01](?:px)?(?:;.*)?overflow:hidden|overflow:hidden;(?:.*;)?(?:height|max-height):[01](?:px)?|transform:(?:scale\(0\)|translate[xy]?\(-\d{3,}))`)
	// offScreen are those that nothing ever shows again, as it does menus.
	offScreen = regexp.MustCompile(`(?:^|;)(?:opacity:0(?:\.0+)?(?:;|$)|font-size:(?:0|1px|0px)|(?:left|top|right|bottom|text-indent|margin-left|margin-top):-\d{3,}|(?:height|max-height):[01](?:px)?(?:;.*)?overflow:hidden|overflow:hidden;(?:.*;)?(?:height|max-height):[01](?:px)?)`)

	ruleOf    = regexp.MustCompile(`(?s)([^{}]+)\{([^{}]*)\}`)
	important = strings.NewReplacer(" ", "", "\t", "", "\n", "", "\r", "", "!important", "")
)

// hiddenBy is how well something is hidden.
type hiddenBy int

// How well something is hidden.
const (
	seen   hiddenBy = iota
	folded          // as menus and dialogs are until they are opened
	buried          // in a way in which nothing is shown again
)

// hides is how well a style hides an element.
func hides(style string) hiddenBy {
	style = important.Replace(strings.ToLower(style))
	switch {
	case offScreen.MatchString(style):
		return buried
	case gone.MatchString(style):
		return folded
	}
	return seen
}

// hidingRules are the classes and ids that the style sheets within a page hide, for all screens.
func hidingRules(css string) map[string]hiddenBy {
	rules := map[string]hiddenBy{}
	const most = 2000
	for _, m := range ruleOf.FindAllStringSubmatch(css[:min(len(css), scriptRead)], most) {
		how := hides(m[2])
		if how == seen {
			continue
		}
		for selector := range strings.SplitSeq(m[1], ",") {
			selector = strings.TrimSpace(selector)
			if simple.MatchString(selector) {
				rules[strings.ToLower(selector)] = how
			}
		}
	}
	return rules
}

// simple is a selector of one class or id and nothing else.
var simple = regexp.MustCompile(`^[A-Za-z]*[.#][A-Za-z_-][\w-]*$`)

// hiddenByAttributes is how well an element hides itself.
func hiddenByAttributes(tag string, a map[string]string, rules map[string]hiddenBy) hiddenBy {
	how := hides(a["style"])
	if _, is := a["hidden"]; is {
		how = max(how, folded)
	}
	look := func(mark, name string) {
		name = strings.ToLower(name)
		how = max(how, rules[mark+name], rules[tag+mark+name])
	}
	for class := range strings.FieldsSeq(a["class"]) {
		look(".", class)
	}
	if id := a["id"]; id != "" {
		look("#", id)
	}
	return how
}

// tiny reports whether a frame has no size to speak of.
func tiny(a map[string]string) bool {
	small := func(v string) bool {
		v = strings.TrimSuffix(strings.TrimSpace(strings.ToLower(v)), "px")
		return v == "0" || v == "1" || v == "2"
	}
	if small(a["width"]) || small(a["height"]) {
		return true
	}
	return tinyStyle.MatchString(important.Replace(strings.ToLower(a["style"])))
}

var tinyStyle = regexp.MustCompile(`(?:^|;)(?:width|height):[012](?:px)?(?:;|$)`)
