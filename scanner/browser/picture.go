package browser

import (
	"context"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"

	"sotomi/scanner/message"
)

// MaxPicture is the most bytes of a picture.
const MaxPicture = 150_000

const shotPatience = 3 * time.Second // for all tries

// shots are how a picture is taken: as it is read best, and for pages that make more bytes of that, smaller and coarser.
var shots = []struct {
	scale   float64 // of the page's own points
	quality int64   // of 100
}{{0.75, 75}, {0.75, 50}, {0.5, 50}, {0.5, 20}, {0.25, 20}} //nolint:mnd // the table is the names

// comesAgain reports whether a later visit may be by the same visitor.
func (p Page) comesAgain() bool {
	return (p.Visit == VisitFirst || p.Visit == VisitLater) && !p.Picture
}

// DropPicture leaves the picture out, and says so: carried is that the visitor carried something of the user's.
func (l *Look) DropPicture(carried bool) {
	l.Screenshot = nil
	why := message.New(unseenPicture)
	if carried {
		why = message.New(unseenGiven)
	}
	l.Unseen = append(l.Unseen, why.String())
}

// shoot takes a picture of what is seen of the page before it is scrolled.
func (v *visit) shoot(ctx context.Context, main *view) {
	within, cancel := context.WithTimeout(ctx, shotPatience)
	defer cancel()
	size, err := cdp.Call(within, main.session, page.GetLayoutMetrics, cdp.Empty{})
	if err != nil || size.CSSLayoutViewport == nil {
		v.note(message.New(unseenPicture))
		return
	}
	for _, shot := range shots {
		part := page.Viewport{Width: float64(size.CSSLayoutViewport.ClientWidth), Height: float64(size.CSSLayoutViewport.ClientHeight), Scale: shot.scale}
		got, err := cdp.Call(within, main.session, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatJpeg, Quality: &shot.quality, Clip: &part})
		if err != nil {
			break
		}
		if len(got.Data) <= MaxPicture {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.look.Screenshot = got.Data
			return
		}
	}
	v.note(message.New(unseenPicture))
}
