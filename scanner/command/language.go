package command

import (
	"cmp"
	"os"
	"strings"

	"sotomi/scanner/message"
)

// speak chooses the language of everything that is said from now on.
func (e *environment) speak(lang string) { e.lang, e.words = lang, message.In(lang) }

// chooseLanguage speaks the language of --lang, else that of SOTOMI_LANG, else that of the environment.
func (e *environment) chooseLanguage(flag string, given bool) error {
	e.speak(environmentLanguage())
	name, lang := "--lang", flag
	if !given {
		name, lang = "SOTOMI_LANG", os.Getenv("SOTOMI_LANG")
		e.langGiven = lang != ""
		if !e.langGiven {
			return nil
		}
	}
	e.langGiven = true
	return e.setLanguage(name, lang)
}

// setLanguage speaks a language that the user named.
func (e *environment) setLanguage(name, lang string) error {
	if lang != "en" && lang != "ja" {
		return message.Errorf("%s %q: there are en and ja", name, lang)
	}
	e.speak(lang)
	return nil
}

// environmentLanguage is the language that the environment names as POSIX has it, else that of the system.
func environmentLanguage() string {
	if strings.HasPrefix(cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"), systemLanguage()), "ja") {
		return "ja"
	}
	return "en"
}
