package wordpress

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"sotomi/checks/internal/releases"
	"sotomi/checks/internal/staticfiles"
	"sotomi/checks/internal/weaknesses"
)

func database(t *testing.T) *releases.Database {
	t.Helper()
	text, err := os.ReadFile("../../signatures/wordpress/wordpress.db")
	if err != nil {
		t.Fatal(err)
	}
	db, err := releases.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// The files of a release (every 59th is tried), asked for in the order of the check, leave it among the candidates, and few beside it.
func TestFiles_of_a_release(t *testing.T) {
	db := database(t)
	together, exact, total := 0, 0, 0
	for at := 0; at < len(db.Releases); at += 59 {
		r := db.Releases[at]
		posterior := releases.NewPosterior(db)
		var missing []int
		for range staticfiles.Asked {
			file := staticfiles.Next(db, posterior, missing)
			if file < 0 {
				break
			}
			posterior.Skip(file)
			if !db.Files[file].Has.Has(at) {
				missing = append(missing, file)
			}
			for _, v := range db.Files[file].Variants {
				if v.Releases.Has(at) {
					posterior.Observe(releases.Answer{File: file, Forms: releases.Forms{Bytes: v.Bytes, Text: v.Text, Code: v.Code}})
				}
			}
		}
		names := db.Names(posterior.Verdict().Candidates)
		if len(posterior.Answers()) == 0 {
			t.Errorf("%s: no file of its own was asked for", r.Name)
		}
		if !slices.Contains(names, r.Name) {
			t.Errorf("%s: told as %v", r.Name, names)
		}
		if weaknesses.Compare(r.Name, "4.0") >= 0 {
			total++
			together += len(names)
			if len(names) == 1 {
				exact++
			}
		}
	}
	t.Logf("of %d releases since 4.0, %d are told exactly; %.1f candidates on average", total, exact, float64(together)/float64(total))
	if mean := float64(together) / float64(total); mean > 8 {
		t.Errorf("%.1f candidates on average", mean)
	}
}
