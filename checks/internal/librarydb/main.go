// Command librarydb writes checks/scriptlibrary/libraries.txt, what is known of JavaScript libraries: how they are
// recognised, and which of their versions have known vulnerabilities. It reads git clones of RetireJS/retire.js and
// cisagov/kev-data. Bare clones do.
//
//	go run ./checks/internal/librarydb -retire DIR -kev DIR
//
// It also copies the licence of the first, its notice, and its test cases. To renew the data, fetch into the clones and run
// the command again: the same commits give the same bytes.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"sotomi/checks/internal/gitclone"
)

var clones gitclone.Clones // each reads its own objects

func main() {
	log.SetFlags(0)
	log.SetPrefix("librarydb: ")
	retire := flag.String("retire", os.Getenv("RETIRE_GIT"), "clone of RetireJS/retire.js (or RETIRE_GIT)")
	kev := flag.String("kev", os.Getenv("KEV_GIT"), "clone of cisagov/kev-data (or KEV_GIT)")
	out := flag.String("o", "checks/scriptlibrary", "folder to write to")
	flag.Parse()
	if *retire == "" || *kev == "" {
		log.Fatal("both -retire and -kev are needed")
	}
	if err := run(*retire, *kev, *out); err != nil {
		log.Fatal(err)
	}
}

const (
	source    = "repository/jsrepository-v6.json"
	exploited = "known_exploited_vulnerabilities.json"
)

func run(retire, kev, out string) error {
	var known struct {
		Released        string                   `json:"dateReleased"`
		Vulnerabilities []struct{ CVEID string } `json:"vulnerabilities"`
	}
	if err := readJSON(kev, exploited, &known); err != nil {
		return err
	}
	inUse := map[string]bool{}
	for _, v := range known.Vulnerabilities {
		inUse[v.CVEID] = true
	}
	var all map[string]sourceLibrary
	if err := readJSON(retire, source, &all); err != nil {
		return err
	}
	list, err := compact(all, inUse)
	if err != nil {
		return err
	}
	date, err := clones.Output(retire, "log", "-1", "--format=%cs", "--", source)
	if err != nil {
		return err
	}
	day, _, _ := strings.Cut(known.Released, "T")
	text, err := render(list, strings.TrimSpace(date), day)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "libraries.txt"), text, 0o644); err != nil {
		return err
	}
	for from, to := range map[string]string{
		"LICENSE.md": "LICENSE-libraries.md", "NOTICE.md": "NOTICE-libraries.md", "repository/testcases.json": "testdata/testcases.json",
	} {
		text, err := clones.Output(retire, "show", "HEAD:"+from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, to), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// render gives each library a line, so that the difference between two states can be read.
func render(list []library, date, kev string) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# source: RetireJS/retire.js (Apache-2.0: LICENSE-libraries.md, NOTICE-libraries.md), compacted and changed by checks/internal/librarydb\n")
	fmt.Fprintf(&b, "# date: %s\n# source: https://github.com/cisagov/kev-data (CC0): which are exploited\n# date: %s\n{\"libraries\": [\n", date, kev)
	for i, l := range list {
		if i > 0 {
			b.WriteString(",\n")
		}
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(l); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1) // the line's end
	}
	b.WriteString("\n]}\n")
	return b.Bytes(), nil
}

func readJSON(clone, path string, to any) error {
	text, err := clones.Output(clone, "show", "HEAD:"+path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), to); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
