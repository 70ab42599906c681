package template

import (
	"crypto/sha256"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/signature"
)

// randomNames are placeholders that stand for one random word in all of a template, even in patterns, where no other
// placeholders are replaced.
var randomNames = regexp.MustCompile(`\{\{randstr(?:_[a-z0-9_]+)?\}\}`)

// withRandomWords is a copy of s with a word for each random name. The words depend on the id alone, so that two runs send
// the same bytes.
func withRandomWords(s *signature.Signature) (filled *signature.Signature, words []string) {
	var names []string
	for _, text := range allTexts(s) {
		names = append(names, randomNames.FindAllString(text, -1)...)
	}
	if len(names) == 0 {
		return s, nil
	}
	slices.Sort(names)
	random := rand.New(rand.NewChaCha8(sha256.Sum256([]byte(s.ID))))
	var pairs []string
	for _, name := range slices.Compact(names) {
		word := scanner.Token(random, 27)
		words = append(words, word)
		pairs = append(pairs, name, word)
	}
	return replaced(s, strings.NewReplacer(pairs...)), words
}

// replaced is a copy of s with r applied to all texts in which placeholders can stand.
func replaced(s *signature.Signature, r *strings.Replacer) *signature.Signature {
	list := func(texts []string) []string {
		out := make([]string, len(texts))
		for i, text := range texts {
			out[i] = r.Replace(text)
		}
		return out
	}
	c := *s
	c.Variables = slices.Clone(s.Variables)
	for i := range c.Variables {
		c.Variables[i].Value = r.Replace(c.Variables[i].Value)
	}
	c.HTTP = slices.Clone(s.HTTP)
	for i := range c.HTTP {
		h := &c.HTTP[i]
		h.Method, h.Body, h.Path, h.Raw = r.Replace(h.Method), r.Replace(h.Body), list(h.Path), list(h.Raw)
		headers := make(map[string]string, len(h.Headers))
		for name, value := range h.Headers {
			headers[r.Replace(name)] = r.Replace(value)
		}
		h.Headers = headers
		values := make(map[string]signature.Payload, len(h.Payloads))
		for name, p := range h.Payloads {
			values[name] = signature.Payload{Values: list(p.Values), File: p.File}
		}
		h.Payloads = values
		h.Matchers, h.Extractors = slices.Clone(h.Matchers), slices.Clone(h.Extractors)
		for j := range h.Matchers {
			m := &h.Matchers[j]
			m.Words, m.Regex, m.DSL = list(m.Words), list(m.Regex), list(m.DSL)
		}
		for j := range h.Extractors {
			e := &h.Extractors[j]
			e.Regex, e.DSL = list(e.Regex), list(e.DSL)
		}
	}
	return &c
}

// allTexts are the texts of a template in which placeholders can stand.
func allTexts(s *signature.Signature) []string {
	var texts []string
	for _, v := range s.Variables {
		texts = append(texts, v.Value)
	}
	for i := range s.HTTP {
		h := &s.HTTP[i]
		texts = append(append(append(texts, h.Method, h.Body), h.Path...), h.Raw...)
		for _, p := range h.Payloads {
			texts = append(texts, p.Values...)
		}
		for name, value := range h.Headers {
			texts = append(texts, name, value)
		}
		for _, m := range h.Matchers {
			texts = append(append(append(texts, m.Words...), m.DSL...), m.Regex...)
		}
		for _, e := range h.Extractors {
			texts = append(append(texts, e.DSL...), e.Regex...)
		}
	}
	return texts
}
