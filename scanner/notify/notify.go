// Package notify sends messages to people: through the services that shoutrrr knows (Slack, Teams, mail and others), and to
// any webhook.
package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"sotomi/scanner/message"
)

// timeout is the longest that one message may take.
const timeout = 30 * time.Second

// Service is where messages go: a URL of shoutrrr, or a webhook.
type Service struct {
	URL     string  // such as slack://token@channel; see https://shoutrrr.nickfedor.com
	Webhook Webhook // when URL is empty
}

// Webhook is a request with a message in its body.
type Webhook struct {
	URL         string
	Header      []string // NAME: VALUE
	ContentType string   // "application/json" when empty
	Body        string   // a template with .Title and .Body, and the functions json and urlquery; {"text": …} when empty
}

// defaultBody is what Slack, Mattermost, Google Chat and many others take.
const defaultBody = `{"text": {{json (printf "%s\n\n%s" .Title .Body)}}}`

// Send sends a message. Errors hold nothing of the service's address, which may be secret.
type Send func(ctx context.Context, title, body string) error

// New is how to send to a service. Nothing is sent yet.
func New(s Service) (Send, error) {
	if s.URL != "" {
		return shoutrrr(s.URL)
	}
	return webhook(s.Webhook)
}

func shoutrrr(address string) (Send, error) {
	to, err := router.New(nil, address)
	if err != nil {
		scheme, _, _ := strings.Cut(address, ":")
		return nil, message.Errorf("this is no address of a service of the kind %q: %w", scheme, without(err, address))
	}
	return func(_ context.Context, title, body string) error { // it has a limit of its own
		params := types.Params{}
		params.SetTitle(title)
		for _, err := range to.Send(body, &params) {
			if err != nil {
				return without(err, address)
			}
		}
		return nil
	}, nil
}

func webhook(w Webhook) (Send, error) {
	u, err := url.Parse(w.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, message.Errorf("webhook: this is no address that begins with https://")
	}
	text := w.Body
	if text == "" {
		text = defaultBody
	}
	body, err := template.New("body").Option("missingkey=error").Funcs(template.FuncMap{"json": asJSON}).Parse(text)
	if err == nil {
		err = body.Execute(io.Discard, map[string]string{"Title": "", "Body": ""})
	}
	if err != nil {
		return nil, message.Errorf("body: %w", err)
	}
	header := http.Header{"Content-Type": {w.ContentType}, "User-Agent": {"sotomi"}}
	if w.ContentType == "" {
		header.Set("Content-Type", "application/json")
	}
	for _, line := range w.Header {
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, message.Errorf("header: an entry is not of the form NAME: VALUE")
		}
		header.Set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return func(ctx context.Context, title, text string) error {
		var filled bytes.Buffer
		if err := body.Execute(&filled, map[string]string{"Title": title, "Body": text}); err != nil {
			return err
		}
		return without(post(ctx, w.URL, header, &filled), w.URL)
	}, nil
}

// asJSON is a text as a JSON string.
func asJSON(text string) (string, error) {
	b, err := json.Marshal(text)
	return string(b), err
}

// client follows no redirects: a message goes where it was sent.
var client = &http.Client{Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func post(ctx context.Context, address string, header http.Header, body io.Reader) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, body)
	if err != nil {
		return err
	}
	req.Header = header
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return message.Errorf("the answer is %s", fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode)))
	}
	return nil
}

// without is an error's innermost cause, without anything of an address, which may hold a token.
func without(err error, address string) error {
	if err == nil {
		return nil
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	text := err.Error()
	_, rest, _ := strings.Cut(address, "://")
	parts := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("/@:?&=,#", r) })
	slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) })
	for _, p := range append([]string{address, rest}, parts...) {
		for _, form := range []string{p, unescaped(p)} {
			if len(form) >= 4 {
				text = strings.ReplaceAll(text, form, "***")
			}
		}
	}
	return errors.New(message.Line(text)) //nolint:err113 // the cause is not for programs
}

func unescaped(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
