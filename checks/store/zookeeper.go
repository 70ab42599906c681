package store

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

// ZooKeeper is the probe for ZooKeeper: srvr, and ruok where that is switched off. Both are asked without a session.
func ZooKeeper(ctx context.Context, dial Dialer) (Record, error) {
	r, err := converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "ZooKeeper"}
		return r, r.zookeeperSays(t, "srvr")
	})
	if !errors.Is(err, ErrSilent) || ctx.Err() != nil {
		return r, err
	}
	second, secondErr := converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "ZooKeeper"}
		return r, r.zookeeperSays(t, "ruok")
	})
	if secondErr == nil {
		return second, nil
	}
	return r, err
}

func (r *Record) zookeeperSays(t *talk, word string) error {
	if err := t.send([]byte(word)); err != nil {
		return err
	}
	text, err := t.rest()
	if err != nil && len(text) == 0 {
		return err
	}
	said := string(text)
	switch {
	case strings.HasPrefix(said, "Zookeeper version: "):
		return r.zookeeperCounts(t, said)
	case strings.HasPrefix(said, "This ZooKeeper instance is not currently serving requests"), said == "imok":
		r.Access = Unknown
	case strings.HasPrefix(said, word+" is not executed because it is not in the whitelist."):
		r.Access = Unknown
	case said == "":
		return ErrSilent
	default:
		return ErrOther
	}
	t.note(word, said)
	return nil
}

func (r *Record) zookeeperCounts(t *talk, said string) error {
	var shown []string
	for line := range strings.Lines(said) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "Zookeeper version":
			version, _, _ := strings.Cut(value, ",")
			version, _, _ = strings.Cut(version, "-")
			r.Version = clean(version, nameLength)
			shown = append(shown, name+": "+version)
		case "Mode":
			r.fact("role", value)
			shown = append(shown, name+": "+value)
		case "Connections":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				r.count("connections", n)
			}
		case "Node count":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return ErrOther
			}
			r.Access = Offered
			r.count("nodes", n)
			shown = append(shown, name+": "+value)
		}
	}
	if r.Access != Offered || r.Version == "" {
		return ErrOther
	}
	t.note("srvr", strings.Join(shown, ", "))
	return nil
}
