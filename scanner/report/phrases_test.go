package report

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestTranslate(t *testing.T) {
	w := newWords("ja")
	for sentence, want := range map[string]string{
		"The greeting of the server.": "サーバーの最初の応答です。",
		"no eccube here":              "eccube は見当たりません",
		"port 9200 closed":            "ポート 9200 は閉じています",
		"a search server that asks for a password (status 401)":               "パスワードを求める検索サーバーです(ステータス 401)",
		`page "login" shows 7 marks of the theme that comes with EC-CUBE`:     `ページ "login" に、EC-CUBE 付属テーマの特徴が7個あります`,
		"the site's own page answered 200 and now answers 403, like all else": "最初 200 だったサイト自身のページが、ほかと同じく 403 になりました",
		"something that nobody has translated":                                "something that nobody has translated",
		"":                                                                    "",
	} {
		if got := w.translate(sentence); got != want {
			t.Errorf("%q: %q, want %q", sentence, got, want)
		}
		if got := newWords("en").translate(sentence); got != sentence {
			t.Errorf("%q became %q in English", sentence, got)
		}
	}
}

// TestEverySentenceIsTranslated looks for the sentences of checks in their source.
func TestEverySentenceIsTranslated(t *testing.T) {
	text, err := os.ReadFile("words/phrases.ja.json")
	if err != nil {
		t.Fatal(err)
	}
	var known map[string]string
	if err := json.Unmarshal(text, &known); err != nil {
		t.Fatal(err)
	}
	says := regexp.MustCompile(`(?:(?:Explain|Undetermined|NotApplicable|Blocked)\(|(?:evidence\.New|statusOnly)\([\w.]+, |Note:\s*(?:fmt\.Sprintf\()?|Reason: (?:fmt\.Sprintf\()?)("(?:[^"\\]|\\.)*")`)
	used := 0
	for _, folder := range []string{"..", "../../checks"} {
		err := filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			source, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			for _, m := range says.FindAllStringSubmatch(string(source), -1) {
				sentence, err := strconv.Unquote(m[1])
				if err != nil {
					t.Fatal(err)
				}
				if words := verb.ReplaceAllString(sentence, ""); len(strings.Fields(words)) < 2 || strings.HasSuffix(sentence, " ") {
					continue // nothing but a value, or a part that something is added to
				}
				used++
				if known[sentence] == "" {
					t.Errorf("%s: %q has no Japanese in words/phrases.ja.json", file, sentence)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if used < 30 {
		t.Errorf("only %d sentences were found", used)
	}
}
