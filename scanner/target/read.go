package target

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"sotomi/scanner/message"
)

// Parse reads the targets of a command line: URL, host, host:port or CIDR block; @FILE is a list, "-" the same from stdin. A
// list is UTF-8 with one target per line; blank lines and what follows a # are left out of it. It may also be one of the
// formats of formatOf. One that names nothing is a mistake. The error names every mistake with its place.
func Parse(args []string, stdin io.Reader, open func(name string) (io.ReadCloser, error)) (*List, error) {
	p := &reader{targets: &List{args: args, about: []About{{}}}, abouts: map[About]int32{{}: 0}, seen: map[string]bool{}, single: map[netip.Addr]bool{}}
	for _, arg := range args {
		switch {
		case arg == "-":
			p.list("standard input", stdin)
		case strings.HasPrefix(arg, "@"):
			f, err := open(arg[1:])
			if err != nil {
				var file *fs.PathError
				if errors.As(err, &file) {
					err = file.Err // the name stands before it
				}
				p.errs = append(p.errs, message.Errorf("%s: %w", arg, err))
				continue
			}
			p.list(arg[1:], f)
			if err := f.Close(); err != nil {
				p.errs = append(p.errs, message.Errorf("%s: %w", arg, err))
			}
		case strings.HasPrefix(arg, "-"):
			p.errs = append(p.errs, message.Errorf("%q is not a target; see --help for the flags", arg))
		default:
			p.add(entry{text: strings.TrimSpace(arg)}, -1)
		}
	}
	if p.full() {
		p.errs = append(p.errs, message.Errorf("there may be more mistakes: no more than %d are looked for", maxMistakes))
	}
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	if p.targets.total == 0 {
		return nil, message.Errorf("no targets: name a URL, host, host:port, CIDR block, @FILE or - for standard input")
	}
	p.findNamed()
	return p.targets, nil
}

// findNamed notes the addresses that two inputs name, one of them by less than the whole address.
func (p *reader) findNamed() {
	bare := func(host string) bool {
		if a, err := netip.ParseAddr(host); err == nil {
			return p.single[a] || p.blocks.contain(a)
		}
		return p.seen[host+" "]
	}
	note := func(u *url.URL, as named) {
		if p.targets.named == nil {
			p.targets.named = map[string]named{}
		}
		key := addressKey(u)
		if p.targets.named[key] != namedURL {
			p.targets.named[key] = as
		}
	}
	for key := range p.seen {
		if host, port, ok := strings.Cut(key, " "); ok {
			if port != "" && bare(host) {
				note(Origin("https", host, port), namedPort)
				note(Origin("http", host, port), namedPort)
			}
		} else if u, err := url.Parse(key); err == nil && (bare(u.Hostname()) || p.seen[u.Hostname()+" "+Port(u)]) {
			note(u, namedURL)
		}
	}
}

// reader makes a List of texts.
type reader struct {
	targets *List
	seen    map[string]bool // by address or "host port"
	blocks  blocks          // none inside another
	single  map[netip.Addr]bool
	abouts  map[About]int32 // places in List.about
	errs    []error
}

// maxLine is the longest line of a list in bytes.
const maxLine = 64 << 10

// maxMistakes is how many mistakes are told of all targets together.
const maxMistakes = 100

// full reports whether there are as many mistakes as are told; nothing more is read then.
func (p *reader) full() bool { return len(p.errs) >= maxMistakes }

// list reads one list.
func (p *reader) list(name string, r io.Reader) {
	file := int32(len(p.targets.files))
	p.targets.files = append(p.targets.files, name)
	text := bufio.NewReaderSize(r, sniffed)
	if format := formatOf(name, text); format != nil {
		p.formatted(name, file, text, format)
		return
	}
	p.lines(name, file, text)
}

// lines reads a list with a target per line. When it is no text there is one error for all of it.
func (p *reader) lines(name string, file int32, r io.Reader) {
	before := len(p.errs)
	fail := func(err error) { p.errs = append(p.errs[:before], err) }
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine+len("\r\n"))
	n, empty := int32(0), true
	for !p.full() && lines.Scan() {
		n++
		line := strings.TrimRight(lines.Text(), "\r")
		if problem := noText(line, n == 1); !problem.IsZero() {
			fail(message.Errorf("%s:%d: %s", name, n, problem))
			return
		}
		text := strings.TrimSpace(withoutComment(strings.TrimPrefix(line, "\ufeff"))) // lists that were joined have several
		empty = empty && text == ""
		switch {
		case text == "":
		case strings.HasPrefix(text, "@"), text == "-":
			p.errs = append(p.errs, message.Errorf("%s:%d: %q: a list cannot name another list", name, n, text))
		default:
			p.add(entry{text: text, line: n}, file)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		fail(message.Errorf("%s:%d: %s", name, n+1, tooLong()))
	case err != nil:
		fail(message.Errorf("%s: %w", name, err))
	case empty:
		fail(message.Errorf("%s has no targets", name))
	}
}

func tooLong() message.Message {
	return message.New("the line is longer than %d bytes", maxLine)
}

// noText is why a line cannot be one of a list, the zero Message when it can.
func noText(line string, first bool) message.Message {
	control := strings.IndexFunc(line, func(r rune) bool { return r != '\t' && unicode.IsControl(r) })
	switch {
	case len(line) > maxLine:
		return tooLong()
	case first && (strings.HasPrefix(line, "\xff\xfe") || strings.HasPrefix(line, "\xfe\xff")):
		return message.New("the list is UTF-16; save it as UTF-8")
	case strings.Contains(line, "\x00"):
		return message.New("the line has a NUL byte, so the list is binary or UTF-16; save it as UTF-8 text")
	case !utf8.ValidString(line):
		return message.New("the line is not UTF-8; save the whole list as UTF-8")
	case control >= 0:
		r, _ := utf8.DecodeRuneInString(line[control:])
		return message.New("the line has the control character %s: a list is text with one target per line", fmt.Sprintf("%U", r))
	}
	return message.Message{}
}

// withoutComment cuts from a # that starts the line or follows white space: one inside a URL is part of it.
func withoutComment(s string) string {
	for i := range len(s) {
		if s[i] == '#' && (i == 0 || s[i-1] == ' ' || s[i-1] == '\t') {
			return s[:i]
		}
	}
	return s
}

// entry is one target of a list.
type entry struct {
	text  string
	line  int32 // 0 on the command line
	about About
}

func (p *reader) add(e entry, file int32) {
	parsed, err := parse(e.text)
	if err != nil {
		if file >= 0 {
			err = message.Errorf("%s:%d: %w", p.targets.files[file], e.line, err)
		}
		p.errs = append(p.errs, err)
		return
	}
	it := item{text: e.text, file: file, line: e.line, about: p.aboutOf(e.about)}
	count := 1
	switch {
	case parsed.block.IsValid():
		if it, count = p.addBlock(it, parsed.block); count == 0 {
			return
		}
	case p.repeated(parsed.input):
		return
	}
	if p.targets.total += count; p.targets.total > MaxAddresses && parsed.block.IsValid() {
		p.errs = append(p.errs, message.Errorf("%q: more than %d addresses in one scan; split it into several", e.text, MaxAddresses))
		return
	}
	p.targets.items = append(p.targets.items, it)
}

func (p *reader) aboutOf(a About) int32 {
	i, ok := p.abouts[a]
	if !ok {
		i = int32(len(p.targets.about))
		p.targets.about = append(p.targets.about, a)
		p.abouts[a] = i
	}
	return i
}

// addressKey is the same for addresses that differ in a slash at the end only.
func addressKey(u *url.URL) string { return strings.TrimSuffix(Target{URL: u}.String(), "/") }

// repeated reports whether an input was named before, and notes it.
func (p *reader) repeated(in Input) bool {
	if in.URL == nil && in.Port == "" && !in.TCP {
		if a, err := netip.ParseAddr(in.Host); err == nil {
			repeated := p.single[a] || p.blocks.contain(a)
			p.single[a] = true
			return repeated
		}
	}
	key := in.Host + " " + in.Port
	if in.TCP {
		key = addressKey(TCP(in.Host, in.Port))
	} else if scheme := SchemeOf(in.Port); scheme != "" {
		key = addressKey(Origin(scheme, in.Host, in.Port))
	} else if in.URL != nil {
		key = addressKey(in.URL)
	}
	if p.seen[key] {
		return true
	}
	p.seen[key] = true
	return false
}

// addBlock notes which of the block's addresses were named before, and how many are left.
func (p *reader) addBlock(it item, block netip.Prefix) (item, int) {
	bits := block.Addr().BitLen() - block.Bits()
	if bits > 24 {
		p.errs = append(p.errs, message.Errorf("%q: too many addresses; a block may be a /%d at most", it.text, block.Addr().BitLen()-24))
		return it, 0
	}
	if p.blocks.cover(block) {
		return it, 0
	}
	left, skip := 1<<bits, &skipped{single: map[netip.Addr]bool{}}
	for _, b := range p.blocks.takeInside(block) { // this one covers them from now on
		skip.blocks.add(b)
		left -= 1 << (b.Addr().BitLen() - b.Bits())
	}
	for a := range p.singleIn(block) {
		if !skip.blocks.contain(a) {
			skip.single[a] = true
			left--
		}
	}
	if len(skip.blocks.all)+len(skip.single) > 0 {
		it.skip = skip
	}
	p.blocks.add(block)
	return it, left
}

// singleIn are the single addresses in a block: whichever are fewer, its addresses or the single ones, are gone through.
func (p *reader) singleIn(block netip.Prefix) iter.Seq[netip.Addr] {
	return func(yield func(netip.Addr) bool) {
		if len(p.single) < 1<<(block.Addr().BitLen()-block.Bits()) {
			for a := range p.single {
				if block.Contains(a) && !yield(a) {
					return
				}
			}
			return
		}
		for a := block.Addr(); a.IsValid() && block.Contains(a); a = a.Next() {
			if p.single[a] && !yield(a) {
				return
			}
		}
	}
}
