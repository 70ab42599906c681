package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Redis is the probe for Redis and what speaks its protocol: Valkey, KeyDB, Dragonfly, Redict. It sends PING and INFO, and
// DBSIZE where INFO is not to be had.
func Redis(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "Redis"}
		answer, err := t.redis("PING")
		if err != nil {
			return r, err
		}
		if decided, err := r.redisRefusal(answer); decided || err != nil {
			return r, err
		}
		if answer != "+PONG" && !strings.HasPrefix(answer, "-LOADING ") && !strings.HasPrefix(answer, "-MASTERDOWN ") && !strings.HasPrefix(answer, "-NOPERM ") {
			return r, ErrOther
		}
		return r, r.redisCounts(t)
	})
}

// redisRefusal reads an answer that says whom the server lets in.
func (r *Record) redisRefusal(answer string) (decided bool, err error) {
	switch {
	case strings.HasPrefix(answer, "-NOAUTH "), strings.HasPrefix(answer, "-ERR operation not permitted"):
		r.Access = Password
	case strings.HasPrefix(answer, "-DENIED "):
		r.Access = Refused
		r.fact("protected-mode", "on")
	case strings.HasPrefix(answer, "-ERR max number of clients"):
		return false, ErrBusy
	}
	return r.Access != "", nil
}

func (r *Record) redisCounts(t *talk) error {
	info, err := t.redis("INFO")
	if err != nil {
		return err
	}
	if decided, err := r.redisRefusal(info); decided || err != nil {
		return err
	}
	if strings.HasPrefix(info, "$") && r.redisInfo(info[1:]) {
		r.Access = Open
		return nil
	}
	size, err := t.redis("DBSIZE")
	if err != nil {
		return err
	}
	if decided, err := r.redisRefusal(size); decided || err != nil {
		return err
	}
	if keys, err := strconv.ParseInt(strings.TrimPrefix(size, ":"), 10, 64); err == nil && keys >= 0 && size[0] == ':' && strings.HasPrefix(info, "-") {
		r.Access = Open
		r.count("keys", keys)
		return nil
	}
	if strings.HasPrefix(info, "-NOPERM ") && strings.HasPrefix(size, "-NOPERM ") {
		r.Access = Password // the user without a password may do nothing
		return nil
	}
	return ErrOther
}

// redis sends one command without arguments. The answer is its first line; that of a bulk string "$" and its text.
func (t *talk) redis(command string) (string, error) {
	if err := t.send(fmt.Appendf(nil, "*1\r\n$%d\r\n%s\r\n", len(command), command)); err != nil {
		return "", err
	}
	answer, err := t.line()
	if err != nil {
		return "", err
	}
	length, bulk := strings.CutPrefix(answer, "$")
	if !bulk {
		t.note(command, answer)
		return answer, nil
	}
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 {
		return "", ErrOther
	}
	text, err := t.block(n)
	if err != nil {
		return "", err
	}
	t.note(command, redisShown(string(text)))
	return "$" + string(text), nil
}

// redisShown are the lines of INFO that say what is counted.
func redisShown(info string) string {
	var shown []string
	for line := range strings.Lines(info) {
		for _, prefix := range []string{"redis_version:", "valkey_version:", "redis_mode:", "role:", "used_memory:", "db"} {
			if strings.HasPrefix(line, prefix) {
				shown = append(shown, strings.TrimSpace(line))
			}
		}
	}
	return strings.Join(shown, " ")
}

// redisInfo reads the answer to INFO, and reports whether it is one.
func (r *Record) redisInfo(info string) bool {
	fields := map[string]string{}
	for line := range strings.Lines(info) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		fields[name] = value
		if db, isDB := strings.CutPrefix(name, "db"); isDB && isNumber(db) {
			keys, _, _ := strings.Cut(strings.TrimPrefix(value, "keys="), ",")
			if n, err := strconv.ParseInt(keys, 10, 64); err == nil && n > 0 {
				r.count("databases", 1)
				r.count("keys", n)
			}
		}
	}
	r.Version = clean(fields["redis_version"], nameLength)
	if r.Version == "" {
		return false
	}
	r.count("databases", 0)
	r.count("keys", 0)
	if bytes, err := strconv.ParseInt(fields["used_memory"], 10, 64); err == nil {
		r.count("bytes", bytes)
	}
	_, keydb := fields["mvcc_depth"]
	for _, other := range []struct{ product, version string }{
		{"Valkey", fields["valkey_version"]}, {"Dragonfly", strings.TrimPrefix(fields["dragonfly_version"], "df-v")}, {"Redict", fields["redict_version"]},
	} {
		if other.version != "" {
			r.Product, r.Version = other.product, clean(other.version, nameLength)
		}
	}
	if keydb {
		r.Product = "KeyDB"
	}
	r.fact("mode", fields["redis_mode"])
	r.fact("role", fields["role"])
	return true
}

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 32)
	return err == nil
}
