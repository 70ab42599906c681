package report

import (
	"encoding/base64"
	"html/template"
	"maps"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
)

// valuePictures is the value that says of which times there are pictures, or why there are none.
const valuePictures = "pictures"

// shot is a picture as a page shows it. Source holds base64 of what was checked to be a JPEG, and nothing else.
type shot struct {
	Source  template.URL
	Alt     string
	Caption template.HTML
}

// shots are the pictures of a finding, the earlier one first, in words that two functions say: one as text, one with markup.
func shots(f scanner.Finding, plain func(message.Message) string, markup func(message.Message) template.HTML) []shot {
	p := f.Hit.Pictures
	if p == nil {
		return nil
	}
	show := func(picture *evidence.Picture, caption message.Message) shot {
		if picture.Own {
			caption = message.New("%s; what other hosts serve is left out", caption)
		}
		return shot{
			Source: template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(picture.JPEG)), //nolint:gosec // no letter of it is a stranger's
			Alt:    plain(message.New("Picture of %s. %s", message.Line(f.Hit.URL), caption)), Caption: markup(caption),
		}
	}
	var list []shot
	if p.Before != nil {
		list = append(list, show(p.Before, message.New("Before: %s", takenAt(p.Before))))
	}
	switch {
	case p.After == nil:
	case p.Before == nil:
		list = append(list, show(p.After, message.New("As it looked: %s", takenAt(p.After))))
	default:
		list = append(list, show(p.After, message.New("After: %s", takenAt(p.After))))
	}
	return list
}

func takenAt(p *evidence.Picture) string { return p.Time.UTC().Format("2006-01-02 15:04 UTC") }

// withPictures are the values with one that says of which times there are pictures, for formats that cannot show them.
func withPictures(h scanner.Hit) scanner.Values {
	p := h.Pictures
	if _, told := h.Values[valuePictures]; told || p == nil || p.Before == nil && p.After == nil {
		return h.Values
	}
	values := scanner.Values{}
	maps.Copy(values, h.Values)
	switch {
	case p.Before == nil:
		values[valuePictures] = message.New("%s (shown by -o html)", takenAt(p.After))
	case p.After == nil:
		values[valuePictures] = message.New("before %s (shown by -o html)", takenAt(p.Before))
	default:
		values[valuePictures] = message.New("before %s, after %s (shown by -o html)", takenAt(p.Before), takenAt(p.After))
	}
	return values
}

// bothPlain is a message where there can be no markup: in both languages, one after the other.
func bothPlain(m message.Message) string {
	return message.In("en").Text(m) + " / " + message.In("ja").Text(m)
}
