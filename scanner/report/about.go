package report

import (
	"hash/fnv"
	"net/url"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// hosts counts the hosts of targets, of which there may be several on one host.
type hosts struct {
	last string // target
	seen map[uint64]struct{}
}

func (h *hosts) add(target string) {
	if target == h.last {
		return
	}
	h.last = target
	name := target
	if u, err := url.Parse(target); err == nil && u.Host != "" {
		name = strings.ToLower(u.Hostname())
	}
	if h.seen == nil {
		h.seen = map[uint64]struct{}{}
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name)) // has no error
	h.seen[hash.Sum64()] = struct{}{}
}

func (h *hosts) count() int { return len(h.seen) }

// about says in one line which scan it was.
func about(start scanner.Start, s scanner.Summary, hosts int, language string) string {
	words := message.In(language)
	const named = 5
	targets := strings.Join(printable(start.Targets[:min(len(start.Targets), named)]), ", ")
	if more := len(start.Targets) - named; more > 0 {
		targets += " " + words.Say("more", map[string]any{"N": more})
	}
	when := ""
	if !start.Time.IsZero() {
		when = start.Time.UTC().Format("2006-01-02 15:04") + " UTC"
	}
	version := strings.TrimSpace("sotomi " + message.Line(start.Version))
	set := ""
	if start.SignatureSet != "" {
		set = words.Say("about-signatures", map[string]any{"Set": message.Line(start.SignatureSet)})
	}
	cost := words.Count("cost", int(s.Requests), map[string]any{"Seconds": seconds(s.Took)})
	from := ""
	if len(s.Asked) > 0 {
		from = words.Say("about-from", map[string]any{"Addresses": strings.Join(printable(s.Asked), ", ")})
	}
	parts := []string{version, set, when, targets, sites(s, hosts, words), cost, from, dataDates(start, words)}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " · ")
}

// sites says how many there are, and on how many hosts when these are fewer.
func sites(s scanner.Summary, hosts int, words message.Language) string {
	text := words.Count("targets", s.Targets, nil)
	if hosts == 0 || hosts >= s.Targets {
		return text
	}
	return words.Count("sites-of-hosts", hosts, map[string]any{"Sites": text})
}

// dataDates says of which days the data are that the program carries, "" when it carries none.
func dataDates(start scanner.Start, words message.Language) string {
	if len(start.Data) == 0 {
		return ""
	}
	oldest, newest := start.Data[0], start.Data[len(start.Data)-1]
	return words.Say("about-data", map[string]any{"From": message.Line(oldest.Date), "Name": message.Line(oldest.Name), "To": message.Line(newest.Date)})
}
