package main

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
)

// pattern is a regular expression over the content of a script. Group 1 is the version, unless Version makes it of several.
type pattern struct {
	Has     []string `json:"has"`               // texts of which every match contains one: looked for first, because that is fast
	Re      string   `json:"re"`                // §§version§§ stands for a version
	Reach   int      `json:"reach,omitempty"`   // runes that a match has at most; 0 for no limit
	Version string   `json:"version,omitempty"` // "$1.$2"
}

// How long a match is taken to be.
const (
	spaceLength = 200  // of a version, or of white space and the stars of a comment
	longest     = 1000 // repetitions that Go allows
)

const versionMark = "§§version§§"

// versions is what stands for versionMark, as in the source.
var versions = `[0-9][0-9.a-z_\-]+`

// replaced are the parts of the source's expressions that Go lacks, with what comes nearest.
var replaced = strings.NewReplacer(
	`(§§version§§)(?<=[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2})`, `([0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2})`,
	`(.)\.fn=(\2)\.prototype`, `[a-zA-Z]\.fn=[a-zA-Z]\.prototype`,
	`([a-z])="(§§version§§)",([a-z])=.{130,160};\3\.fn=\3\.prototype=\{jquery:\1`, `[a-z]="(§§version§§)",[a-z]=.{130,160};[a-z]\.fn=[a-z]\.prototype=\{jquery:[a-z]`,
)

var repeat = regexp.MustCompile(`(\[[^\]]*\]|\.)\{([0-9]+),([0-9]+)\}(\??)`)

// translate makes an expression of the source one of Go.
func translate(text string) string {
	return repeat.ReplaceAllStringFunc(replaced.Replace(text), func(part string) string {
		m := repeat.FindStringSubmatch(part)
		low, _ := strconv.Atoi(m[2])
		high, _ := strconv.Atoi(m[3])
		if high <= longest {
			return part
		}
		var b strings.Builder
		for ; high > longest; high -= longest {
			fmt.Fprintf(&b, "%s{%d,%d}%s", m[1], low, longest, m[4])
			low = 0
		}
		fmt.Fprintf(&b, "%s{%d,%d}%s", m[1], low, high, m[4])
		return b.String()
	})
}

func parse(text string) (*syntax.Regexp, error) {
	text = strings.ReplaceAll(text, versionMark, versions)
	if _, err := regexp.Compile(text); err != nil {
		return nil, err
	}
	return syntax.Parse(text, syntax.Perl)
}

func valid(text string) error {
	_, err := parse(text)
	return err
}

func patternOf(text string) (pattern, error) {
	p := pattern{Re: translate(text)}
	re, err := parse(p.Re)
	if err != nil {
		return p, err
	}
	if p.Has = required(re); shortest(p.Has) < 3 {
		return p, fmt.Errorf("%q: no text that every match contains", text)
	}
	p.Reach = longestMatch(re)
	return p, nil
}

// replacementOf reads "/EXPRESSION/VERSION/".
func replacementOf(text string) (pattern, error) {
	text = strings.TrimSuffix(strings.TrimPrefix(text, "/"), "/")
	at := strings.LastIndex(text, "/")
	if at < 0 {
		return pattern{}, fmt.Errorf("%q has no version", text)
	}
	version := text[at+1:]
	text = text[:at]
	if strings.Contains(text, versionMark) {
		version = "" // group 1: the others were references
	}
	p, err := patternOf(text)
	p.Version = version
	return p, err
}

// required are texts of which every match contains one, the longest that there are; none when there is no such text.
func required(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return []string{string(re.Rune)}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
	case syntax.OpAlternate:
		var texts []string
		for _, sub := range re.Sub {
			of := required(sub)
			if of == nil {
				return nil
			}
			texts = append(texts, of...)
		}
		return texts
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if texts := required(sub); shortest(texts) > shortest(best) {
				best = texts
			}
		}
		return best
	default: // may match other texts, or none
	}
	return nil
}

func shortest(texts []string) int {
	if len(texts) == 0 {
		return 0
	}
	return len(slices.MinFunc(texts, func(a, b string) int { return len(a) - len(b) }))
}

// longestMatch is how many runes a match has at most, 0 for no limit.
func longestMatch(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpQuest:
		return longestMatch(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		return repeated(re.Sub[0])
	case syntax.OpRepeat:
		if re.Max < 0 {
			return repeated(re.Sub[0])
		}
		return re.Max * longestMatch(re.Sub[0])
	case syntax.OpConcat:
		return sum(re.Sub)
	case syntax.OpAlternate:
		most := 0
		for _, sub := range re.Sub {
			n := longestMatch(sub)
			if n == 0 && sub.Op != syntax.OpEmptyMatch {
				return 0
			}
			most = max(most, n)
		}
		return most
	default: // matches no text
	}
	return 0
}

func sum(list []*syntax.Regexp) int {
	all := 0
	for _, sub := range list {
		n := longestMatch(sub)
		if n == 0 && sub.Op != syntax.OpEmptyMatch && !anchor(sub.Op) {
			return 0
		}
		all += n
	}
	return all
}

func anchor(op syntax.Op) bool {
	return slices.Contains([]syntax.Op{syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine}, op)
}

// repeated is how long a repetition without an upper limit is taken to be: limits only where it cannot be any text.
func repeated(of *syntax.Regexp) int {
	switch of.Op {
	case syntax.OpLiteral:
		return spaceLength
	case syntax.OpCharClass:
		runes := 0
		for i := 0; i < len(of.Rune); i += 2 {
			runes += int(of.Rune[i+1]-of.Rune[i]) + 1
		}
		if runes > 100 {
			return 0
		}
		return spaceLength
	default: // any text
	}
	return 0
}
