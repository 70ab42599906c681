// Command productdb writes what is known of products that keep their release to themselves: which static files each release
// gives out (signatures/products/NAME.db).
//
//	go run ./checks/internal/productdb -basercms DIR -concrete-cms DIR -drupal DIR -zen-cart DIR
//
// DIR are clones, bare ones do; products.go has their addresses. The database of a product whose clone is not named is left
// as it is. The same tags give the same bytes. Databases hold facts only: paths, hashes and names of releases.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("productdb: ")
	out := flag.String("o", "signatures/products", "folder to write to")
	clones := map[string]*string{}
	for name, p := range products {
		clones[name] = flag.String(name, "", "clone of "+p.Source)
	}
	flag.Parse()
	if err := run(clones, *out); err != nil {
		log.Fatal(err)
	}
}

func run(clones map[string]*string, out string) error {
	for _, name := range slices.Sorted(maps.Keys(clones)) {
		if *clones[name] == "" {
			continue
		}
		p := products[name]
		var text bytes.Buffer
		if err := p.Write(&text, *clones[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		log.Printf("%s.db: %d bytes", name, text.Len())
		if err := os.WriteFile(filepath.Join(out, name+".db"), text.Bytes(), 0o644); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}
