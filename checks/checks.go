// Package checks holds the Go checks that signatures name in check:, one file a check.
//
// A stateful check has two halves: gather (sessions, concurrency, exchanges) and judge, a pure function of the exchanges
// in a file of its own.
package checks

import (
	"sotomi/checks/cacheleak"
	"sotomi/checks/elasticsearch"
	"sotomi/checks/filehash"
	"sotomi/checks/pagechange"
	"sotomi/checks/paymentpage"
	"sotomi/checks/port"
	"sotomi/checks/product"
	"sotomi/checks/scriptlibrary"
	"sotomi/checks/ssi"
	"sotomi/checks/store"
	"sotomi/checks/template"
	"sotomi/checks/transport"
	"sotomi/checks/wordpress"
	"sotomi/scanner"
)

// All is the table of checks by the name that signatures use.
var All = scanner.Table{
	"cache-leak":         cacheleak.New,
	"transport":          transport.New,
	"elasticsearch":      elasticsearch.New,
	"filehash":           filehash.New,
	"page-change":        pagechange.New,
	"payment":            paymentpage.NewInventory,
	"payment-page":       paymentpage.New,
	"port":               port.New,
	"release-range":      filehash.NewReleaseRange,
	"http":               template.New,
	"script-library":     scriptlibrary.New,
	"ssi-injection":      ssi.NewInjection,
	"ssi-sign":           ssi.NewSign,
	"store":              store.New,
	"wordpress":          wordpress.New,
	"product-release":    product.NewRelease,
	"product-weaknesses": product.NewWeaknesses,
}
