package sigtest

import (
	"context"
	"encoding/json"
	"net/http"

	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
)

// earlierScans are those of a case that says what was served before.
const earlierScans = 6

// turning is a server that serves something else from one scan to the next.
type turning struct{ now http.Handler }

func (t *turning) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.now.ServeHTTP(w, r) }

// earlier makes the scans before the one that counts, and lets that one know what they have remembered.
func (t *turning) earlier(ctx context.Context, o *engine.Options, c *signature.Case) error {
	if c == nil || len(c.Before) == 0 {
		return nil
	}
	before, err := scripted(&signature.Case{Name: c.Name, Serve: c.Before})
	if err != nil {
		return err
	}
	h := t.now
	t.now = before // no scan is under way
	defer func() { t.now = h }()
	known := memory{}
	o.Memory = known
	for range earlierScans {
		earlier, sink := *o, &scanner.Collector{}
		earlier.Sinks = []scanner.Sink{sink}
		if _, err := engine.Run(ctx, earlier); err != nil {
			return err
		}
		for _, info := range sink.Targets {
			for _, m := range info.Memory {
				known[key{m.Signature, info.Target, m.Name}] = m.Value
			}
		}
	}
	return nil
}

type key struct{ signature, target, name string }

// memory is what checks remember from scan to scan.
type memory map[key]json.RawMessage

// Recall gives what was remembered.
func (m memory) Recall(_ context.Context, sig, target string) (map[string]json.RawMessage, error) {
	values := map[string]json.RawMessage{}
	for k, value := range m {
		if k.signature == sig && k.target == target && len(value) > 0 {
			values[k.name] = value
		}
	}
	return values, nil
}
