package evidence_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"testing"
	"time"

	"sotomi/scanner/evidence"
)

func encoded(t *testing.T, width, height int, kind string) []byte {
	t.Helper()
	var b bytes.Buffer
	picture := image.NewGray(image.Rect(0, 0, width, height))
	err := jpeg.Encode(&b, picture, nil)
	if kind == "png" {
		b.Reset()
		err = png.Encode(&b, picture)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestPicture: only a whole JPEG that is not too large, in bytes and in points, is a picture.
func TestPicture(t *testing.T) {
	now := time.Date(2026, 11, 27, 3, 4, 5, 6, time.UTC)
	good := encoded(t, 64, 48, "jpeg")
	p := evidence.NewPicture(good, now)
	if p == nil || p.Time != now.Truncate(time.Second) || !bytes.Equal(p.JPEG, good) {
		t.Fatalf("a JPEG is refused, or changed: %v", p)
	}
	if !(&evidence.Pictures{After: p}).Sound() || !(*evidence.Pictures)(nil).Sound() {
		t.Error("a sound picture, or none, is refused")
	}
	for name, data := range map[string][]byte{
		"none":          nil,
		"png":           encoded(t, 64, 48, "png"),
		"svg":           []byte("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
		"magic":         []byte("\xff\xd8\xff<script>alert(1)</script>\xff\xd9"),
		"cut":           good[:len(good)/2],
		"cut_with_end":  append(bytes.Clone(good[:len(good)-20]), 0xff, 0xd9),
		"more_behind":   append(bytes.Clone(good), "<script>alert(1)</script>"...),
		"more_within":   append(bytes.Clone(good), "<script>alert(1)</script>\xff\xd9"...),
		"comment":       append([]byte("\xff\xd8\xff\xfe\x00\x0a<script>"), good[2:]...),
		"length":        []byte("\xff\xd8\xff\xe0\xff\xff"),
		"many_points":   encoded(t, 1281, 8, "jpeg"),
		"many_points_y": encoded(t, 8, 1281, "jpeg"),
		"many_bytes":    append(append(bytes.Clone(good[:len(good)-2]), make([]byte, evidence.MaxPicture)...), 0xff, 0xd9),
	} {
		if evidence.NewPicture(data, now) != nil {
			t.Errorf("%s is a picture", name)
		}
		if (&evidence.Pictures{Before: p, After: &evidence.Picture{JPEG: data}}).Sound() || (&evidence.Pictures{Before: &evidence.Picture{JPEG: data}}).Sound() {
			t.Errorf("%s is sound", name)
		}
	}
}
