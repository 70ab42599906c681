package pagechange

import (
	"context"
	"net/url"
	"slices"
	"time"

	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
)

// Bounds of pictures. A browser shows pages that the user named, and no others.
const (
	maxPictures  = 10              // pages of a target
	maxPictured  = 3               // findings on a page that have its pictures
	picturesTake = 2 * time.Minute // of one target, with the wait for the browser
)

var (
	errManyPages = message.Errorf("pictures are taken of the first %d pages that are named", maxPictures)
	errNoTime    = message.Errorf("there was no time left for it")
)

// pictures are what a page looked like when nothing was wrong, and now; nil for one that the user did not name. The one of a page
// on which nothing is wrong is remembered. none is why there is none of now.
func (r *run) pictures(ctx context.Context, u *url.URL, known *page, wrong bool) (shown *evidence.Pictures, none error, err error) {
	at := slices.IndexFunc(r.probe.Pages(), func(o *url.URL) bool { return o.String() == u.String() })
	if at < 0 {
		return nil, nil, nil
	}
	now, none := r.picture(ctx, u, at)
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case wrong && (now != nil || known.Picture != nil):
		shown = &evidence.Pictures{Before: known.Picture, After: now}
	case !wrong && now != nil:
		known.Picture = now
	}
	return shown, none, nil
}

// picture takes one of the nth page that the user named.
func (r *run) picture(ctx context.Context, u *url.URL, n int) (*evidence.Picture, error) {
	if n >= maxPictures {
		return nil, errManyPages
	}
	begun := time.Now()
	within, cancel := context.WithTimeout(ctx, picturesTake-r.pictured)
	defer cancel()
	p, err := r.probe.Picture(within, u)
	r.pictured += time.Since(begun)
	if within.Err() != nil {
		err = errNoTime
	}
	return p, err
}
