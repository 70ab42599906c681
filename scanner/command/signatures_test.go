package command

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/signatures"
)

func ownSignatures(t *testing.T) []*signature.Signature {
	t.Helper()
	set, err := signature.Load(signature.Sources{Embedded: signatures.FS})
	if err != nil {
		t.Fatal(err)
	}
	return set.Signatures
}

// results are those of the cases of each signature by its file and id, which several tests look at: made when first asked for.
var results sync.Map

// resultsOf are the results of the cases of a signature, in their order.
func resultsOf(t *testing.T, s *signature.Signature) []*sigtest.Result {
	t.Helper()
	run, _ := results.LoadOrStore(s.File+" "+s.ID, sync.OnceValues(func() (list []*sigtest.Result, err error) {
		for i := range s.Tests {
			r, err := sigtest.RunCase(context.Background(), s, &s.Tests[i], sigtest.Options{Checks: checks.All, Files: signatures.FS})
			if err != nil {
				return nil, fmt.Errorf("case %q: %w", s.Tests[i].Name, err)
			}
			list = append(list, r)
		}
		return list, nil
	}))
	list, err := run.(func() ([]*sigtest.Result, error))()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestSignatures holds every embedded signature against the rules and its own cases.
func TestSignatures(t *testing.T) {
	for _, s := range ownSignatures(t) {
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			for _, err := range signature.Lint(s) {
				t.Error(err)
			}
			for i, r := range resultsOf(t, s) {
				if err := sigtest.Judge(s, &s.Tests[i], r); err != nil {
					t.Errorf("%s: case %q: %v", s.File, s.Tests[i].Name, err)
				}
			}
		})
	}
}

// TestSignaturesStayQuiet runs all signatures on servers that answer to anything, refuse everything or are no web
// servers worth the name.
func TestSignaturesStayQuiet(t *testing.T) {
	sigs := ownSignatures(t)
	for name, h := range sigtest.Noise() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := sigtest.Scan(t.Context(), h, nil, sigtest.Options{Checks: checks.All}, sigs...)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Findings {
				if carried(f) {
					continue
				}
				t.Errorf("%s finds something: %s %v\n%s", f.Signature.ID, f.Hit.URL, f.Hit.Values, f.Hit.Evidence[0].Response)
			}
			if len(r.Outcomes) != len(sigs) {
				t.Errorf("%d outcomes of %d signatures", len(r.Outcomes), len(sigs))
			}
		})
	}
}

// inventory reports whether both name what a site is made with: one page may say much of that.
func inventory(a, b *signature.Signature) bool {
	return slices.Contains(a.Info.Tags, "product") && slices.Contains(b.Info.Tags, "product")
}

// behind reports whether one says that a port is open and the other what lies open behind it.
func behind(a, b *signature.Signature) bool {
	if a.Check == "store" {
		a, b = b, a
	}
	product, _, _ := strings.Cut(b.ID, "-")
	return a.Check == "port" && b.Check == "store" && a.ID == "port-"+product
}

// saysMore reports whether one tells what lies open behind a port, so that the other need not say that it is open.
func saysMore(a, b *signature.Signature) bool {
	return a.Check == "store" && b.Check == "port" && behind(a, b)
}

// carried reports a finding about how a site is carried and not what it shows: servers on loopback are carried as they are.
func carried(f scanner.Finding) bool { return slices.Contains(f.Signature.Info.Tags, "transport") }

// TestSignaturesOnCatchAll serves what a signature looks for at every address: then it means nothing.
func TestSignaturesOnCatchAll(t *testing.T) {
	for _, s := range ownSignatures(t) {
		if len(s.HTTP) == 0 {
			continue
		}
		for i := range s.Tests {
			c := &s.Tests[i]
			if len(c.Want) == 0 || len(c.Serve) != 1 || c.Serve["/"].Body+c.Serve["/"].Base64+c.Serve[c.Path].Body != "" {
				continue // the site's own page is what it is
			}
			if slices.ContainsFunc(slices.Collect(maps.Values(c.Serve)), func(r signature.CaseResponse) bool { return r.Status == http.StatusNotFound }) {
				continue // an error page is the very thing that a site says about addresses that cannot exist
			}
			t.Run(s.ID+"/"+c.Name, func(t *testing.T) {
				t.Parallel()
				r, err := sigtest.Scan(t.Context(), everywhere(t, s, c), c, sigtest.Options{Checks: checks.All}, s)
				if err != nil {
					t.Fatal(err)
				}
				elsewhere := slices.DeleteFunc(r.Findings, func(f scanner.Finding) bool {
					u, err := url.Parse(f.Hit.URL)
					return err == nil && u.Path == "/"
				})
				if len(elsewhere) > 0 || r.Summary.Suppressed == 0 && len(r.Findings) == 0 && !ownControl(s) {
					t.Errorf("%d findings, %d suppressed; want none and at least one", len(elsewhere), r.Summary.Suppressed)
				}
			})
		}
	}
}

// ownControl reports whether a signature itself asks for an address that cannot exist.
func ownControl(s *signature.Signature) bool {
	return slices.ContainsFunc(s.HTTP, func(b signature.HTTP) bool {
		return slices.ContainsFunc(b.Path, func(p string) bool { return strings.Contains(p, "{{randstr}}") })
	})
}

func everywhere(t *testing.T, s *signature.Signature, c *signature.Case) http.Handler {
	t.Helper()
	h, err := sigtest.Handler(s, c, signatures.FS)
	if err != nil {
		t.Fatal(err)
	}
	var only string
	for at := range c.Serve {
		only = at
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RequestURI = only
		h.ServeHTTP(w, r)
	})
}

// releaseRange is the check of signatures that ask nothing: they follow from the release that another one told.
const releaseRange = "release-range"

// productWeaknesses is the same for what is published against a product.
const productWeaknesses = "product-weaknesses"

// alike are signatures that rightly find something on another's server.
var alike = map[string][]string{
	"git-exposed":       {"directory-listing"},
	"directory-listing": {"default-page"},
	"default-page":      {"tomcat"},
	"tomcat":            {"default-page"},

	"eccube2-default-admin":   {"eccube-admin-plain-http"},
	"eccube3-default-admin":   {"eccube-admin-plain-http"},
	"eccube4-default-admin":   {"eccube-admin-plain-http"},
	"eccube-admin-plain-http": {"eccube2-default-admin", "eccube4-default-admin"},
	"eccube4-manifest":        {"docker-files"},
	"eccube4-debug":           {"symfony-profiler"},
	"eccube-cve-2021-20778":   {"eccube4-env-file"},

	"grafana-anonymous":    {"grafana-login"},
	"prometheus-admin-api": {"prometheus-server"},

	"dokuwiki-data-served": {"site-generator"},
	"dokuwiki-open-edit":   {"site-generator"},
	"dokuwiki-setup-open":  {"dokuwiki-open-edit", "site-generator"},

	"nfs-open":              {"port-other"}, // the port of the portmapper
	"payment-page-approved": {"payment-page-inventory", "payment-page-skimmer"},
	"payment-page-skimmer":  {"payment-page-inventory"},

	"site-generator":        {"wordpress-weaknesses"},
	"wordpress":             {"wordpress-components", "wordpress-end-of-life", "wordpress-weaknesses"},
	"wordpress-components":  {"wordpress", "wordpress-weaknesses"},
	"wordpress-end-of-life": {"wordpress-weaknesses"},
	"wordpress-uploads-php": {"directory-listing"},

	"cache-leak":              {"cache-personal-storable", "session-mixup"},
	"cache-personal-storable": {"cache-leak", "session-mixup"},
	"session-mixup":           {"cache-leak", "cache-personal-storable"},
}

// TestSignaturesCrossfire runs all signatures on the server of each one's positive cases; a short run, of every
// eighth.
func TestSignaturesCrossfire(t *testing.T) {
	sigs := ownSignatures(t)
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0) * 2)
	for n, s := range sigs {
		if s.Check == releaseRange || s.Check == productWeaknesses || testing.Short() && n%8 != 0 {
			continue // the cases of these checks serve nothing
		}
		for i := range s.Tests {
			c := &s.Tests[i]
			if len(c.Want) == 0 {
				continue
			}
			group.Go(func() error {
				h, err := sigtest.Handler(s, c, signatures.FS)
				if err != nil {
					return err
				}
				r, err := sigtest.Scan(t.Context(), h, c, sigtest.Options{Checks: checks.All}, sigs...)
				if err != nil {
					return err
				}
				if r.Outcomes[s.ID].Status != scanner.StatusFound && !slices.ContainsFunc(r.Findings, func(f scanner.Finding) bool { return saysMore(f.Signature, s) }) {
					t.Errorf("%s: case %q: not found among the others: %+v", s.ID, c.Name, r.Outcomes[s.ID])
				}
				for _, f := range r.Findings {
					if f.Signature.ID != s.ID && !carried(f) && f.Signature.Check != releaseRange && f.Signature.Check != productWeaknesses && !inventory(f.Signature, s) && !behind(f.Signature, s) && !slices.Contains(alike[s.ID], f.Signature.ID) {
						t.Errorf("%s also matches the server of %s, case %q:\n%s", f.Signature.ID, s.ID, c.Name, strings.TrimSpace(f.Hit.Evidence[0].Response))
					}
				}
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}
