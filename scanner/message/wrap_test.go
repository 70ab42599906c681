package message

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestWrapLosesNothing: lines together are the text, and none is wider than asked for unless it is one word.
func TestWrapLosesNothing(t *testing.T) {
	for _, text := range []string{"", "one", strings.Repeat("word ", 50), strings.Repeat("長い文章です。", 30), strings.Repeat("x", 300) + " y", "「" + strings.Repeat("引用", 40) + "」。"} {
		got := Wrap(strings.TrimSpace(text), 40)
		if strings.Join(got, "") != strings.ReplaceAll(strings.TrimSpace(text), " ", "") && strings.Join(got, " ") != strings.TrimSpace(text) {
			t.Errorf("Wrap(%q) = %q", text, got)
		}
	}
}

// TestWrapKeepsWordsTogether: whatever the width, lines begin only where a phrase or a word begins.
func TestWrapKeepsWordsTogether(t *testing.T) {
	const text = "データベースのパスワードを、「サーバー」の外から読めます(ブラウザーでも)。"
	for width := 14; width < 60; width++ {
		for i, line := range Wrap(text, width)[1:] {
			if !regexp.MustCompile(`^(?:パスワード|「サーバー|ブラウザー|\(ブラウザー|[をのからがまです外読めも])`).MatchString(line) {
				t.Errorf("width %d: line %d begins %q", width, i+2, line)
			}
		}
	}
}

// TestWrapIsLinear: a text of two million characters takes a moment. Looking at what is left again for each line takes
// minutes.
func TestWrapIsLinear(t *testing.T) {
	for _, unit := range []string{"word and another ", "長い文章"} {
		start := time.Now()
		Wrap(strings.Repeat(unit, 2_000_000/utf8.RuneCountInString(unit)), 100)
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%q: %s", unit, took)
		}
	}
}
