package command

import (
	"errors"
	"io"
	"os"
	"regexp"
	"strings"

	"sotomi/scanner/message"
)

// A secret in a header, in the proxy or in the file of a session may stand elsewhere: ${NAME} is the value of an environment
// variable, also within a text; a value that is env:NAME or @FILE as a whole is what the variable or file holds. That is
// taken as it is, without placeholders. $${ is ${ itself.
var (
	placeholder = regexp.MustCompile(`\$?\$\{(?:([A-Za-z_][A-Za-z0-9_]*)\})?`)
	outside     = regexp.MustCompile(`^(?:env:([A-Za-z_][A-Za-z0-9_]*)|@(.+))$`)
)

// maxSecret is the largest file that a placeholder may name, in bytes.
const maxSecret = 1 << 20

// fill puts what placeholders stand for into a value, and notes it as a secret.
func (s *settings) fill(value string) (string, error) {
	return s.fillAs(value, func(secret string) string { return secret })
}

// fillAs is fill with every secret in the form that the place needs.
func (s *settings) fillAs(value string, form func(string) string) (string, error) {
	if outside.MatchString(value) {
		secret, err := s.readOutside(value)
		if err == nil {
			err = s.note(secret, value)
		}
		return secret, err
	}
	var mistakes []error
	filled := placeholder.ReplaceAllStringFunc(value, func(found string) string {
		name := placeholder.FindStringSubmatch(found)[1]
		switch {
		case strings.HasPrefix(found, "$$"):
			return found[1:]
		case name == "":
			mistakes = append(mistakes, message.Errorf("${ without the name of a variable and a }; write $${ for the characters themselves"))
			return ""
		}
		secret, err := s.readVariable(name)
		if err == nil {
			err = s.note(secret, found)
		}
		mistakes = append(mistakes, err)
		return form(secret)
	})
	return filled, errors.Join(mistakes...)
}

// note adds a secret to those that no report may show.
func (s *settings) note(secret, named string) error {
	if strings.ContainsAny(secret, "\r\n") {
		return message.Errorf("%s holds several lines", named)
	}
	s.secrets = append(s.secrets, secret)
	return nil
}

// readOutside is what env:NAME or @FILE holds.
func (s *settings) readOutside(named string) (string, error) {
	m := outside.FindStringSubmatch(named)
	if m[1] != "" {
		return s.readVariable(m[1])
	}
	return readSecretFile(m[2])
}

func (s *settings) readVariable(name string) (string, error) {
	if s.variables == nil {
		s.variables = map[string]bool{}
	}
	s.variables[name] = true
	value, set := os.LookupEnv(name)
	value = strings.TrimRight(value, "\r\n")
	switch {
	case !set:
		return "", message.Errorf("the variable %s is not set", name)
	case value == "":
		return "", message.Errorf("the variable %s is empty", name)
	}
	return value, nil
}

func readSecretFile(name string) (string, error) {
	f, err := openFile(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	value := strings.TrimRight(strings.TrimPrefix(string(text), "\ufeff"), "\r\n")
	switch {
	case err != nil:
		return "", err
	case strings.Contains(value, "\x00"):
		return "", message.Errorf("%s: the file is binary or UTF-16; save it as UTF-8", name)
	case len(text) > maxSecret:
		return "", message.Errorf("%s: the file is larger than %d bytes", name, maxSecret)
	case value == "":
		return "", message.Errorf("%s: the file is empty", name)
	}
	return value, nil
}

// literal notes a placeholder where none is replaced: it would be taken for the text itself.
func (s *settings) literal(name string, values ...string) {
	for _, value := range values {
		if m := placeholder.FindStringSubmatch(value); m != nil && m[1] != "" {
			s.mistakes = append(s.mistakes, message.Errorf("--%s: ${%s} is not replaced here, only in header, proxy and the files of session", name, m[1]))
		}
	}
}
