// Command wordpressdb writes what the check "wordpress" knows: which static files each release of WordPress gives out
// (signatures/wordpress/wordpress.db), and which releases of WordPress, its plug-ins and themes have published weaknesses
// (signatures/wordpress/weaknesses.txt).
//
//	go run ./checks/internal/wordpressdb -core DIR -records DIR -exploited DIR
//
// DIR are clones, bare ones do: johnpbloch/wordpress-core (a tag a release), topscoder/nuclei-wordfence-cve (the records of
// Wordfence Intelligence as templates) and cisagov/kev-data (weaknesses known to be exploited). A file whose clone is not
// named is left as it is. The same commits give the same bytes.
//
// Both files hold facts only: paths, hashes, names, ranges of releases, scores and numbers of records. They hold none of the
// sources' text.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"sotomi/checks/internal/gitclone"
)

var clones gitclone.Clones // each reads its own objects

func main() {
	log.SetFlags(0)
	log.SetPrefix("wordpressdb: ")
	clone := flag.String("core", "", "clone of johnpbloch/wordpress-core")
	records := flag.String("records", "", "clone of topscoder/nuclei-wordfence-cve")
	exploited := flag.String("exploited", "", "clone of cisagov/kev-data")
	out := flag.String("o", "signatures/wordpress", "folder to write to")
	flag.Parse()
	if *clone == "" && *records == "" || (*records == "") != (*exploited == "") {
		log.Fatal("-core, or both -records and -exploited, are needed")
	}
	if err := run(*clone, *records, *exploited, *out); err != nil {
		log.Fatal(err)
	}
}

func run(clone, records, exploited, out string) error {
	var text bytes.Buffer
	write := func(name string) error {
		log.Printf("%s: %d bytes", name, text.Len())
		defer text.Reset()
		if err := os.WriteFile(filepath.Join(out, name), text.Bytes(), 0o644); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		return nil
	}
	if clone != "" {
		if err := core.Write(&text, clone); err != nil {
			return err
		}
		if err := write("wordpress.db"); err != nil {
			return err
		}
	}
	if records == "" {
		return nil
	}
	if err := writeWeaknesses(&text, records, exploited); err != nil {
		return err
	}
	return write("weaknesses.txt")
}
