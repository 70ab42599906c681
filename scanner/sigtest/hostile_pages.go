package sigtest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
)

// HostileMark stands in each text that is meant for the program with which a report is read.
const HostileMark = "hostile7"

// HostileText is for terminals, spreadsheets, browsers and readers of Markdown, in one.
const HostileText = "=hostile7()\x1b]0;hostile7\x07\x1b[31m\u202e\u009b31m\x00<script>hostile7()</script><img src=x onerror=hostile7()>" +
	"[hostile7](javascript:hostile7())```\"';|&"

// pages are servers of HTML that costs much to read, or that is meant for those who read the report.
func pages() []Hostile {
	const size = 1 << 20
	fill := func(part func(i int) string) string {
		var b strings.Builder
		b.WriteString("<html><title>a</title><body>")
		for i := 0; b.Len() < size; i++ {
			b.WriteString(part(i))
		}
		return b.String()
	}
	random := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(random) // it has no errors
	list := []Hostile{{Name: "texts_for_readers", Serve: says(forReaders), Seen: true}}
	for name, body := range map[string]string{
		"100000_links":        fill(func(i int) string { return fmt.Sprintf("<a href=/%x>", i) }),
		"deep_nesting":        fill(func(int) string { return "<div>" }),
		"tables_in_tables":    fill(func(int) string { return "<table><tr><td>" }),
		"attributes":          fill(func(i int) string { return fmt.Sprintf("<p a%d=b c%d=d>", i, i) }),
		"megabyte_attribute":  "<html><title>a</title><a href=\"/" + strings.Repeat("a", size-100) + "\">",
		"reopened_formatting": fill(func(i int) string { return fmt.Sprintf("<p><b id=%d>", i) }),
		"many_forms":          fill(func(i int) string { return fmt.Sprintf("<form action=/%d><input name=a%d></form>", i, i) }),
		"unique_words":        fill(func(i int) string { return fmt.Sprintf("%x ", i*7919) }),
		"random_bytes":        string(random),
		"nul_bytes":           strings.Repeat("\x00", size),
		"no_charset":          "<meta charset=\"x-\x00klingon\"><title>\xff\xfe\x81\xa0</title>" + strings.Repeat("\x81\x1b$B\xff", 1000),
		"deep_json":           strings.Repeat("[", size),
	} {
		kind := "text/html"
		if strings.HasSuffix(name, "json") {
			kind = "application/json"
		}
		answer := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", kind, len(body), body)
		list = append(list, Hostile{Name: name, Serve: always(answer), Seen: true})
	}
	return list
}

// forReaders is a site with much to find, each with a text for those who read of it.
func forReaders(r *http.Request) string {
	const head = "HTTP/1.1 200 OK\r\nServer: nginx/1.10.0 " + HostileText + "\r\nX-Powered-By: PHP/5.3.1 " + HostileText +
		"\r\nSet-Cookie: a" + HostileMark + "=" + HostileMark + "\r\n"
	kind, body := "text/html", ""
	switch r.URL.Path {
	case "/":
		body = "<html><head><title>" + HostileText + "</title><meta name=generator content='WordPress 4.7.1 " + HostileText + "'>" +
			"<script src='/jquery-1.6.1.js?" + HostileText + "'></script><script src='http://cdn.test/jquery.js?a'></script></head>" +
			"<body><a href='/x/" + HostileText + "'>a</a><link rel=stylesheet href='/wp-content/plugins/akismet/style.css?ver=" + HostileText + "'>" +
			"<img src='/uploads/a.png'><form><input name='q" + HostileText + "'></form></body></html>"
	case "/.git/HEAD":
		kind, body = "text/plain", "ref: refs/heads/"+HostileText+"\n"
	case "/.git/config":
		kind, body = "text/plain", "[core]\n\trepositoryformatversion = 0\n[remote \"origin\"]\n\turl = https://"+HostileText+"\n"
	case "/.env":
		kind, body = "text/plain", "APP_NAME="+HostileText+"\nAPP_KEY=base64:aGVsbG8gd29ybGQ=\nDB_PASSWORD="+HostileText+"\n"
	case "/uploads/":
		body = "<html>\r\n<head><title>Index of /uploads/</title></head>\r\n<body>\r\n<h1>Index of /uploads/</h1><hr><pre><a href=\"../\">../</a>\r\n" +
			"<a href=\"=hostile7()\x1b[31m\u202edump.sql\">" + HostileText + "dump.sql</a>  26-Nov-2026 20:37  2\r\n</pre><hr></body>\r\n</html>"
	case "/phpinfo.php", "/info.php":
		body = "<html><head><title>phpinfo()</title></head><body><h1 class=\"p\">PHP Version 5.3.1" + HostileText +
			"</h1><table><tr><td class=\"e\">Configuration File (php.ini) Path </td><td class=\"v\">" + HostileText + "</td></tr></table></body></html>"
	case "/server-status":
		body = "<html><head><title>Apache Status</title></head><body><h1>Apache Server Status for " + HostileText + "</h1>" +
			"<dl><dt>Server Version: Apache/2.4.1 " + HostileText + "</dt></dl></body></html>"
	default:
		return fmt.Sprintf("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(HostileText), HostileText)
	}
	return fmt.Sprintf("%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", head, kind, len(body), body)
}
