package store

import (
	"context"
	"errors"
	"net"
	"os"
	"regexp"
	"strings"
	"time"
)

// Signs of what stands at the end of what a server says: a question for who one is, or a shell that waits for commands.
var (
	telnetLogin = regexp.MustCompile(`(?i)(?:log ?in|user ?name|user|account|password|passcode)[^\n]{0,40}[:>]\s*$`)
	telnetShell = regexp.MustCompile(`(?:^|\n)[^\n]{0,60}[#$>%] ?$`)
)

// Bytes of Telnet (RFC 854).
const (
	telnetCommand = 0xff
	telnetWill    = 0xfb
	telnetWont    = 0xfc
	telnetDo      = 0xfd
	telnetDont    = 0xfe
	telnetBegin   = 0xfa // of a negotiation
	telnetEnd     = 0xf0
)

// telnetPause is how long a server says nothing more that has said something.
const telnetPause = 1500 * time.Millisecond

// Telnet is the probe for Telnet. It declines all options and reads what the server shows: a question for a name, or a shell. It
// types nothing.
func Telnet(ctx context.Context, dial Dialer) (Record, error) {
	r, _, err := converseOnce(ctx, dial, false, func(t *talk) (Record, error) {
		r := Record{Product: "Telnet", Access: Unknown}
		text, options, err := t.telnet()
		if err != nil {
			return r, err
		}
		shown := strings.TrimRight(text, " \r\n\x00")
		switch {
		case options == 0:
			return r, ErrOther // text alone may be anything
		case telnetLogin.MatchString(text):
			r.Access = Password
		case telnetShell.MatchString(text):
			r.Access = Offered
		}
		lines := strings.Split(shown, "\n")
		r.fact("shows", lines[len(lines)-1])
		t.note("nothing but refusals of options", shown)
		return r, nil
	})
	return r, err
}

// telnet reads until the server pauses, and gives the text and how many options it spoke of. Each is declined once.
func (t *talk) telnet() (text string, options int, err error) {
	var b strings.Builder
	declined := map[[2]byte]bool{}
	latest := time.Now().Add(2 * answerTime)
	if err := t.conn.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return "", 0, err
	}
	for range 64 << 10 {
		c, err := t.in.ReadByte()
		if err != nil {
			if paused(err) && options > 0 {
				return b.String(), options, nil
			}
			return "", 0, err
		}
		if c != telnetCommand {
			if c == '\r' || c == 0 {
				continue
			}
			b.WriteByte(c)
			pause := time.Now().Add(telnetPause)
			if pause.After(latest) {
				pause = latest
			}
			if err := t.conn.SetDeadline(pause); err != nil {
				return "", 0, err
			}
			continue
		}
		command, err := t.in.ReadByte()
		if err != nil {
			return "", 0, err
		}
		if command >= telnetWill && command <= telnetDont {
			options++
		}
		if err := t.telnetOption(command, declined); err != nil {
			return "", 0, err
		}
	}
	return "", 0, ErrOther
}

// paused reports whether nothing more came in time.
func paused(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// telnetOption reads the rest of a command, and declines what the server would do or wants done.
func (t *talk) telnetOption(command byte, declined map[[2]byte]bool) error {
	switch command {
	case telnetWill, telnetDo:
		option, err := t.in.ReadByte()
		if err != nil || declined[[2]byte{command, option}] {
			return err
		}
		declined[[2]byte{command, option}] = true
		answer := byte(telnetDont)
		if command == telnetDo {
			answer = telnetWont
		}
		_, err = t.conn.Write([]byte{telnetCommand, answer, option})
		return err
	case telnetWont, telnetDont:
		_, err := t.in.ReadByte()
		return err
	case telnetBegin:
		for last := byte(0); ; {
			c, err := t.in.ReadByte()
			if err != nil || last == telnetCommand && c == telnetEnd {
				return err
			}
			last = c
		}
	}
	return nil
}
