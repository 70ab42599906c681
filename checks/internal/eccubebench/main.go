// Command eccubebench serves every stable release of EC-CUBE from git clones as a shop would, lets the signature
// eccube-version look at it, and prints how often the truth is in the answer, how exact the answer is, and what it cost.
//
//	ECCUBE2_GIT=DIR ECCUBE_GIT=DIR go run ./checks/internal/eccubebench [-only NAME] [-v] FORK...
//
// FORK... are the clones that keep releases without a tag in those two, as for the command eccubedb.
//
// Nobody outside can tell releases apart that give out the very same bytes. "exact" means that the answer is the class of
// such releases that the shop's is in. The command exits 1 when a figure is below what is promised.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("eccubebench: ")
	old := flag.String("ec-cube2", os.Getenv("ECCUBE2_GIT"), "clone of EC-CUBE/ec-cube2 (or ECCUBE2_GIT)")
	current := flag.String("ec-cube", os.Getenv("ECCUBE_GIT"), "clone of EC-CUBE/ec-cube (or ECCUBE_GIT)")
	only := flag.String("only", "", "scenario or release to run alone")
	verbose := flag.Bool("v", false, "print every answer")
	flag.Parse()
	if *old == "" || *current == "" {
		log.Fatal("both -ec-cube2 and -ec-cube are needed")
	}
	ok, err := run(context.Background(), options{dirs: append([]string{*old, *current}, flag.Args()...), only: *only, verbose: *verbose})
	if err != nil {
		log.Fatal(err)
	}
	if !ok {
		os.Exit(1)
	}
}

type options struct {
	dirs    []string // clones: ec-cube2, ec-cube, forks
	only    string
	verbose bool
}

func run(ctx context.Context, o options) (bool, error) {
	b, err := newBench(o) //nolint:contextcheck // git ends when its input does
	if err != nil {
		return false, err
	}
	defer b.close()
	if err := b.classify(scenarios()[0]); err != nil {
		return false, err
	}
	fmt.Printf("%d stable releases, %d classes that give out the same bytes\n\n", len(b.releases), len(b.classes()))
	fmt.Printf("%-28s %9s %9s %11s %15s %15s %9s\n", "scenario", "truth in", "exact", "candidates", "requests mean", "requests max", "accused")
	good := true
	for _, s := range scenarios() {
		if o.only != "" && o.only != s.name && !b.has(o.only) {
			continue
		}
		r, err := b.scenario(ctx, s)
		if err != nil {
			return false, err
		}
		fmt.Println(r.line(s))
		for _, p := range r.problems {
			fmt.Println("   ", p)
		}
		good = good && r.good(s)
	}
	if o.only == "" || o.only == "others" {
		claims, worst, err := b.others(ctx)
		if err != nil {
			return false, err
		}
		fmt.Printf("\nother sites: %d claims, at most %d extra requests\n", len(claims), worst)
		if len(claims) > 0 {
			fmt.Println("   ", strings.Join(claims, ", "))
		}
		good = good && len(claims) == 0 && worst <= 2
	}
	return good, nil
}
