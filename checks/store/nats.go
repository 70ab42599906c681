package store

import (
	"context"
	"encoding/json"
	"strings"
)

// NATS is the probe for NATS, which introduces itself; nothing is sent.
func NATS(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "NATS"}
		line, err := t.line()
		if err != nil {
			return r, err
		}
		text, ok := strings.CutPrefix(line, "INFO ")
		var info struct {
			ID        string `json:"server_id"`
			Version   string `json:"version"`
			Cluster   string `json:"cluster"`
			Auth      bool   `json:"auth_required"`
			Verify    bool   `json:"tls_verify"`
			JetStream bool   `json:"jetstream"`
			Nonce     string `json:"nonce"`
		}
		if !ok || json.Unmarshal([]byte(text), &info) != nil || info.ID == "" || info.Version == "" {
			return r, ErrOther
		}
		r.Version = clean(info.Version, nameLength)
		r.fact("cluster", info.Cluster)
		if info.JetStream {
			r.fact("jetstream", "on")
		}
		r.Access = Offered
		if info.Auth || info.Verify || info.Nonce != "" {
			r.Access = Password
		}
		t.note("", "INFO version "+info.Version+map[bool]string{true: ", a log-in is asked for", false: ", no log-in is asked for"}[r.Access == Password])
		return r, nil
	})
}
