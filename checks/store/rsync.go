package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// mostModules are asked whether they want a password; the others are counted.
const mostModules = 10

// Rsync is the probe for rsync daemons. It asks for the list of modules, and of each whether it wants a password, by its
// name alone; no file is listed.
func Rsync(ctx context.Context, dial Dialer) (Record, error) {
	r, err := converse(ctx, dial, rsyncList)
	if err != nil {
		return r, err
	}
	open, password := 0, 0
	for _, name := range r.Names[:min(mostModules, len(r.Names))] {
		said, heard, err := converseOnce(ctx, dial, r.TLS, func(t *talk) (Record, error) { return rsyncModule(t, name) })
		if err != nil {
			if ctx.Err() != nil || heard == nil {
				return r, err
			}
			continue
		}
		r.Lines = append(r.Lines, said.Lines...)
		switch said.Access {
		case Open:
			open++
			r.means(name, -1)
		case Password:
			password++
		default: // says nothing about its files
		}
	}
	r.count("open-modules", int64(open))
	switch {
	case open > 0:
		r.Access = Open
	case password > 0:
		r.Access = Password
	case len(r.Names) > 0:
		r.Access = Refused
	default:
		r.Access = Unknown // modules may be kept off the list
	}
	return r, nil
}

func rsyncList(t *talk) (Record, error) {
	r := Record{Product: "rsync"}
	if err := r.rsyncHello(t); err != nil {
		return r, err
	}
	if err := t.send([]byte("\n")); err != nil {
		return r, err
	}
	r.count("modules", 0)
	for range mostNames {
		line, err := t.line()
		if err != nil {
			return r, err
		}
		if strings.HasPrefix(line, "@RSYNCD: EXIT") {
			t.note("list of modules", fmt.Sprintf("%d modules", r.Counts["modules"]))
			return r, nil
		}
		if strings.HasPrefix(line, "@ERROR") {
			return r, nil
		}
		name, _, isModule := strings.Cut(line, "\t")
		if name = strings.TrimSpace(name); isModule && name != "" && !strings.HasPrefix(name, "@") && clean(name, nameLength) == name {
			r.count("modules", 1)
			r.Names = append(r.Names, name)
		}
	}
	return r, nil
}

// rsyncHello answers the greeting with the version of the protocol that came.
func (r *Record) rsyncHello(t *talk) error {
	greeting, err := t.line()
	if err != nil {
		return err
	}
	version, ok := strings.CutPrefix(greeting, "@RSYNCD: ")
	number, digests, _ := strings.Cut(version, " ")
	if !ok || strings.Trim(number, "0123456789.") != "" || number == "" || len(number) > 8 {
		return ErrOther
	}
	r.fact("protocol", number)
	reply := "@RSYNCD: " + number
	if digests != "" {
		reply += " md5"
	}
	return t.send([]byte(reply + "\n"))
}

func rsyncModule(t *talk, name string) (Record, error) {
	r := Record{}
	if err := r.rsyncHello(t); err != nil {
		return r, err
	}
	if err := t.send([]byte(name + "\n")); err != nil {
		return r, err
	}
	for range 100 { // lines of the message of the day
		line, err := t.line()
		if err != nil {
			return r, err
		}
		for prefix, access := range map[string]Access{"@RSYNCD: OK": Open, "@RSYNCD: AUTHREQD": Password, "@ERROR": Refused} {
			if strings.HasPrefix(line, prefix) {
				r.Access = access
				t.note("a module by its name", prefix)
				return r, nil
			}
		}
	}
	return r, errors.New("a message of the day without end")
}
