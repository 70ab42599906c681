package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/notify"
	"sotomi/scanner/signature"
	"sotomi/scanner/watch"
)

const (
	defaultState = "sotomi-history.db"
	defaultKeep  = 400 // days: a year can be compared with the one before
	day          = 24 * time.Hour
)

// watchFile is watch: in sotomi.yaml.
type watchFile struct {
	Every     time.Duration  `yaml:"every"`
	Cron      string         `yaml:"cron"`
	Jitter    time.Duration  `yaml:"jitter"`
	Blackout  []string       `yaml:"blackout"`
	TimeZone  string         `yaml:"time-zone"`
	State     string         `yaml:"state"`
	Page      string         `yaml:"status-page"`
	Keep      *int           `yaml:"keep"`      // days
	Reminders map[string]int `yaml:"reminders"` // days by severity; 0 is never
}

// notifyFile is one receiver in notify: in sotomi.yaml. ${NAME} in its addresses and headers is a variable.
type notifyFile struct {
	Name        string   `yaml:"name"`
	URL         string   `yaml:"url"`
	Webhook     string   `yaml:"webhook"`
	Header      []string `yaml:"header"`
	ContentType string   `yaml:"content-type"`
	Body        string   `yaml:"body"`
	Lang        string   `yaml:"lang"`
	Severity    string   `yaml:"severity"`
	On          []string `yaml:"on"`
}

func (w watchFile) schedule() (*watch.Schedule, error) {
	if w.Jitter < 0 {
		return nil, message.Errorf("watch: jitter must not be negative")
	}
	s, err := watch.NewSchedule(w.Every, w.Cron, w.TimeZone, w.Blackout)
	if err != nil {
		return nil, message.Errorf("watch: %w", err)
	}
	return s, nil
}

// reminders are after how long findings that are still open are told again.
func (w watchFile) reminders() (map[signature.Severity]time.Duration, error) {
	days := map[string]int{"critical": 60, "high": 60, "medium": 120, "low": 540}
	var mistakes []error
	for name, n := range w.Reminders {
		severity, err := signature.ParseSeverity(name)
		if err != nil || n < 0 {
			mistakes = append(mistakes, message.Errorf("watch: reminders: %s: %d is not a number of days for a severity", name, n))
		}
		days[string(severity)] = n
	}
	list := map[signature.Severity]time.Duration{}
	for name, n := range days {
		list[signature.Severity(name)] = time.Duration(n) * day
	}
	return list, errors.Join(mistakes...)
}

func (w watchFile) keep() (time.Duration, error) {
	n := defaultKeep
	if w.Keep != nil {
		n = *w.Keep
	}
	if n < 0 {
		return 0, message.Errorf("watch: keep must not be negative")
	}
	return time.Duration(n) * day, nil
}

func (s *settings) statePath() string {
	return cmp.Or(s.c.String("state"), s.file.Watch.State, defaultState)
}

// receivers are those whom a watch tells, each in its language.
func (s *settings) receivers(language string) ([]*watch.Receiver, error) {
	var list []*watch.Receiver
	var mistakes []error
	for i, n := range s.file.Notify {
		r, err := s.receiver(n, language)
		if err == nil && slices.ContainsFunc(list, func(other *watch.Receiver) bool { return other.Name == r.Name }) {
			err = message.Errorf("the name %q is taken", r.Name)
		}
		if err != nil {
			mistakes = append(mistakes, message.Errorf("notify: number %d: %w", i+1, err))
			continue
		}
		list = append(list, r)
	}
	return list, errors.Join(mistakes...)
}

func (s *settings) receiver(n notifyFile, language string) (*watch.Receiver, error) {
	if (n.URL == "") == (n.Webhook == "") {
		return nil, message.Errorf("url, for a service, or webhook is needed, and only one of them")
	}
	if n.URL != "" && len(n.Header)+len(n.ContentType)+len(n.Body) > 0 {
		return nil, message.Errorf("header, content-type and body are for webhook")
	}
	r := &watch.Receiver{Name: cmp.Or(n.Name, strings.SplitN(n.URL, ":", 2)[0], "webhook"), Language: cmp.Or(n.Lang, language)} //nolint:mnd // what is before the colon
	if r.Language != "en" && r.Language != "ja" {
		return nil, message.Errorf("lang: %q is not a language; there are en and ja", n.Lang)
	}
	if n.Severity != "" {
		var err error
		if r.Least, err = signature.ParseSeverity(n.Severity); err != nil {
			return nil, message.Errorf("severity: %w", err)
		}
	}
	for _, kind := range n.On {
		if !slices.Contains(watch.Kinds, watch.Kind(kind)) {
			return nil, message.Errorf("on: %q is none; there are %s", kind, strings.Trim(fmt.Sprint(watch.Kinds), "[]"))
		}
		r.Kinds = append(r.Kinds, watch.Kind(kind))
	}
	var errs []error
	filled := func(text string) string {
		value, err := s.fill(text)
		errs = append(errs, err)
		return value
	}
	service := notify.Service{URL: filled(n.URL), Webhook: notify.Webhook{URL: filled(n.Webhook), ContentType: n.ContentType, Body: n.Body}}
	for _, line := range n.Header {
		name, value, _ := strings.Cut(line, ":")
		service.Webhook.Header = append(service.Webhook.Header, name+": "+filled(strings.TrimSpace(value)))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	send, err := notify.New(service)
	r.Send = send
	return r, err
}

// testReceivers sends a message to each.
func (e *environment) testReceivers(ctx context.Context, list []*watch.Receiver) error {
	if len(list) == 0 {
		return message.Errorf("sotomi.yaml names no receivers in notify:")
	}
	var failed []error
	for _, r := range list {
		words := message.In(r.Language)
		err := r.Send(ctx, words.Text(message.New("sotomi: a test")), words.Text(message.New("This is a test message. Changes will be told here.")))
		if err != nil {
			failed = append(failed, message.Errorf("%s: %w", r.Name, err))
			continue
		}
		e.notice(message.New("%s: the message was sent", r.Name))
	}
	if err := errors.Join(failed...); err != nil {
		return &statusError{scanner.ExitIncomplete, message.Of(err)}
	}
	return nil
}
