package engine

import (
	"cmp"
	"net/url"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// Options of a scan. The zero value of each number is the default that its comment names.
type Options struct {
	Client     *web.Client
	Signatures []*signature.Signature     // those selected
	Helpers    []*signature.Signature     // not selected, but selected ones need what they find out; nothing is reported of them
	Wanted     func(scanner.Finding) bool // which findings of the selected ones are reported; nil is all
	Checks     scanner.Table
	Targets    *target.List
	Safety     signature.Safety // signatures above it are left out; "" is active
	Sinks      []scanner.Sink   // where results are kept; the scan ends early when the last of them has failed
	Watchers   []scanner.Sink   // told the same, but keep nothing: progress and the like

	Version      string              // for Start
	SignatureSet string              // for Start
	Renamed      []signature.Renamed // for Start
	Data         []scanner.Data      // for Start
	Settings     *scanner.Settings   // for Start

	Concurrency int           // hosts at once; 0 is 25
	InFlight    int           // steps at once within one host, that of the client; 0 is 6
	CrawlPages  int           // pages that Probe.Crawl reads of one site; 0 is 30, negative is none
	StepTimeout time.Duration // the longest that one signature may take on one target; 0 is 10 minutes
	HostTimeout time.Duration // the longest that one input may take; 0 is no limit
	MaxTime     time.Duration // the longest that the scan may take; 0 is no limit
	HashNames   bool          // reports show names that may be personal, such as those of indices, as hashes
	Wordlist    string        // of names to guess, "" for none: scanner.WordlistWordPress
	NoFollow    bool          // a site that has moved to https or to another name is not followed
	NoMerge     bool          // every request is sent, even if an identical one was: for comparing

	Ports Ports // of hosts

	Chromium string          // path of the browser that shows pages; "" for one that is found, NoChromium for none
	Payment  scanner.Payment // Pages are addresses, or paths on every target that the user named

	Narrow   map[string][]string // by signature: it asks for these addresses (path and query) and no others, where its check allows that
	Answered func(*web.Exchange) // told every answer of a target; several may be told at once

	Memory scanner.Memory // what checks have remembered in earlier scans; nil for a scan that keeps nothing for another

	Visitors []Visitor  // of --session, in order
	Pages    []*url.URL // of --page: addresses, or paths on every target that the user named
}

// NoChromium is the path of no browser.
const NoChromium = "none"

// Visitor is a test account with the name that the user gave it.
type Visitor struct {
	Name        string
	Credentials web.Credentials
}

func (o Options) withDefaults() Options {
	o.Safety = cmp.Or(o.Safety, signature.SafetyActive)
	o.Concurrency = cmp.Or(o.Concurrency, 25)
	o.InFlight = cmp.Or(o.InFlight, 6)
	o.CrawlPages = cmp.Or(o.CrawlPages, crawlPages)
	o.StepTimeout = cmp.Or(o.StepTimeout, 10*time.Minute)
	return o
}
