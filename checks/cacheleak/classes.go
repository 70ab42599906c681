package cacheleak

import (
	"regexp"
	"strings"
	"time"
	"unicode"

	"sotomi/scanner/message"
)

// class says what a token looks like. Reports show it in the place of the token.
type class string

// From the one that says least to the one that says most.
const (
	classDate       class = "date"
	classWord       class = "word"
	classNumber     class = "number"
	classIdentifier class = "identifier"
	classMail       class = "mail address"
)

var classes = []class{classDate, classWord, classNumber, classIdentifier, classMail}

// message is the class in a report.
func (c class) message() message.Message {
	switch c {
	case classDate:
		return message.New("date")
	case classNumber:
		return message.New("number")
	case classIdentifier:
		return message.New("identifier")
	case classMail:
		return message.New("mail address")
	default:
		return message.New("word")
	}
}

func classOf(token string) class {
	letters, digits, ascii := 0, 0, true
	for _, r := range token {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		}
		ascii = ascii && r < unicode.MaxASCII
	}
	at := strings.IndexByte(token, '@')
	switch {
	case at > 0 && strings.Contains(token[at:], "."):
		return classMail
	case calendarDate(token):
		return classDate
	case ascii && (len(token) >= 16 && digits > 0 && letters > 0 || len(token) >= 24 && digits == 0 && mixedCase(token)):
		return classIdentifier
	case digits >= 6:
		return classNumber
	}
	return classWord
}

// mixedCase reports whether capitals stand among small letters, as in base64 and not as in sentences.
func mixedCase(s string) bool {
	changes := 0
	for i := 1; i < len(s); i++ {
		if unicode.IsLower(rune(s[i-1])) && unicode.IsUpper(rune(s[i])) {
			changes++
		}
	}
	return changes >= 3
}

// strong reports whether a token by itself says whose answer it stands in, where it is one visitor's own.
func strong(token string) bool {
	switch classOf(token) {
	case classMail, classIdentifier, classNumber:
		return true
	case classWord, classDate:
	}
	return false
}

// preference are words about how a page looks and not about whom it is for.
var preference = regexp.MustCompile(`(?i)^(dark|light|auto|system|default|theme|mode|contrast|high|low|small|medium|large|compact|grid|list|left|right|on|off|yes|no|true|false|[a-z]{2}([-_][a-z]{2})?|jpy|usd|eur|gbp|cny|krw|english|japanese|日本語|red|green|blue|black|white|variant|[a-z]*[-_.]?(theme|mode|dark|light|variant|locale|lang)[-_.]?[a-z0-9]*)$`)

// named reports whether a token that is not strong can still tell a visitor: it is seen or told to scripts, and is no
// preference.
func named(token string, where places) bool {
	return where&(placeSeen|placeHeader|placeSetCookie|placeData) != 0 && !strong(token) && !preference.MatchString(token)
}

const monthName = `(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*`

var (
	numericDate = regexp.MustCompile(`^(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?:[T_]\d{0,2})?$`) // with the hour that ISO 8601 adds
	writtenDate = regexp.MustCompile(`^(?:\d{1,2}[-_.]?` + monthName + `[-_.]?\d{4}|\d{4}年\d{1,2}月\d{1,2}日?)$`)
	writtenPart = regexp.MustCompile(`\d{1,2}[-_.]?` + monthName + `[-_.]?\d{4}`)
	datePart    = regexp.MustCompile(`(\d{4})[-_.](\d{2})[-_.](\d{2})`)
	digitRun    = regexp.MustCompile(`\d+`)
	timeOfDay   = regexp.MustCompile(`[T_-]\d{2}[-_.]?\d{2}(?:[-_.]?\d{2}(?:\.\d+)?)?Z?$`)
)

// calendarDate reports whether a token is a day of the calendar.
func calendarDate(token string) bool {
	if m := numericDate.FindStringSubmatch(token); m != nil {
		day, err := time.Parse("20060102", m[1]+m[2]+m[3])
		return err == nil && day.Year() >= 1900 && day.Year() < 2100
	}
	return writtenDate.MatchString(token)
}

// withoutTimes is a token without the dates and times in it that may come from a clock: those within two years of at.
func withoutTimes(token string, at time.Time) string {
	token = datePart.ReplaceAllString(writtenPart.ReplaceAllString(token, ""), "$1$2$3")
	rest := digitRun.ReplaceAllStringFunc(token, func(digits string) string {
		t, ok := timeOf(digits)
		if d := t.Sub(at).Abs(); ok && d < 2*366*24*time.Hour {
			return ""
		}
		return digits
	})
	if len(rest) < len(token) {
		rest = timeOfDay.ReplaceAllString(rest, "")
	}
	return rest
}

// timeOf reads digits as a date, a date with a time, or as seconds since 1970 or a fraction of them.
func timeOf(digits string) (time.Time, bool) {
	switch layout := "20060102150405"; len(digits) {
	case 8, 12, 14:
		t, err := time.Parse(layout[:len(digits)], digits)
		return t, err == nil
	case 17: // with milliseconds
		t, err := time.Parse(layout, digits[:len(layout)])
		return t, err == nil
	case 10, 13, 16, 19:
		var seconds int64
		for _, c := range digits[:10] {
			seconds = seconds*10 + int64(c-'0')
		}
		return time.Unix(seconds, 0), true
	}
	return time.Time{}, false
}
