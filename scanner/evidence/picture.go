package evidence

import (
	"bytes"
	"image/jpeg"
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
	if p == nil || len(p.JPEG) > MaxPicture || !bytes.HasPrefix(p.JPEG, []byte("\xff\xd8\xff")) || !bytes.HasSuffix(p.JPEG, []byte("\xff\xd9")) {
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

// Pictures are what a page looked like when nothing was wrong with it, and now.
type Pictures struct {
	Before *Picture `json:"before,omitempty"` // nil where nobody took one
	After  *Picture `json:"after,omitempty"`
}

// Sound reports whether all there is may be held by a report.
func (p *Pictures) Sound() bool {
	return p == nil || p.Before == p.Before.Sound() && p.After == p.After.Sound()
}
