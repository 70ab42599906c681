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
	said, err := t.line()
	if err != nil && said == "" {
		return err
	}
	t.note(word, said)
	switch {
	case strings.HasPrefix(said, "Zookeeper version: "):
		return r.zookeeperCounts(t, said)
	case strings.HasPrefix(said, "This ZooKeeper instance is not currently serving requests"), said == "imok",
		strings.HasPrefix(said, word+" is not executed because it is not in the whitelist."):
		r.Access = Unknown
		return nil
	}
	return ErrOther
}

// zookeeperCounts reads on to the last line, the number of nodes.
func (r *Record) zookeeperCounts(t *talk, line string) error {
	for range 30 {
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "Zookeeper version":
			version, _, _ := strings.Cut(value, ",")
			version, _, _ = strings.Cut(version, "-")
			r.Version = clean(version, nameLength)
		case "Mode":
			r.fact("role", value)
		case "Connections":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				r.count("connections", n)
			}
		case "Node count":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || r.Version == "" {
				return ErrOther
			}
			r.Access = Offered
			r.count("nodes", n)
			t.note("", line)
			return nil
		}
		var err error
		if line, err = t.line(); err != nil {
			return err
		}
	}
	return ErrOther
}
