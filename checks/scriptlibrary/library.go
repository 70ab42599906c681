package scriptlibrary

import (
	_ "embed" // the data
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"sotomi/checks/internal/datafile"
	"sotomi/scanner/message"
)

// librariesText is what is known of libraries. checks/internal/librarydb writes it; its licence lies beside it.
//
//go:embed libraries.txt
var librariesText string

// known are the libraries, read when a page first names a script: it takes milliseconds that most runs need not spend.
var known = sync.OnceValues(func() ([]*library, error) { return parse(datafile.Text(dataName, librariesText)) })

// library is one JavaScript library: how it is recognised, and what is known against it.
type library struct {
	Name            string            `json:"name"` // as the data writes it: "jquery"
	URI             []string          `json:"uri"`  // patterns of addresses
	File            []string          `json:"file"` // patterns of whole file names
	Content         []*pattern        `json:"content"`
	Replacement     []*pattern        `json:"replacement"` // asked only where Content says nothing
	Hashes          map[string]string `json:"hashes"`      // version by SHA-1 of the content, in hexadecimal
	Vulnerabilities []vulnerability   `json:"vulnerabilities"`

	addresses []address // of URI
	files     []*regexp.Regexp
	forms     []form // of ours
}

// address is a pattern of addresses.
type address struct {
	re   *regexp.Regexp
	weak bool // the version is not beside the library's name: it may be that of anything
}

// vulnerability is one known against the versions from From, if it is not empty, to the one before Below.
type vulnerability struct {
	From      string   `json:"from"`
	Below     string   `json:"below"`
	Except    []string `json:"except"`
	Severity  string   `json:"severity"`
	IDs       []string `json:"ids"`       // CVE numbers, else a GitHub advisory, else the address of a page about it
	Exploited bool     `json:"exploited"` // by CISA's list
}

// further are patterns of contents that the data has no pattern for.
var further = map[string][]*pattern{
	"lodash":      {{Has: []string{"curryRight partial partialRight"}, Re: `\.VERSION="(§§version§§)",[a-z]\("bind bindKey curry curryRight partial partialRight"`, Reach: 150}},
	"moment.js":   {{Has: []string{"hooks.version = '"}, Re: `\bhooks\.version = '(§§version§§)'`, Reach: 100}},
	"backbone.js": {{Has: []string{".Backbone="}, Re: `\.VERSION="(§§version§§)";.{0,20}\.noConflict=function\(\)\{[a-z]\.Backbone=`, Reach: 200}},
}

// versionMark stands for a version in the patterns of the data.
const (
	versionMark = "§§version§§"
	versionText = `[0-9][0-9.a-z_\-]+`
)

func compile(text string) (*regexp.Regexp, error) {
	return regexp.Compile(strings.ReplaceAll(text, versionMark, versionText))
}

// dataName is the name of the data file.
const dataName = "libraries.txt"

// Sources are the data file that was compiled in by its name; it says where the data is from, and of when.
func Sources() map[string]string { return map[string]string{dataName: librariesText} }

// CheckData says what is wrong with a data file.
func CheckData(text string) error {
	list, err := parse(text)
	if err == nil && len(list) == 0 {
		err = message.Errorf("no libraries in it")
	}
	return err
}

// parse reads JSON after lines that begin with #.
func parse(text string) ([]*library, error) {
	var file struct {
		Libraries []*library `json:"libraries"`
	}
	for strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
	}
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		return nil, fmt.Errorf("libraries: %w", err)
	}
	for _, l := range file.Libraries {
		for _, text := range l.URI {
			re, err := compile(text)
			if err != nil {
				return nil, fmt.Errorf("libraries: %s: %w", l.Name, err)
			}
			l.addresses = append(l.addresses, address{re, weak(text)})
		}
		for _, text := range l.File {
			re, err := compile("^(?:" + strings.TrimPrefix(text, "/") + ")$")
			if err != nil {
				return nil, fmt.Errorf("libraries: %s: %w", l.Name, err)
			}
			l.files = append(l.files, re)
		}
		l.forms = formsOf(l.Name)
		l.Content = append(l.Content, further[l.Name]...)
	}
	return file.Libraries, nil
}

var (
	optional = regexp.MustCompile(`\(\?:[^()]*\)\?`)
	word     = regexp.MustCompile(`[A-Za-z][A-Za-z0-9]`)
)

// weak reports whether a pattern of addresses names nothing before the version.
func weak(text string) bool {
	before, _, _ := strings.Cut(text, "("+versionMark)
	return !word.MatchString(optional.ReplaceAllString(before, ""))
}
