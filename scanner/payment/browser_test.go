package payment_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"

	"sotomi/scanner/browser"
	"sotomi/scanner/payment"
)

// chromium is a running browser for which all hosts are the shop's server; the test is skipped without one.
func chromium(t *testing.T, run *running) *browser.Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is a lab")
	}
	path, err := browser.Find(t.Context(), "")
	if err != nil {
		if errors.Is(err, browser.ErrNone) && os.Getenv("SOTOMI_LABS") != "require" {
			t.Skip("no browser is installed")
		}
		t.Fatal(err)
	}
	b, err := browser.Open(t.Context(), browser.Options{Path: path, Dial: func(ctx context.Context, _ string, _ bool) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", run.server.Listener.Addr().String())
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// rendered looks at the checkout in a browser: on all visits where some visitors are shown something else.
func (r *running) rendered(t *testing.T, b *browser.Browser) *payment.Page {
	t.Helper()
	u, err := url.Parse(placed("{shop}/checkout", r.server.URL))
	if err != nil {
		t.Fatal(err)
	}
	var looks []*browser.Look
	visits := browser.Visits()
	if r.to == nil {
		visits = visits[:1]
	}
	for _, v := range visits {
		l, err := b.Look(t.Context(), browser.Page{URL: u, Visit: v})
		if err != nil {
			t.Fatal(err)
		}
		l = payment.Complete(l, payment.LookAt(r.get(t, "/checkout", v), v))
		for i := range l.Sheets {
			if source := l.Sheets[i].Source; source != nil {
				payment.SetSheet(l, i, source)
			}
		}
		looks = append(looks, l)
	}
	return payment.NewPage(payment.WhyNamed, now, looks...)
}

// trusting is a payment.yaml whose operator trusts the vendor of the tags.
func trusting(f *payment.File) *payment.File {
	for i := range f.Scripts {
		if e := &f.Scripts[i]; strings.Contains(e.URL, "tags.localhost") {
			e.URL, e.Integrity, e.Hashes = strings.Replace(e.URL, "4.1.0", "*", 1), payment.ByVendor, nil
		}
	}
	return f
}

// TestReplicasInBrowser: every replica is found in a browser, with payment.yaml and, where it can be, without.
func TestReplicasInBrowser(t *testing.T) {
	run := serve(t)
	b := chromium(t, run)
	good := trusting(approved(t, run.rendered(t, b)))
	for _, r := range replicas() {
		t.Run(strings.ReplaceAll(r.name, " ", "_"), func(t *testing.T) {
			run.show(r.altered, r.to)
			p := run.rendered(t, b)
			differs, looks := good.Judge(p, now), payment.Suspect(p)
			if len(differs) == 0 && (r.found != "" || len(looks) == 0) {
				t.Errorf("nothing differs")
			}
			if r.suspected != "" && len(looks) == 0 {
				t.Errorf("it looks like nothing that steals")
			}
			t.Logf("%v | %v", kinds(differs), signs(looks))
		})
	}
}

// TestDeploysInBrowser: what shops change every day alarms nobody.
func TestDeploysInBrowser(t *testing.T) {
	run := serve(t)
	b := chromium(t, run)
	good := trusting(approved(t, run.rendered(t, b)))
	for _, d := range deploys() {
		t.Run(strings.ReplaceAll(d.name, " ", "_"), func(t *testing.T) {
			run.show(d.changed, d.to)
			p := run.rendered(t, b)
			if got := good.Judge(p, now); len(got) > 0 {
				t.Errorf("differs: %+v", got)
			}
			if got := payment.Suspect(p); len(got) > 0 {
				t.Errorf("signs: %+v", got)
			}
		})
	}
}
