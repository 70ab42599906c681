package command

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// earlier is a scan to go on with.
type earlier struct {
	*report.Journal
	file *os.File
}

// withheld are the flags that a journal does not keep: their values may be secret.
var withheld = []string{"header", "proxy", "session"}

// readEarlier reads the journal that --resume names, and gives the flags of its scan that are not given now. It is nil
// without --resume.
func (e *environment) readEarlier(c *cli.Context) (*earlier, error) {
	path := c.String("resume")
	if path == "" {
		return nil, nil
	}
	fail := func(err error) (*earlier, error) { return nil, message.Errorf("--resume %s: %w", path, err) }
	read, err := openEarlier(path)
	if err != nil {
		return fail(err)
	}
	if lost := read.Lost; lost.Bytes > 0 {
		e.notice(message.New("--resume %s: from line %d on the journal cannot be read (bytes: %d); the sites that it told of there are scanned again", path, lost.Line, lost.Bytes))
	}
	for _, f := range read.Plan.Flags {
		if f.Name == "lang" {
			if !e.langGiven {
				err = e.setLanguage("lang", strings.Join(f.Values, ""))
			}
		} else if !c.IsSet(f.Name) {
			for _, value := range f.Values {
				if err == nil {
					err = c.Set(f.Name, value)
				}
			}
		}
		if err != nil {
			return fail(err)
		}
	}
	var missing []string
	for _, name := range read.Plan.Withheld {
		if !c.IsSet(name) {
			missing = append(missing, "--"+name)
		}
	}
	if len(missing) > 0 {
		return fail(message.Errorf("the scan was started with %s, whose value a journal does not keep; give it again", strings.Join(missing, ", ")))
	}
	return read, nil
}

// openEarlier reads a journal.
func openEarlier(path string) (*earlier, error) {
	if err := checkFile(path); err != nil {
		return nil, reason(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, reason(err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = message.Errorf("this is not a file")
	}
	var read *report.Journal
	if err == nil {
		read, err = report.ReadJournal(file, info.Size())
	}
	if err != nil {
		_ = file.Close() // it was only read
		return nil, reason(err)
	}
	return &earlier{read, file}, nil
}

// targets are those of the scan, as they were given.
func (r *earlier) targets() ([]string, error) {
	if slices.Contains(r.Start.Targets, "-") {
		return nil, message.Errorf("--resume %s: the targets came from standard input; give them again", r.file.Name())
	}
	return r.Start.Targets, nil
}

// writable makes the journal end where its last input does, to be written on.
func (r *earlier) writable() error {
	err := r.file.Truncate(r.End)
	if err == nil {
		_, err = r.file.Seek(r.End, io.SeekStart)
	}
	if err != nil {
		return message.Errorf("--resume %s: %w", r.file.Name(), reason(err))
	}
	return nil
}

// sameScan is the error of a journal of another scan.
func (r *earlier) sameScan(now report.JournalPlan) error {
	fail := func(m message.Message) error { return message.Errorf("--resume %s: %s", r.file.Name(), m) }
	if r.Plan.Targets != now.Targets {
		return fail(message.New("the targets are not those of that scan"))
	}
	for _, name := range slices.Sorted(maps.Keys(now.Settings)) {
		if was, is := r.Plan.Settings[name], now.Settings[name]; was != is {
			return fail(message.New("%s was %q in that scan and is %q now; the results would not fit together", name, was, is))
		}
	}
	return nil
}

// journalPlan is what a journal says of a scan.
func (e *environment) journalPlan(s *settings, j *job) report.JournalPlan {
	filter := s.filter(signature.SafetyIntrusive)
	var visitors, pages []string
	for _, v := range j.options.Visitors {
		visitors = append(visitors, v.Name)
	}
	for _, p := range j.options.Pages {
		pages = append(pages, p.String())
	}
	plan := report.JournalPlan{Targets: j.targets.Hash(), Settings: map[string]string{
		"version":     web.Version,
		"signatures":  j.signatureSet,
		"data":        datesOf(j.data),
		"wordlist":    s.text("wordlist", s.file.Wordlist),
		"only":        strings.Join(filter.Only, ","),
		"exclude":     strings.Join(filter.Exclude, ","),
		"profile":     filter.Profile,
		"safety":      s.text("safety", s.file.Safety),
		"crawl-pages": strconv.Itoa(s.number("crawl-pages", s.file.CrawlPages)),
		"no-follow":   strconv.FormatBool(s.yes("no-follow", s.file.NoFollow)),
		"hash-names":  strconv.FormatBool(s.yes("hash-names", s.file.HashNames)),
		"session":     strings.Join(visitors, ","),
		"page":        strings.Join(pages, " "),
	}}
	for _, f := range s.c.Command.Flags {
		name := f.Names()[0]
		switch _, list := f.(*cli.StringSliceFlag); {
		case !s.c.IsSet(name) || name == "resume" || name == "lang" || slices.Contains(sharedNames, name):
		case slices.Contains(withheld, name):
			plan.Withheld = append(plan.Withheld, name)
		case list:
			plan.Flags = append(plan.Flags, report.JournalFlag{Name: name, Values: s.c.StringSlice(name)})
		default:
			plan.Flags = append(plan.Flags, report.JournalFlag{Name: name, Values: []string{fmt.Sprint(s.c.Value(name))}})
		}
	}
	if e.langGiven {
		plan.Flags = append(plan.Flags, report.JournalFlag{Name: "lang", Values: []string{e.lang}})
	}
	return plan
}
