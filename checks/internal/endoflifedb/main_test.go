package main

import (
	"bytes"
	"testing"
)

const page = `---
title: A
releases:
  - releaseCycle: "2.10"
    eol: false
  - releaseCycle: "2.0"
    eol: 2024-05-01 # a page
    latest: "2.0.9"
  - releaseCycle: "1"
    eol: true
---
releases:
  - releaseCycle: "text"
`

func TestWrite(t *testing.T) {
	var out bytes.Buffer
	if err := write(&out, "a", []byte(page)); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "a 2.10 -\na 2.0 2024-05-01\n"; got != want {
		t.Errorf("write:\n%s\nwant:\n%s", got, want)
	}
	if err := write(&out, "a", []byte("---\ntitle: A\n---\n")); err == nil {
		t.Error("a page without releases: want an error")
	}
}
