// Package checks holds the Go checks that signatures name in check:, one file a check.
//
// A stateful check has two halves: gather (sessions, concurrency, exchanges) and judge, a pure function of the exchanges
// in a file of its own.
package checks

import "sotomi/scanner"

// All is the table of checks by the name that signatures use.
var All = scanner.Table{
	"cache-leak":    newCacheLeak,
	"transport":     newTransport,
	"elasticsearch": NewElasticsearch,
	"filehash":      NewFileHash,
	"payment-page":  NewPaymentPage,
	"release-range": NewReleaseRange,
	"http":          NewHTTP,
	"ssi-injection": NewSSIInjection,
	"ssi-sign":      NewSSISign,
}
