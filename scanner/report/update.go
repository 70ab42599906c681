package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// updateOf is the product that an update mends, as people call it, and the releases that have the fix, when the finding
// names them; "" when the finding is of another kind.
func updateOf(f scanner.Finding) (product string, releases []string) {
	values := f.Hit.Values
	fixed := textsOf(values["fixed"])
	for _, name := range []string{"library", "plugin", "theme", "product"} {
		if text, ok := values[name].(string); ok && text != "" && (len(fixed) > 0 || values["update"] != nil) {
			return message.Line(text), fixed
		}
	}
	if !slices.Contains(f.Signature.Info.Tags, "advisory") || len(fixed) == 0 && values["update"] == nil {
		return "", nil
	}
	for _, tag := range f.Signature.Info.Tags {
		if tag != "advisory" && tag != "cve" {
			return productName(f, tag), fixed
		}
	}
	return "", nil
}

// productName is what the title of a finding calls the product with a tag: "EC-CUBE" in "EC-CUBE: ..." for eccube.
func productName(f scanner.Finding, tag string) string {
	info, _ := f.Signature.For(f.Hit.Variant)
	plain := func(text string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, text)
	}
	for at, r := range info.Name + " " {
		if (r == ' ' || r == ':') && plain(info.Name[:at]) == plain(tag) {
			return message.Line(info.Name[:at])
		}
	}
	return message.Line(tag)
}

// textsOf are the texts of a value: one, or a list, also one read back from JSON.
func textsOf(value any) []string {
	var list []string
	switch v := value.(type) {
	case string:
		for text := range strings.SplitSeq(v, ",") {
			list = append(list, text)
		}
	case []string:
		list = slices.Clone(v)
	case []any:
		for _, one := range v {
			if text, ok := one.(string); ok {
				list = append(list, text)
			}
		}
	}
	for i, text := range list {
		list[i] = strings.TrimSpace(message.Line(text))
	}
	return slices.DeleteFunc(list, func(text string) bool { return text == "" })
}

// lineOf is the line of releases that one belongs to: sites seldom leave it for a fix.
func lineOf(release string) string {
	major, _, _ := strings.Cut(release, ".")
	return major
}

// compareReleases orders releases as people number them: 4.0.6 comes before 4.0.6-p1, that before 4.0.10, and -alpha, -beta
// and -rc before the release itself.
func compareReleases(a, b string) int {
	one, other := releaseParts(a), releaseParts(b)
	for i := range max(len(one), len(other)) {
		if d := comparePart(at(one, i), at(other, i)); d != 0 {
			return d
		}
	}
	return 0
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// releaseParts are the runs of digits and of letters.
func releaseParts(release string) []string {
	var parts []string
	kind := ' '
	for _, r := range strings.ToLower(release) {
		k := ' '
		switch {
		case r >= '0' && r <= '9':
			k = '0'
		case unicode.IsLetter(r):
			k = 'a'
		}
		switch k {
		case ' ':
		case kind:
			parts[len(parts)-1] += string(r)
		default:
			parts = append(parts, string(r))
		}
		kind = k
	}
	return parts
}

// comparePart compares two parts; "" is where a release ended.
func comparePart(a, b string) int {
	order := func(part string) int {
		switch {
		case slices.Contains([]string{"alpha", "beta", "rc", "dev"}, part):
			return 0
		case part == "":
			return 1
		case unicode.IsLetter(rune(part[0])):
			return 2
		}
		return 3
	}
	if d := order(a) - order(b); d != 0 || order(a) != 3 {
		return cmp.Or(d, strings.Compare(a, b))
	}
	one, _ := strconv.Atoi(a) // too long a number is the largest
	other, _ := strconv.Atoi(b)
	return one - other
}
