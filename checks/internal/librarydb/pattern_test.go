package main

import (
	"slices"
	"strings"
	"testing"
)

func TestPatternOf(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		has   []string
		reach int
		gone  string // must not be in the expression
	}{
		"one_text":      {`/\*!? jQuery v(§§version§§)`, []string{" jQuery v"}, 213, ""},
		"alternatives":  {`x(?:Lo-Dash|lodash) v(§§version§§)`, []string{"Lo-Dash", "lodash"}, 211, ""},
		"any_text":      {`apiVersion: (§§version§§)[\s\S]*,data`, []string{"apiVersion: "}, 0, ""},
		"far":           {`a(§§version§§)[^\n]{0,8000}Vue compiler`, []string{"Vue compiler"}, 8214, "{0,8000}"},
		"far_and_least": {`a(§§version§§)[\s\S]{20,2500}Vue compiler`, []string{"Vue compiler"}, 2714, "{20,2500}"},
		"reference":     {`="(§§version§§)",.{50,300}(.)\.fn=(\2)\.prototype=\{jquery:`, []string{".prototype={jquery:"}, 530, `\2`},
		"look_behind":   {`="(§§version§§)(?<=[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2})"[\s\S]{1,300}__lodash_hash_undefined__`, []string{"__lodash_hash_undefined__"}, 336, `?<=`},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := patternOf(c.text)
			if err != nil || !slices.Equal(p.Has, c.has) || p.Reach != c.reach || c.gone != "" && strings.Contains(p.Re, c.gone) {
				t.Errorf("patternOf(%q) = %+v, %v", c.text, p, err)
			}
		})
	}
	for _, text := range []string{`[0-9]+(§§version§§)`, `(a)\1 jQuery`} {
		if p, err := patternOf(text); err == nil {
			t.Errorf("patternOf(%q) = %+v, want an error", text, p)
		}
	}
}

func TestReplacementOf(t *testing.T) {
	p, err := replacementOf(`/dojo.version=\{major:([0-9]+),minor:([0-9]+),patch:([0-9]+)/$1.$2.$3/`)
	if err != nil || p.Version != "$1.$2.$3" || p.Re != `dojo.version=\{major:([0-9]+),minor:([0-9]+),patch:([0-9]+)` {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestCompact(t *testing.T) {
	var l sourceLibrary
	l.Extractors.Content = []string{`library x (§§version§§)`}
	l.Vulnerabilities = []sourceVulnerability{
		{Below: "3", CWE: []string{endOfLife}, Info: []string{"https://x.test/end"}},
		{Below: "2", Severity: "low", Info: []string{"https://x.test/2"}},
		{Below: "1", Severity: "high"},
	}
	l.Vulnerabilities[2].Identifiers.CVE = []string{"CVE-2000-1"}
	list, err := compact(map[string]sourceLibrary{"x": l, left[0]: l}, map[string]bool{"CVE-2000-1": true})
	if err != nil || len(list) != 1 || len(list[0].Vulnerabilities) != 2 {
		t.Fatalf("%+v, %v; want one library with two vulnerabilities", list, err)
	}
	if v := list[0].Vulnerabilities[0]; v.IDs[0] != "CVE-2000-1" || !v.Exploited {
		t.Errorf("%+v, want an exploited CVE", v)
	}
	if v := list[0].Vulnerabilities[1]; v.IDs[0] != "https://x.test/2" || v.Exploited {
		t.Errorf("%+v, want the page about it", v)
	}
}
