// Command eccubedb writes the fingerprint database of EC-CUBE, signatures/eccube/eccube.db, from git clones of
// EC-CUBE/ec-cube2 (releases 1.x and 2.x) and EC-CUBE/ec-cube (3.x and 4.x). Bare clones do.
//
//	go run ./checks/internal/eccubedb -ec-cube2 DIR -ec-cube DIR FORK...
//
// FORK... are clones of the repositories that package eccubegit names: they keep releases and development states that have no
// tag in the other two. One that is missing is named. What came out is compared with hashes of telling files (known.go).
//
// To add a release, fetch its tag into the clone and run the command again: the same tags give the same bytes, so the
// difference is the new release. Tags that it does not understand are listed on standard error and skipped.
//
// The database holds facts only: paths, hashes, and which release has which. It holds none of EC-CUBE's text.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"

	"sotomi/checks/internal/eccubegit"
	"sotomi/checks/internal/gitclone"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("eccubedb: ")
	old := flag.String("ec-cube2", os.Getenv("ECCUBE2_GIT"), "clone of EC-CUBE/ec-cube2 (or ECCUBE2_GIT)")
	current := flag.String("ec-cube", os.Getenv("ECCUBE_GIT"), "clone of EC-CUBE/ec-cube (or ECCUBE_GIT)")
	out := flag.String("o", "signatures/eccube/eccube.db", "file to write")
	flag.Parse()
	if *old == "" || *current == "" {
		log.Fatal("both -ec-cube2 and -ec-cube are needed")
	}
	c := gitclone.Clones{Dirs: append([]string{*old, *current}, flag.Args()...)}
	if err := run(c, eccubegit.States, *out); err != nil {
		log.Fatal(err)
	}
}

// run writes the database of the first two clones' tags and of states that any of the clones has.
func run(clones gitclone.Clones, states []eccubegit.State, out string) error {
	var releases []release
	for i, majors := range []string{"12", "34"} {
		list, unknown, err := releasesOf(clones, clones.Dirs[i], majors)
		if err != nil {
			return err
		}
		for _, tag := range unknown {
			log.Printf("%s: tag %s is not a release", clones.Dirs[i], tag)
		}
		releases = append(releases, list...)
	}
	releases, err := withStates(releases, clones, states)
	if err != nil {
		return err
	}
	sortReleases(releases)
	files, err := publicFiles(releases)
	if err != nil {
		return err
	}
	if len(states) > 0 {
		if err := agree(files); err != nil {
			return err
		}
	}
	files = prune(files)
	pages := publicPages()
	if err := marksOf(pages, releases); err != nil {
		return err
	}
	var text bytes.Buffer
	writeDatabase(&text, releases, files)
	writePages(&text, releases, pages)
	stable := 0
	for _, r := range releases {
		if r.stable() {
			stable++
		}
	}
	log.Printf("%d releases (%d stable), %d files, %d bytes", len(releases), stable, len(files), text.Len())
	if err := os.WriteFile(out, text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}
