package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sourceLibrary is a library as the source writes it.
type sourceLibrary struct {
	Extractors struct {
		URI         []string          `json:"uri"`
		FileName    []string          `json:"filename"`
		Content     []string          `json:"filecontent"`
		Replacement []string          `json:"filecontentreplace"`
		Hashes      map[string]string `json:"hashes"`
	} `json:"extractors"`
	Vulnerabilities []sourceVulnerability `json:"vulnerabilities"`
}

type sourceVulnerability struct {
	From        string   `json:"atOrAbove"`
	Below       string   `json:"below"`
	Excludes    []string `json:"excludes"`
	Severity    string   `json:"severity"`
	CWE         []string `json:"cwe"`
	Identifiers struct {
		CVE  []string `json:"CVE"`
		GHSA string   `json:"githubID"`
	} `json:"identifiers"`
	Info []string `json:"info"`
}

// library is one as checks/scriptlibrary reads it.
type library struct {
	Name            string            `json:"name"`
	URI             []string          `json:"uri,omitempty"`
	File            []string          `json:"file,omitempty"`
	Content         []pattern         `json:"content,omitempty"`
	Replacement     []pattern         `json:"replacement,omitempty"`
	Hashes          map[string]string `json:"hashes,omitempty"`
	Vulnerabilities []vulnerability   `json:"vulnerabilities,omitempty"`
}

type vulnerability struct {
	From      string   `json:"from,omitempty"`
	Below     string   `json:"below"`
	Except    []string `json:"except,omitempty"`
	Severity  string   `json:"severity"`
	IDs       []string `json:"ids"`
	Exploited bool     `json:"exploited,omitempty"`
}

// left are entries of the source that are no libraries.
var left = []string{"retire-example", "dont check"}

// endOfLife marks entries that are no vulnerabilities: the line gets no fixes any more.
const endOfLife = "CWE-1104"

func compact(all map[string]sourceLibrary, inUse map[string]bool) ([]library, error) {
	var list []library
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if slices.Contains(left, name) {
			continue
		}
		from := all[name]
		l := library{Name: name, URI: from.Extractors.URI, File: from.Extractors.FileName, Hashes: from.Extractors.Hashes}
		for _, text := range slices.Concat(l.URI, l.File) {
			if err := valid(text); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		for _, text := range from.Extractors.Content {
			p, err := patternOf(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			l.Content = append(l.Content, p)
		}
		for _, text := range from.Extractors.Replacement {
			p, err := replacementOf(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			l.Replacement = append(l.Replacement, p)
		}
		for _, v := range from.Vulnerabilities {
			if slices.Contains(v.CWE, endOfLife) {
				continue
			}
			l.Vulnerabilities = append(l.Vulnerabilities, vulnerabilityOf(v, inUse))
		}
		slices.SortStableFunc(l.Vulnerabilities, func(a, b vulnerability) int {
			return cmp.Or(strings.Compare(a.IDs[0], b.IDs[0]), strings.Compare(a.From, b.From), strings.Compare(a.Below, b.Below))
		})
		list = append(list, l)
	}
	return list, nil
}

// vulnerabilityOf names a vulnerability by its CVE, else by its GitHub advisory, else by a page about it.
func vulnerabilityOf(from sourceVulnerability, inUse map[string]bool) vulnerability {
	v := vulnerability{From: from.From, Below: from.Below, Except: from.Excludes, Severity: from.Severity, IDs: from.Identifiers.CVE}
	switch {
	case len(v.IDs) > 0:
	case from.Identifiers.GHSA != "":
		v.IDs = []string{from.Identifiers.GHSA}
	default:
		v.IDs = from.Info[:1]
	}
	v.Exploited = slices.ContainsFunc(v.IDs, func(id string) bool { return inUse[id] })
	return v
}
