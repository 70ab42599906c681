package command

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sotomi/scanner"
	"sotomi/scanner/history"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

const (
	defaultConfig      = "sotomi.yaml"
	defaultTimeout     = 15 * time.Second
	defaultHostTimeout = 15 * time.Minute
)

// configFile is sotomi.yaml: the flags of scan by their names, and targets. Flags win over SOTOMI_ variables, those over
// the file.
type configFile struct {
	Targets             []string       `yaml:"targets"`
	Signatures          []string       `yaml:"signatures"`
	NoDefaultSignatures *bool          `yaml:"no-default-signatures"`
	TemplateRoot        []string       `yaml:"template-root"`
	Only                []string       `yaml:"only"`
	Exclude             []string       `yaml:"exclude"`
	Profile             *string        `yaml:"profile"`
	Safety              *string        `yaml:"safety"`
	Wordlist            *string        `yaml:"wordlist"`
	Ports               *string        `yaml:"ports"`
	Output              []string       `yaml:"output"`
	Per                 *string        `yaml:"per"`
	Chromium            *string        `yaml:"chromium"`
	Lang                *string        `yaml:"lang"`
	FailOn              *string        `yaml:"fail-on"`
	Baseline            *string        `yaml:"baseline"`
	FailOnNew           *string        `yaml:"fail-on-new"`
	FailOnNewSignatures *bool          `yaml:"fail-on-new-signatures"`
	Ignore              *string        `yaml:"ignore"`
	Expected            *string        `yaml:"expected"`
	Payment             *string        `yaml:"payment"`
	PaymentPage         []string       `yaml:"payment-page"`
	VEX                 []string       `yaml:"vex"`
	MinSeverity         *string        `yaml:"min-severity"`
	OnIncomplete        *string        `yaml:"on-incomplete"`
	Strict              *bool          `yaml:"strict"`
	SkipBroken          *bool          `yaml:"skip-broken"`
	Verbose             *bool          `yaml:"verbose"`
	HashNames           *bool          `yaml:"hash-names"`
	Rate                *float64       `yaml:"rate"`
	Concurrency         *int           `yaml:"concurrency"`
	InFlight            *int           `yaml:"in-flight"`
	Timeout             *time.Duration `yaml:"timeout"`
	HostTimeout         *time.Duration `yaml:"host-timeout"`
	MaxTime             *time.Duration `yaml:"max-time"`
	Retries             *int           `yaml:"retries"`
	CrawlPages          *int           `yaml:"crawl-pages"`
	Proxy               *string        `yaml:"proxy"`
	Header              []string       `yaml:"header"`
	ExcludeHost         []string       `yaml:"exclude-host"`
	Resolve             []string       `yaml:"resolve"`
	CA                  *string        `yaml:"ca"`
	ClientCert          *string        `yaml:"client-cert"`
	Insecure            *bool          `yaml:"insecure"`
	UserAgent           *string        `yaml:"user-agent"`
	Session             []string       `yaml:"session"`
	Page                []string       `yaml:"page"`
	NoFollow            *bool          `yaml:"no-follow"`

	Watch  watchFile    `yaml:"watch"`
	Notify []notifyFile `yaml:"notify"`
}

// settings are flags, environment and file together.
type settings struct {
	c       *cli.Context
	file    configFile
	secrets []string // values given to log in, known once client and visitors are read

	config    string          // hash of the file; "" without one
	variables map[string]bool // named by placeholders
	mistakes  []error         // found while settings were read

	taken  *taken         // what is read, to be read by workers too; nil when the scan is not shared
	report string         // where a watch wants the report in JSON lines; "" for none
	memory scanner.Memory // of a watch; nil for others
	past   *history.File  // of a watch; nil for others
}

// reports are what --output asks for, and what a watch needs.
func (s *settings) reports() []string {
	list := s.list("output", s.file.Output)
	if s.report != "" {
		list = append([]string{"jsonl=" + s.report}, list...)
	}
	return list
}

// readSettings reads the file that --config names, or sotomi.yaml if there is one.
func (e *environment) readSettings(c *cli.Context) (*settings, error) {
	s := &settings{c: c}
	name := c.String("config")
	named := name != ""
	if !named {
		name = defaultConfig
	}
	text, err := readFile(name, maxSettings)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return s, nil
	}
	if err != nil {
		return nil, message.Errorf("--config: %w", err)
	}
	s.config = fmt.Sprintf("%x", sha256.Sum256(text))
	if !named {
		e.notice(message.New("settings are read from %s", name))
	}
	err = signature.DecodeFile(name, text, &s.file)
	if s.file.Lang != nil && !e.langGiven { // also for the mistakes in the rest of the file
		err = errors.Join(err, e.setLanguage(name+": lang", *s.file.Lang))
	}
	return s, err
}

// list is the flag's values, else the file's.
func (s *settings) list(name string, file []string) []string {
	if s.c.IsSet(name) {
		file = s.c.StringSlice(name)
	}
	if name != "header" {
		s.literal(name, file...)
	}
	return file
}

// words is a list whose entries may hold several words separated by commas.
func (s *settings) words(name string, file []string) []string {
	var all []string
	given := s.list(name, file)
	for _, entry := range given {
		for word := range strings.SplitSeq(entry, ",") {
			if word = strings.TrimSpace(word); word != "" {
				all = append(all, word)
			}
		}
	}
	if len(given) > 0 && len(all) == 0 { // to run all is not what was asked for
		s.mistakes = append(s.mistakes, message.Errorf("--%s names nothing", name))
	}
	return all
}

// pick is the flag's value when it was given, else the file's, else the flag's default.
func pick[T any](s *settings, name string, flag func(string) T, file *T) T {
	if file != nil && !s.c.IsSet(name) {
		return *file
	}
	return flag(name)
}

func (s *settings) text(name string, file *string) string {
	text := pick(s, name, s.c.String, file)
	if name != "proxy" {
		s.literal(name, text)
	}
	return text
}

func (s *settings) yes(name string, file *bool) bool  { return pick(s, name, s.c.Bool, file) }
func (s *settings) number(name string, file *int) int { return pick(s, name, s.c.Int, file) }

// recorded are the settings that a report keeps.
func (s *settings) recorded(safety signature.Safety, selected []*signature.Signature) *scanner.Settings {
	f := s.filter(safety)
	var items map[string][]string
	for _, list := range signature.Checklists(f.Profile) {
		for _, item := range list.Items {
			for _, sig := range selected {
				if safety.Allows(sig.Safety) && slices.Contains(sig.Info.Items, item.ID) {
					if items == nil {
						items = map[string][]string{}
					}
					items[item.ID] = append(items[item.ID], sig.ID)
				}
			}
		}
	}
	return &scanner.Settings{
		Only: f.Only, Exclude: f.Exclude, Profile: f.Profile, Safety: safety, Rate: pick(s, "rate", s.c.Float64, s.file.Rate),
		Concurrency: s.number("concurrency", s.file.Concurrency), InFlight: s.number("in-flight", s.file.InFlight), Retries: s.number("retries", s.file.Retries),
		CrawlPages: s.number("crawl-pages", s.file.CrawlPages), NoFollow: s.yes("no-follow", s.file.NoFollow), Config: s.config, Items: items,
		Ports: s.text("ports", s.file.Ports), ExcludeHosts: s.list("exclude-host", s.file.ExcludeHost),
	}
}

// filter is what --only and --exclude pick.
func (s *settings) filter(safety signature.Safety) signature.Filter {
	return signature.Filter{Only: s.words("only", s.file.Only), Exclude: s.words("exclude", s.file.Exclude), Safety: safety, Profile: s.text("profile", s.file.Profile)}
}

// load reads and selects the signatures. With skipBroken, a file of the user's that has mistakes is a signature that never
// runs, else the mistakes are the error.
func (s *settings) load(embedded fs.FS, skipBroken bool) (*signature.Set, []*signature.Signature, error) {
	src, err := s.sources(embedded, skipBroken)
	if err != nil {
		return nil, nil, err
	}
	filter := s.filter(signature.SafetyIntrusive)
	set, err := signature.Load(src)
	if err = errors.Join(append(s.mistakes, err)...); err != nil {
		s.mistakes = nil // they are told
		return nil, nil, err
	}
	selected, err := set.Select(filter)
	return set, selected, err
}

// sources are where signatures come from.
func (s *settings) sources(embedded fs.FS, skipBroken bool) (signature.Sources, error) {
	src := signature.Sources{
		Folders:       s.list("signatures", s.file.Signatures),
		TemplateRoots: s.list("template-root", s.file.TemplateRoot),
		SkipBroken:    skipBroken,
		Told:          s.taken.signature(),
	}
	if !s.yes("no-default-signatures", s.file.NoDefaultSignatures) {
		src.Embedded = embedded
	} else if len(src.Folders) == 0 {
		return src, message.Errorf("--no-default-signatures leaves no signatures; name a folder with --signatures")
	}
	return src, nil
}
