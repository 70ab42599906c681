package filehash

import (
	"strings"

	"golang.org/x/net/html"
)

// pageText is the part of a page that makes it work, in two forms for patterns. What the page only talks about (its text, its
// comments, and markup within strings of scripts or within text fields) is in neither.
type pageText struct {
	tags    string // start tags in order, attributes in double quotes: <meta name="x" content="y">
	scripts string // scripts in the page
}

func textOf(source string) pageText {
	var tags, scripts strings.Builder
	z := html.NewTokenizer(strings.NewReader(source))
	script := false
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return pageText{tags.String(), scripts.String()}
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			script = kind == html.StartTagToken && token.Data == "script"
			tags.WriteString("<" + token.Data)
			for _, a := range token.Attr {
				tags.WriteString(" " + a.Key + `="` + strings.ReplaceAll(a.Val, `"`, "&#34;") + `"`)
			}
			tags.WriteString(">\n")
		case html.TextToken:
			if script {
				scripts.Write(z.Text())
				scripts.WriteByte('\n')
			}
		case html.EndTagToken:
			script = false
		case html.CommentToken, html.DoctypeToken:
		}
	}
}
