package evidence

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
	"strings"
	"time"
)

// Bounds of a picture.
const (
	MaxPicture = 150_000 // bytes
	maxSide    = 1280    // points
)

// Picture is what a page looked like to a visitor without any session.
type Picture struct {
	Time time.Time `json:"time"`          // UTC, in whole seconds
	Own  bool      `json:"own,omitempty"` // what other hosts serve was left out
	JPEG []byte    `json:"jpeg"`
}

// NewPicture is a picture that was taken now; nil when it is none that a report may hold.
func NewPicture(data []byte, now time.Time) *Picture {
	return (&Picture{Time: now.UTC().Truncate(time.Second), JPEG: data}).Sound()
}

// Sound is the picture itself, or nil where it is not a whole JPEG of a size that reports hold: reports and histories are files,
// which anybody may have written.
func (p *Picture) Sound() *Picture {
	if p == nil || len(p.JPEG) > MaxPicture || !plain(p.JPEG) {
		return nil
	}
	head, err := jpeg.DecodeConfig(bytes.NewReader(p.JPEG))
	if err != nil || head.Width > maxSide || head.Height > maxSide {
		return nil
	}
	if _, err := jpeg.Decode(bytes.NewReader(p.JPEG)); err != nil {
		return nil
	}
	return p
}

// plain reports whether data are a JPEG as browsers make it, with nothing behind it and no comments.
func plain(data []byte) bool {
	const start, scan, end = "\xff\xd8", 0xda, "\xff\xd9"
	if !bytes.HasPrefix(data, []byte(start)) {
		return false
	}
	for rest := data[len(start):]; len(rest) > 4 && rest[0] == 0xff && strings.IndexByte("\xe0\xe2\xdb\xc0\xc4\xdd\xda", rest[1]) >= 0; {
		kind, length := rest[1], 2+int(binary.BigEndian.Uint16(rest[2:]))
		if length > len(rest) {
			return false
		}
		if rest = rest[length:]; kind == scan {
			return bytes.Index(rest, []byte(end)) == len(rest)-len(end)
		}
	}
	return false
}

// Pictures are what a page looked like when nothing was wrong with it, and now.
type Pictures struct {
	Before *Picture `json:"before,omitempty"` // nil where nobody took one
	After  *Picture `json:"after,omitempty"`
}

// Sound reports whether all there is may be held by a report.
func (p *Pictures) Sound() bool {
	return p == nil || p.Before == p.Before.Sound() && p.After == p.After.Sound()
}
