package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
)

// TestRecordedAnswers: what real servers said is read the same as on the day when they said it.
func TestRecordedAnswers(t *testing.T) {
	want := map[string][2]Access{ // open, closed
		"redis": {Open, Password}, "memcached": {Open, Password}, "mongodb": {Open, Password}, "postgresql": {Open, Password},
		"mysql": {Open, Password}, "zookeeper": {Offered, Unknown}, "kafka": {Open, Password}, "nats": {Offered, Password},
		"mqtt": {Open, Password}, "cassandra": {Open, Password}, "ldap": {Open, Password}, "vnc": {Open, Password}, "ftp": {Open, Password},
		"clickhouse": {Open, Password}, "rdp": {Greeted, Password}, "smb": {Greeted, Greeted}, "sqlserver": {Greeted, Greeted},
		"x11": {Open, Password},
	}
	for name, access := range want {
		for i, answer := range recordedAnswers[name] {
			r, err := products[name].probe(t.Context(), play([]byte(answer)))
			if err != nil || r.Access != access[i] {
				t.Errorf("%s, answer %d: %q, %v; want %q", name, i+1, r.Access, err, access[i])
			}
		}
	}
}

// TestCutAnswers: half an answer is no proof of anything open.
func TestCutAnswers(t *testing.T) {
	for name, answers := range recordedAnswers {
		if len(answers) < 2 || name == "rsync" {
			continue
		}
		whole := answers[1] // that of a closed server
		for n := range len(whole) {
			if r, err := products[name].probe(t.Context(), play([]byte(whole[:n]))); err == nil && (r.Access == Open || r.Access == Offered) {
				t.Errorf("%s: %d of %d bytes of a closed server's answer are taken for an open one", name, n, len(whole))
			}
		}
	}
}

func TestJudge(t *testing.T) {
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	counts := func(name string, n int64) map[string]int64 { return map[string]int64{name: n, "bytes": 900} }
	for name, c := range map[string]struct {
		record Record
		want   string
	}{
		"open":                 {Record{Product: "Redis", Access: Open, Counts: counts("keys", 2)}, "found [] confirmed"},
		"open_nothing_counted": {Record{Product: "PostgreSQL", Access: Open}, "found [] confirmed"},
		"open_and_empty":       {Record{Product: "Memcached", Access: Open, Counts: counts("items", 0)}, "found [empty] confirmed"},
		"weak_greeting":        {Record{Product: "SMB", Access: Greeted, Weak: []string{"smb1"}}, "found [smb1] confirmed"},
		"sound_greeting":       {Record{Product: "SMB", Version: "3.0.2", Access: Greeted}, "nothing is weak in how SMB 3.0.2 greets"},
		"nothing_to_offer":     {Record{Product: "NFS", Access: Nothing}, "NFS has nothing to offer"},
		"by_its_own_words":     {Record{Product: "NATS", Access: Offered}, "found [] possible"},
		"people_by_name":       {Record{Product: "MongoDB", Access: Open, Counts: counts("documents", 3), Personal: []string{"customers"}}, "found [personal] confirmed"},
		"people_by_field":      {Record{Product: "MySQL", Access: Open, Counts: counts("rows", 3), Kinds: []string{"mail"}}, "found [personal] confirmed"},
		"people_but_empty":     {Record{Product: "MySQL", Access: Open, Counts: counts("rows", 0), Kinds: []string{"mail"}}, "found [empty] confirmed"},
		"ransom":               {Record{Product: "MongoDB", Access: Open, Counts: counts("documents", 1), Ransom: []string{"README"}}, "found [ransom] confirmed"},
		"ransom_and_people": {
			Record{Product: "MongoDB", Access: Open, Counts: counts("documents", 9), Ransom: []string{"README"}, Personal: []string{"users"}},
			"found [ransom personal] confirmed",
		},
		"password":       {Record{Product: "Redis", Access: Password}, "Redis asks for a password"},
		"old_and_closed": {Record{Product: "RabbitMQ", Version: "3.10.8", Access: Password}, "RabbitMQ 3.10.8 (support ended 2022-09-28) asks for a password"},
		"elsewhere":      {Record{Product: "PostgreSQL", Access: Refused}, "PostgreSQL lets in other addresses only"},
		"nobody_knows":   {Record{Product: "MariaDB", Version: "11.8.2", Access: Unknown}, "failed: MariaDB 11.8.2 does not say whether it asks for a password"},
		"no_access":      {Record{Product: "X"}, "failed: X does not say whether it asks for a password"},
	} {
		t.Run(name, func(t *testing.T) {
			v := judge(c.record, day)
			got := v.Reason.String()
			switch {
			case v.Found:
				got = fmt.Sprintf("found %v %s", v.Variants, v.Certainty)
			case v.Failed:
				got = "failed: " + got
			}
			if got != c.want {
				t.Errorf("judge = %q, want %q", got, c.want)
			}
		})
	}
}

func TestValues(t *testing.T) {
	r := Record{
		Product: "MongoDB", Version: "4.4.2", TLS: true, Access: Open, Counts: map[string]int64{"databases": 1, "documents": 7},
		Names: []string{"shop", "users"}, Personal: []string{"users"}, Kinds: []string{"mail"}, Facts: map[string]string{"replica-set": "rs0"},
	}
	got := r.values(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), func(name string) string { return "<" + name + ">" })
	want := scanner.Values{
		"product": "MongoDB", "version": "4.4.2", "tls": true, "databases": int64(1), "documents": int64(7), "end-of-life": "2024-02-29", "replica-set": "rs0",
		"names": []string{"<shop>", "<users>"}, "personal-names": []string{"<users>"}, "personal-fields": []string{"mail"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("values (-want +got):\n%s", d)
	}
}

// TestNamesAreBounded: what a stranger calls his databases is cut, cleaned and counted.
func TestNamesAreBounded(t *testing.T) {
	var r Record
	for range mostNames + 5 {
		r.name("a\x1b[31mb\u202ec", 1)
	}
	if len(r.Names) != mostNames || r.Names[0] != "a[31mbc" {
		t.Errorf("%d names, the first is %q", len(r.Names), r.Names[0])
	}
}
