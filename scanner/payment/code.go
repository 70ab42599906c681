package payment

import (
	"errors"
	"io"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
)

// token is a word of JavaScript.
type token struct {
	kind js.TokenType
	text string
}

// tokens are the words of a script without white space and comments. ok is false for what is no JavaScript.
func tokens(source []byte) (list []token, ok bool) {
	l := js.NewLexer(parse.NewInputBytes(append([]byte(nil), source...))) // the lexer writes behind the end
	for {
		kind, text := l.Next()
		switch kind {
		case js.ErrorToken:
			return list, errors.Is(l.Err(), io.EOF)
		case js.WhitespaceToken, js.LineTerminatorToken, js.CommentToken, js.CommentLineTerminatorToken:
			continue
		case js.DivToken, js.DivEqToken:
			if beginsRegExp(list) {
				kind, text = l.RegExp()
			}
		default:
		}
		if kind == js.ErrorToken {
			return list, false
		}
		list = append(list, token{kind, string(text)})
	}
}

// beginsRegExp reports whether a slash behind these words begins a regular expression and is no division.
func beginsRegExp(before []token) bool {
	if len(before) == 0 {
		return true
	}
	last := before[len(before)-1]
	switch last.text {
	case ")", "]", "}", "this", "super", "true", "false", "null":
		return false
	}
	switch {
	case js.IsNumeric(last.kind), last.kind == js.StringToken, last.kind == js.TemplateToken, last.kind == js.TemplateEndToken, last.kind == js.RegExpToken:
		return false
	case js.IsReservedWord(last.kind):
		return true
	case js.IsIdentifierName(last.kind), last.kind == js.PrivateIdentifierToken:
		return false
	}
	return true
}

// isText reports whether a word is a text, or a part of a template that is one.
func (t token) isText() bool {
	switch t.kind {
	case js.StringToken, js.TemplateToken, js.TemplateStartToken, js.TemplateMiddleToken, js.TemplateEndToken:
		return true
	default:
		return false
	}
}

// value is what a text says, without its quotes.
func (t token) value() string {
	text := t.text
	if len(text) > 0 {
		text = text[1:]
	}
	switch t.kind {
	case js.TemplateStartToken, js.TemplateMiddleToken:
		text = text[:max(0, len(text)-2)] // ${
	default:
		text = text[:max(0, len(text)-1)]
	}
	return unescape(text)
}

// isName reports whether a word is an identifier or a key word that serves as one.
func (t token) isName() bool { return js.IsIdentifierName(t.kind) }
