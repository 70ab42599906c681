package notify

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// received is a request as a receiver saw it.
type received struct{ header, body string }

// receiver answers with a status and keeps what it is sent.
func receiver(t *testing.T, status int, location string) (string, *[]received) {
	t.Helper()
	var list []received
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		list = append(list, received{r.Method + " " + r.URL.Path + " " + r.Header.Get("X-Token") + " " + r.Header.Get("Content-Type"), string(body)})
		if location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s.URL, &list
}

func TestWebhook(t *testing.T) {
	url, list := receiver(t, http.StatusNoContent, "")
	for name, c := range map[string]struct {
		webhook Webhook
		want    received
	}{
		"plain":     {Webhook{URL: url + "/a"}, received{"POST /a  application/json", `{"text": "a \"title\"\n\ntwo\nlines"}`}},
		"header":    {Webhook{URL: url + "/a", Header: []string{"X-Token: t: 1"}}, received{"POST /a t: 1 application/json", `{"text": "a \"title\"\n\ntwo\nlines"}`}},
		"form":      {Webhook{URL: url + "/a", ContentType: "application/x-www-form-urlencoded", Body: "body={{urlquery .Body}}"}, received{"POST /a  application/x-www-form-urlencoded", "body=two%0Alines"}},
		"json_form": {Webhook{URL: url + "/a", Body: `{"t": {{json .Title}}}`}, received{"POST /a  application/json", `{"t": "a \"title\""}`}},
	} {
		t.Run(name, func(t *testing.T) {
			*list = nil
			send, err := New(Service{Webhook: c.webhook})
			if err != nil {
				t.Fatal(err)
			}
			if len(*list) > 0 {
				t.Error("something was sent before there was a message")
			}
			if err := send(t.Context(), `a "title"`, "two\nlines"); err != nil {
				t.Fatal(err)
			}
			if len(*list) != 1 || (*list)[0] != c.want {
				t.Errorf("received %q, want %q", *list, c.want)
			}
		})
	}
}

// TestShoutrrr: a service of the library is reached, with title and body.
func TestShoutrrr(t *testing.T) {
	url, list := receiver(t, http.StatusOK, "")
	send, err := New(Service{URL: "generic+" + url + "/a?template=json"})
	if err != nil {
		t.Fatal(err)
	}
	if err := send(t.Context(), "a title", "a body"); err != nil {
		t.Fatal(err)
	}
	if len(*list) != 1 || !strings.Contains((*list)[0].body, "a title") || !strings.Contains((*list)[0].body, "a body") {
		t.Errorf("received %q", *list)
	}
}

// TestErrorsHoldNoSecrets: whatever goes wrong, the address of a service is not shown.
func TestErrorsHoldNoSecrets(t *testing.T) {
	refused, _ := receiver(t, http.StatusForbidden, "")
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	elsewhere, sent := receiver(t, http.StatusOK, "")
	redirect, _ := receiver(t, http.StatusTemporaryRedirect, elsewhere)
	const secret = "s3cr3tvalue"
	for name, service := range map[string]Service{
		"refused":        {Webhook: Webhook{URL: refused + "/" + secret}},
		"closed":         {Webhook: Webhook{URL: closed.URL + "/?key=" + secret}},
		"redirect":       {Webhook: Webhook{URL: redirect + "/" + secret}},
		"refused_by_url": {URL: "generic+" + refused + "/" + secret + "?template=json"},
		"closed_by_url":  {URL: "generic+" + closed.URL + "/" + secret + "?template=json"},
	} {
		t.Run(name, func(t *testing.T) {
			send, err := New(service)
			if err != nil {
				t.Fatal(err)
			}
			err = send(t.Context(), "t", "b")
			if err == nil {
				t.Fatal("no error")
			}
			if text := err.Error(); text == "" || strings.Contains(text, secret) || strings.Contains(text, "127.0.0.1") {
				t.Errorf("the error is %q", text)
			}
		})
	}
	if len(*sent) > 0 {
		t.Error("a message followed a redirect")
	}
	for name, service := range map[string]Service{
		"service":  {URL: "slack://" + secret},
		"unknown":  {URL: "nothing://" + secret},
		"scheme":   {Webhook: Webhook{URL: "ftp://" + secret}},
		"header":   {Webhook: Webhook{URL: "https://a.test", Header: []string{secret}}},
		"template": {Webhook: Webhook{URL: "https://a.test", Body: "{{.Nothing}}"}},
	} {
		t.Run("mistake_"+name, func(t *testing.T) {
			if _, err := New(service); err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
