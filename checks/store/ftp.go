package store

import (
	"context"
	"regexp"
	"strings"
)

// FTP is the probe for FTP: it reads the greeting and sends nothing.
func FTP(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "FTP"}
		return r, r.ftpGreeting(t)
	})
}

// FTPLogin also logs in as anonymous, which is a log-in: only for scans that the user allows to. No file is listed.
func FTPLogin(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "FTP"}
		if err := r.ftpGreeting(t); err != nil || r.Access != Unknown {
			return r, err
		}
		for _, command := range []string{"USER anonymous", "PASS anonymous@"} {
			if err := t.send([]byte(command + "\r\n")); err != nil {
				return r, err
			}
			answer, err := t.ftpAnswer()
			if err != nil {
				return r, err
			}
			t.note(command, answer)
			switch answer[:3] {
			case "230":
				r.Access = Open
			case "331":
				continue
			case "421":
				return r, ErrBusy
			case "530", "332", "430", "532":
				r.Access = Password
			default:
				return r, ErrOther
			}
			break
		}
		_ = t.send([]byte("QUIT\r\n")) // out of politeness
		return r, nil
	})
}

func (r *Record) ftpGreeting(t *talk) error {
	answer, err := t.ftpAnswer()
	if err != nil {
		return err
	}
	switch answer[:3] {
	case "220":
		if mailServers.MatchString(answer) {
			return ErrOther
		}
		r.Access = Unknown
	case "421":
		return ErrBusy
	case "530", "550":
		r.Access = Refused
	default:
		return ErrOther
	}
	if m := ftpServers.FindStringSubmatch(answer); m != nil {
		r.Product, r.Version = m[1], m[2]
	}
	t.note("", answer)
	return nil
}

// mailServers greet with the same number.
var mailServers = regexp.MustCompile(`(?i)smtp|mail`)

var ftpServers = regexp.MustCompile(`(vsFTPd|ProFTPD|Pure-FTPd|FileZilla Server|Microsoft FTP Service|Serv-U)(?:(?: version| FTP Server)? v?([0-9][0-9.a-z]*))?`)

// ftpAnswer are the lines of one answer, the first three bytes of which are its number.
func (t *talk) ftpAnswer() (string, error) {
	var lines []string
	for range 50 {
		line, err := t.line()
		if err != nil {
			return "", err
		}
		if len(lines) == 0 && (len(line) < 3 || strings.Trim(line[:3], "0123456789") != "") {
			return "", ErrOther
		}
		lines = append(lines, line)
		last := len(line) >= 3 && line[:3] == lines[0][:3] && (len(line) == 3 || line[3] == ' ')
		if last {
			return strings.Join(lines, "\n"), nil
		}
		if len(lines) == 1 && line[3] != '-' {
			return "", ErrOther
		}
	}
	return "", ErrOther
}
