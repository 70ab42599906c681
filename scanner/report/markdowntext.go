package report

import "strings"

// markdownSpecial are the characters that mean something in Markdown; ":" and "." make addresses links.
const markdownSpecial = "\\`*_{}[]()#+-.!|~:^$=\"'/"

// inMarkdown is a text as Markdown that shows it as it is: no link, picture, mention or markup comes of it.
func inMarkdown(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '@':
			b.WriteString("@<!-- -->") // else it calls whoever has the name
		case strings.ContainsRune(markdownSpecial, r):
			b.WriteString(`\` + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// codeSpan is a text in one line as code, also within a table.
func codeSpan(text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	longest, run := 0, 0
	for _, r := range text {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	text = strings.ReplaceAll(text, "|", `\|`)
	if longest > 0 {
		text = " " + text + " "
	}
	return fence + text + fence
}

// fenced is a text of several lines as code.
func fenced(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "\n" + strings.TrimRight(text, "\n") + "\n" + fence
}

// markdownLink is an address of the web as a link, any other text as text.
func markdownLink(text string) string {
	if link := webLink(text); link != "" && !strings.ContainsAny(link, "<> ") {
		return "<" + link + ">"
	}
	return inMarkdown(text)
}
