package evidence

import (
	"regexp"
	"strings"
	"unicode"
)

// assignment is a name and what gives it a value: KEY=VALUE, "key": value, key => value, Header: value.
var assignment = regexp.MustCompile(`([A-Za-z_][\w.\-]{1,63})(?:\\?["']|\])?[ \t]{0,8}(=>|:=|[:=])[ \t]{0,8}`)

// assignedSpans are the values that stand under the name of a secret.
func assignedSpans(text string) []span {
	var spans []span
	for at := 0; at < len(text); {
		m := assignment.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}
		name := text[at+m[2] : at+m[3]]
		value := at + m[1]
		at = value
		switch strings.ToLower(name) {
		case "cookie", "set-cookie", "cookie2", "set-cookie2":
			if startsLine(text[:value-m[1]+m[2]]) {
				end := endOfLine(text, value)
				spans = append(spans, cookieSpans(text, span{value, end}, len(name) > 7)...)
				at = end
				continue
			}
		}
		if !SecretName(name) {
			continue
		}
		s := valueSpan(text, value, startsLine(text[:value-m[1]+m[2]]))
		if !harmless(text[s.start:s.end]) {
			spans = append(spans, s)
			at = s.end
		}
	}
	return spans
}

// cookieSpans are the values of a Cookie line, or the first of a Set-Cookie line, whose attributes stay readable.
func cookieSpans(text string, line span, set bool) []span {
	var spans []span
	at := line.start
	for part := range strings.SplitSeq(text[line.start:line.end], ";") {
		if i := strings.IndexByte(part, '='); i >= 0 && i+1 < len(part) {
			spans = append(spans, span{at + i + 1, at + len(part)})
		} else if i < 0 && len(spans) == 0 && strings.TrimSpace(part) != "" {
			spans = append(spans, span{at, at + len(part)})
		}
		at += len(part) + 1
		if set {
			break
		}
	}
	return spans
}

// valueSpan is what a name is given: a quoted text without its quotes, the rest of the line when the name stands first on
// it, else up to white space or a separator.
func valueSpan(text string, at int, first bool) span {
	rest := text[at:]
	escaped := strings.HasPrefix(rest, `\"`) || strings.HasPrefix(rest, `\'`)
	switch {
	case escaped:
		quote := rest[:2]
		if i := strings.Index(rest[2:], quote); i >= 0 {
			return span{at + 2, at + 2 + i}
		}
		return span{at + 2, endOfLine(text, at)}
	case rest != "" && (rest[0] == '"' || rest[0] == '\'' || rest[0] == '`'):
		for i := 1; i < len(rest); i++ {
			switch rest[i] {
			case '\\':
				i++
			case rest[0]:
				return span{at + 1, at + i}
			}
		}
		return span{at + 1, len(text)}
	case rest != "" && (rest[0] == '|' || rest[0] == '>') && endOfLine(text, at)-at <= 3:
		return blockSpan(text, at)
	case first:
		return schemeKept(text, span{at, endOfLine(text, at)})
	}
	if i := strings.IndexAny(rest, " \t\r\n&;,<>\"'`}])"); i >= 0 {
		return span{at, at + i}
	}
	return span{at, len(text)}
}

// blockSpan is a YAML block text: the lines after this one that are indented deeper than it, or empty.
func blockSpan(text string, at int) span {
	line := strings.LastIndexByte(text[:at], '\n') + 1
	depth := indentation(text[line:])
	start := min(endOfLine(text, at)+1, len(text))
	end := start
	for end < len(text) {
		next := endOfLine(text, end)
		if strings.TrimSpace(text[end:next]) != "" && indentation(text[end:]) <= depth {
			break
		}
		end = min(next+1, len(text))
	}
	return span{start, end}
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// schemeKept leaves the word before the credentials of an Authorization line readable.
func schemeKept(text string, s span) span {
	value := text[s.start:s.end]
	for _, scheme := range []string{"basic ", "bearer ", "digest ", "negotiate ", "ntlm ", "token "} {
		if len(value) > len(scheme) && strings.EqualFold(value[:len(scheme)], scheme) {
			s.start += len(scheme)
		}
	}
	return s
}

func endOfLine(text string, at int) int {
	if i := strings.IndexAny(text[at:], "\r\n"); i >= 0 {
		return at + i
	}
	return len(text)
}

// startsLine reports whether nothing but white space, a list mark, export, set or an opening quote stands before the end
// of its line.
func startsLine(before string) bool {
	line := before[strings.LastIndexAny(before, "\r\n")+1:]
	line = strings.TrimSpace(line)
	switch line {
	case "", "-", "export", "set", "#", ";", "//", "var", "ENV", "< ", "> ":
		return true
	}
	return false
}

// harmless are values that are no secret under whatever name.
func harmless(value string) bool {
	switch strings.ToLower(strings.Trim(strings.TrimSpace(value), `"'`)) {
	case "", "true", "false", "null", "nil", "none", "yes", "no", "on", "off", "undefined", "{", "[", redacted:
		return true
	}
	return false
}

// Words of names that hold secrets: those that name a credential, those of what passes for one for a while, and those that
// make one together, such as "api key". A name is split at separators and at capitals.
var (
	credentialWords = wordSet(`pass passwd password passwords passphrase passcode pwd pw secret secrets token tokens apikey apikeys
		credential credentials jwt privatekey privatekeys accesskey accesskeys secretkey secretkeys authtoken authtokens`)
	passingWords = wordSet(`dsn bearer salt authorization otp sessid sessionid phpsessid jsessionid sid csrf xsrf nonce cookie cookies
		transactionid authcode connectionstring setcookie`)
	keyOwners = wordSet(`api access private secret app application encryption encrypt master signing sign storage account
		auth authentication session license licence shared ssh crypt crypto hmac service deploy ssl tls client jwt cipher
		consumer publishable rsa`)
	keyNouns = wordSet(`key keys code salt magic string id`)
	stems    = []string{"password", "passwd", "passphrase", "secret", "apikey", "accesskey", "privatekey", "credential", "authtoken", "accesstoken"}
)

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// CredentialWord reports whether a word, in lower case, names by itself what somebody logs in or signs with: password, token,
// apikey, and words that end in token or secret.
func CredentialWord(word string) bool {
	return credentialWords[word] || strings.HasSuffix(word, "token") || strings.HasSuffix(word, "secret")
}

// SecretName reports whether what stands under a name is likely to be a secret.
func SecretName(name string) bool {
	flat := strings.ToLower(name)
	for _, stem := range stems {
		if strings.Contains(flat, stem) {
			return true
		}
	}
	words := NameWords(name)
	for i, w := range words {
		if CredentialWord(w) || passingWords[w] {
			return true
		}
		if i == 0 || !keyNouns[w] {
			continue
		}
		before := words[i-1]
		switch {
		case w == "id":
			if before == "session" {
				return true
			}
		case w == "string":
			if before == "connection" {
				return true
			}
		case keyOwners[before]:
			return true
		}
	}
	return false
}

// NameWords splits "dbPassword", "DB_PASSWORD" and "db-password" into lower-case words.
func NameWords(name string) []string {
	var words []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			words = append(words, strings.ToLower(word.String()))
			word.Reset()
		}
	}
	lower := false
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			lower = false
			continue
		case unicode.IsUpper(r) && lower:
			flush()
		}
		word.WriteRune(r)
		lower = unicode.IsLower(r)
	}
	flush()
	return words
}
