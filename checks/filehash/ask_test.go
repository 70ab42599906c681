package filehash

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sotomi/checks/internal/releases"
	"sotomi/scanner/web"
)

// An answer is a missing file, a content, or nothing. A page in place of a file is a missing file, unless some release has
// that very content: old scripts begin with a comment of HTML.
func TestAnswersForFiles(t *testing.T) {
	c := mustNew(t, loadSignature(t)).(*check)
	g := &gatherer{check: c, seen: &seen{posterior: releases.NewPosterior(c.db)}}
	const script, old = "html/template/default/assets/js/eccube.js", "html/js/win_op.js"
	const missing, nothing, content = "missing", "nothing", "content"
	for name, tc := range map[string]struct {
		file string
		ex   *web.Exchange
		want string
	}{
		"no_answer":              {script, nil, nothing},
		"found":                  {script, &web.Exchange{Status: http.StatusOK, Body: []byte("var a")}, content},
		"empty":                  {script, &web.Exchange{Status: http.StatusOK}, content},
		"cut_off":                {script, &web.Exchange{Status: http.StatusOK, Body: []byte("var a"), Truncated: true}, nothing},
		"not_found":              {script, &web.Exchange{Status: http.StatusNotFound, Body: []byte("var a")}, missing},
		"gone":                   {script, &web.Exchange{Status: http.StatusGone}, missing},
		"moved":                  {script, &web.Exchange{Status: http.StatusFound}, missing},
		"moved_for_ever":         {script, &web.Exchange{Status: http.StatusPermanentRedirect}, missing},
		"moved_to_a_page":        {script, &web.Exchange{Status: http.StatusFound, Header: http.Header{"Location": {"/login?to=/a/eccube.js"}}}, missing},
		"moved_to_a_cdn":         {script, &web.Exchange{Status: http.StatusMovedPermanently, Header: http.Header{"Location": {"https://cdn.example/a/eccube.js?v=1"}}}, nothing},
		"moved_by_a_bad_address": {script, &web.Exchange{Status: http.StatusFound, Header: http.Header{"Location": {"http://[::1/eccube.js"}}}, missing},
		"packed":                 {script, &web.Exchange{Status: http.StatusOK, Body: packed("var a")}, content},
		"packed_and_cut":         {script, &web.Exchange{Status: http.StatusOK, Body: packed("var a")[:12]}, nothing},
		"packed_bomb":            {script, &web.Exchange{Status: http.StatusOK, Body: packed(strings.Repeat("a", 8<<20))}, nothing},
		"cut_off_error":          {script, &web.Exchange{Status: http.StatusNotFound, Truncated: true}, missing},
		"unauthorised":           {script, &web.Exchange{Status: http.StatusUnauthorized}, nothing},
		"forbidden":              {script, &web.Exchange{Status: http.StatusForbidden}, nothing},
		"too_many":               {script, &web.Exchange{Status: http.StatusTooManyRequests}, nothing},
		"server_error":           {script, &web.Exchange{Status: http.StatusBadGateway}, nothing},
		"no_content":             {script, &web.Exchange{Status: http.StatusNoContent}, nothing},
		"page":                   {script, &web.Exchange{Status: http.StatusOK, Body: []byte("\r\n <!DOCTYPE HTML><html>")}, missing},
		"page_html":              {script, &web.Exchange{Status: http.StatusOK, Body: []byte("<html lang=ja>")}, missing},
		"names_html":             {script, &web.Exchange{Status: http.StatusOK, Body: []byte("var page = '<html>'")}, content},
		"like_a_page":            {old, &web.Exchange{Status: http.StatusOK, Body: []byte(contentOf(old, "2.4.4"))}, content},
		"like_a_page_crlf":       {old, &web.Exchange{Status: http.StatusOK, Body: []byte(crlf(contentOf(old, "2.4.4")))}, content},
		"other_like_a_page":      {old, &web.Exchange{Status: http.StatusOK, Body: []byte("<!-- not found -->")}, missing},
	} {
		file, _ := c.db.Find(tc.file)
		if tc.ex != nil {
			tc.ex.URL = &url.URL{Scheme: "http", Host: "shop.example", Path: "/" + tc.file}
		}
		a, ok := g.answerOf(file, tc.ex)
		got := content
		switch {
		case !ok:
			got = nothing
		case a.Missing:
			got = missing
		}
		if got != tc.want || a.File != file {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
		want := ""
		if got == content {
			want = string(tc.ex.Body)
			if name == "packed" {
				want = "var a"
			}
		}
		if got == content && (a.Bytes != sum(want) || len(a.Text) != len(a.Bytes)) || got == missing && a.Bytes+a.Text != "" {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// A page where an HTML file should be can be that file.
func TestAnswersForPages(t *testing.T) {
	const database = "release 1.0 2020-01-01\nfile html/a.html\n aaaaaaaaaaaa 1.0\n"
	db := mustNew(t, parseSignature(t, "id: a\ninfo: {name: A, author: a, severity: info, reference: https://a.example/}\nsafety: passive\ncheck: filehash\nwith: {product: A, database: eccube.db}\n", database)).(*check)
	g := &gatherer{check: db, seen: &seen{posterior: releases.NewPosterior(db.db)}}
	if a, ok := g.answerOf(0, &web.Exchange{Status: http.StatusOK, Body: []byte("<html>edited")}); !ok || a.Missing {
		t.Errorf("%+v, %t", a, ok)
	}
}

func packed(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a buffer takes all
	_ = w.Close()
	return b.Bytes()
}
