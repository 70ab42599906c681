package command

import (
	"errors"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

// targets are those of the command line or of the configuration.
func (e *environment) targets(args []string) (*target.List, error) {
	if err := listNames(args); err != nil {
		return nil, err
	}
	return target.Parse(args, e.taken.list("-", e.stdin), func(name string) (io.ReadCloser, error) {
		f, err := openFile(name)
		if err != nil {
			return nil, err
		}
		return readCloser{e.taken.list(name, f), f}, nil
	})
}

type readCloser struct {
	io.Reader
	io.Closer
}

// targetsFor are the targets without the hosts that --exclude-host leaves out.
func (e *environment) targetsFor(s *settings, args []string) (*target.List, error) {
	list, err := e.targets(args)
	if err != nil {
		return nil, err
	}
	return list, list.Exclude(s.list("exclude-host", s.file.ExcludeHost))
}

// listNames is the error of arguments that name a file instead of what is in it.
func listNames(args []string) error {
	var mistakes []error
	for _, arg := range args {
		info, err := os.Stat(arg)
		switch {
		case err != nil || !info.Mode().IsRegular() || strings.HasPrefix(arg, "@"):
		case strings.ContainsAny(arg, `/\`):
			mistakes = append(mistakes, message.Errorf("%q is a file; use @%s for the list in it", arg, arg))
		default:
			mistakes = append(mistakes, message.Errorf("%q is a file; use @%s for the list in it, or https://%s for a site of this name", arg, arg, arg))
		}
	}
	return errors.Join(mistakes...)
}

// pages are the addresses of --page: whole ones, or paths on every target.
func (s *settings) pages() ([]*url.URL, error) { return s.addresses("page", s.file.Page) }

// addresses are the paths and URLs that a flag names.
func (s *settings) addresses(flag string, file []string) ([]*url.URL, error) {
	var list []*url.URL
	for _, entry := range s.list(flag, file) {
		u, err := url.Parse(entry)
		if err == nil && u.Host == "" && u.Scheme == "" && strings.HasPrefix(entry, "/") {
			list = append(list, u)
			continue
		}
		if !strings.Contains(entry, "://") {
			return nil, message.Errorf("--%s %q must begin with / or be a URL", flag, entry)
		}
		page, err := target.ParseURL(entry)
		if err != nil {
			return nil, message.Errorf("--%s %w", flag, err)
		}
		page.RawQuery = u.RawQuery
		list = append(list, page)
	}
	return list, nil
}

// onTargets is the error of pages that are on none of the targets: nobody would look at them.
func onTargets(flag string, pages []*url.URL, targets *target.List, selected []*signature.Signature) error {
	var mistakes []error
	for _, page := range pages {
		further := slices.ContainsFunc(selected, func(sig *signature.Signature) bool {
			return slices.ContainsFunc(sig.Ports, func(port int) bool { return strconv.Itoa(port) == page.Port() })
		})
		if page.IsAbs() && !targets.Includes(page, further) {
			mistakes = append(mistakes, message.Errorf("--%s %q is on no target; the nearest is %s", flag, page.String(), targets.Nearest(page)))
		}
	}
	return errors.Join(mistakes...)
}
