package command

import (
	"bytes"
	"go/ast"
	"io/fs"
	"maps"
	"regexp"
	"strings"
	"sync"
	"testing"

	"sotomi/scanner/report"
	"sotomi/scanner/signature"
	"sotomi/signatures"
)

// quoted are parts of a Japanese text that are not written in it: what is quoted, addresses, code, names with marks in them.
var quoted = regexp.MustCompile("\"[^\"]*\"|“[^”]*”|「[^」]*」|『[^』]*』|`[^`]*`|https?://\\S+|[\\w-]*[_./=:@$<>{}#%*\\\\|;'-][^\\s、。()]*")

var englishWords = regexp.MustCompile(`[A-Za-z]+(?: [A-Za-z]+){2,}`)

// namesOfWords are names of settings and commands that read like sentences.
var namesOfWords = regexp.MustCompile(`Require all denied|sotomi signatures list`)

// english is the first English sentence or part of one in a Japanese text: three words in a row, two of which begin with a
// small letter, as those of names of products do not.
func english(text string) string {
	for _, words := range englishWords.FindAllString(namesOfWords.ReplaceAllString(quoted.ReplaceAllString(text, "·"), "·"), -1) {
		small := 0
		for word := range strings.FieldsSeq(words) {
			if word[0] >= 'a' {
				small++
			}
		}
		if small >= 2 {
			return words
		}
	}
	return ""
}

func TestEnglish(t *testing.T) {
	for text, want := range map[string]string{
		"補足: needs PHP 5, which gets no fixes":                      "which gets no fixes",
		"接続できません(the connection was closed)":                        "the connection was closed",
		"Microsoft SQL Server Reporting Services が見えます":             "",
		"nginx では「autoindex off you know」とし、location ~ /\\.git も拒否": "",
		"header(\"a quoted text in it\") と https://a.example/b c d": "",
		"Debian の apt を使います":                                        "",
	} {
		if got := english(text); (got == "") != (want == "") || !strings.HasPrefix(got, strings.Split(want, " ")[0]) {
			t.Errorf("english(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestPhrasesAreJapanese: no translation holds an English sentence.
func TestPhrasesAreJapanese(t *testing.T) {
	for format, text := range phrases(t) {
		if found := english(text); found != "" {
			t.Errorf("%q: %q", format, found)
		}
	}
}

// TestSignaturesInJapanese: the words of every signature and variant are in Japanese, and so is the whole report of every
// case that it carries, but for what the server sent.
func TestSignaturesInJapanese(t *testing.T) {
	for _, s := range ownSignatures(t) {
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			for variant := range variantsOf(s) {
				info, _ := s.For(variant)
				w := info.Words("ja")
				for _, text := range []string{w.Name, w.Description, w.Remediation} {
					if !japaneseLetters.MatchString(text) {
						t.Errorf("variant %q: %q is not Japanese", variant, text)
					}
				}
				for _, text := range []string{w.Name, w.Description, w.Impact, w.Remediation} {
					if found := english(text); found != "" {
						t.Errorf("variant %q: %q in %q", variant, found, text)
					}
				}
			}
			for line := range reportLines(t, s) {
				if found := english(line); found != "" {
					t.Errorf("%q in the line %q", found, line)
				}
			}
		})
	}
}

var japaneseLetters = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}]`)

// variantsOf are the names of the variants of a signature, and "" for none.
func variantsOf(s *signature.Signature) map[string]bool {
	names := map[string]bool{"": true}
	for name := range s.Variants {
		names[name] = true
	}
	return names
}

// reportLines are the lines of the Japanese reports of all cases, without those that show what was sent and received.
func reportLines(t *testing.T, s *signature.Signature) map[string]bool {
	t.Helper()
	lines := map[string]bool{}
	for _, r := range resultsOf(t, s) {
		var out bytes.Buffer
		sink := report.NewText(&out, report.Options{Language: "ja", Verbose: true})
		for _, f := range r.Findings {
			if err := sink.Finding(f); err != nil {
				t.Fatal(err)
			}
		}
		for _, o := range r.Outcomes {
			if err := sink.Outcome(o); err != nil {
				t.Fatal(err)
			}
		}
		if err := sink.Close(r.Summary); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if text := strings.TrimSpace(line); !strings.HasPrefix(text, "│") && !strings.Contains(text, " → ") {
				lines[text] = true
			}
		}
	}
	return lines
}

// TestEveryValueHasAName: what checks and embedded signatures call values, in the source and in every case, has a Japanese
// name, and so have the constant words among the values; no name and no word is there for nothing.
func TestEveryValueHasAName(t *testing.T) {
	var mu sync.Mutex
	used := map[string]bool{"extracted": true}
	note := func(name string) {
		mu.Lock()
		defer mu.Unlock()
		used[name] = true
	}
	japanese, literals := phrases(t), map[string]bool{}
	for _, file := range sourceFiles(t) {
		v := valuesIn(file)
		for name := range v.names {
			note(name)
		}
		for word := range v.words {
			if japanese["word "+word] == "" {
				t.Errorf("%s: no Japanese for the word %q", file.name, word)
			}
		}
		maps.Copy(literals, v.literals)
	}
	if len(used) < 20 {
		t.Errorf("only %d names were found in the source", len(used))
	}
	t.Run("cases", func(t *testing.T) {
		for _, s := range ownSignatures(t) {
			text, err := fs.ReadFile(signatures.FS, s.File)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range noteInFile.FindAllSubmatch(text, -1) {
				literals[string(m[1])] = true
				if japanese["word "+string(m[1])] == "" {
					t.Errorf("%s: no Japanese for the note %q", s.File, m[1])
				}
			}
			t.Run(s.ID, func(t *testing.T) {
				t.Parallel()
				for _, h := range s.HTTP {
					for _, e := range h.Extractors {
						if e.Name != "" && !e.Internal {
							note(e.Name)
						}
					}
				}
				for _, r := range resultsOf(t, s) {
					for _, f := range r.Findings {
						for name := range f.Hit.Values {
							note(name)
						}
					}
				}
			})
		}
	})
	for name := range used {
		if japanese["value "+name] == "" {
			t.Errorf("no Japanese for the value %q", name)
		}
	}
	for key := range japanese {
		switch kind, name, _ := strings.Cut(key, " "); {
		case kind == "value" && !used[name]:
			t.Errorf("no value is called %q any more", name)
		case (kind == "word" || kind == "field") && !literals[name]:
			t.Errorf("there is no %s %q any more", kind, name)
		}
	}
}

// noteInFile is a note about a range of releases in a signature.
var noteInFile = regexp.MustCompile(`\bnote: "([^"]+)"`)

// valuesFound are what a file says of values.
type valuesFound struct {
	names    map[string]bool // constant keys of scanner.Values
	words    map[string]bool // constant texts beside them
	literals map[string]bool // all texts of checks
}

// valuesIn finds keys and words in literals of scanner.Values, and in assignments to a variable or field that holds values.
func valuesIn(file sourceFile) valuesFound {
	found := valuesFound{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	add := func(to map[string]bool, e ast.Expr) {
		if text, ok := (&formats{}).constant(file, e); ok {
			to[text] = true
		}
	}
	holders := map[string]bool{"Values": true}
	ast.Inspect(file.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if strings.HasPrefix(file.dir, "checks/") {
				add(found.literals, n)
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if id, ok := left.(*ast.Ident); ok && len(n.Lhs) == len(n.Rhs) && isValues(n.Rhs[i]) {
					holders[id.Name] = true
				}
				if index, ok := left.(*ast.IndexExpr); ok && holders[lastName(index.X)] {
					add(found.names, index.Index)
					if len(n.Lhs) == len(n.Rhs) {
						add(found.words, n.Rhs[i])
					}
				}
			}
		case *ast.CallExpr: // what a record of a store counts and says
			if of, ok := n.Fun.(*ast.SelectorExpr); ok && file.dir == "checks/store" && len(n.Args) == 2 && (of.Sel.Name == "count" || of.Sel.Name == "fact") {
				add(found.names, n.Args[0])
				add(found.words, n.Args[1])
			}
		case *ast.CompositeLit:
			if !isValues(n) {
				return true
			}
			for _, e := range n.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok {
					add(found.names, pair.Key)
					add(found.words, pair.Value)
				}
			}
		}
		return true
	})
	return found
}

func isValues(e ast.Expr) bool {
	literal, ok := e.(*ast.CompositeLit)
	if !ok {
		return false
	}
	selector, ok := literal.Type.(*ast.SelectorExpr)
	return ok && lastName(selector.X) == "scanner" && selector.Sel.Name == "Values"
}

func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
