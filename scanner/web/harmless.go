package web

import (
	"net/url"
	"path"
	"regexp"
	"strings"
)

// Addresses that do something when asked for, by the names they usually have. No check asks for them, and no crawl.
var (
	// changingStems are telling enough to count inside of longer words too: /deleteUser, /my-unsubscribe2. A cart with articles
	// in its address is one that is filled (Shopify).
	changingStems = regexp.MustCompile(`(?i)/cart/[0-9]+:[0-9]|log[_-]?(?:out|off)|sign[_-]?(?:out|off)|delete|remove|destroy|unsubscribe|withdraw|checkout|` +
		`purchase|uninstall|taikai|kaiyaku|sakujo|torikeshi|` +
		`ログアウト|退会|解約|削除|取消|取り消し|キャンセル|配信停止|登録解除|購入|注文を?確定|予約を?確定|送信|投票|注销|删除|退出登录|로그아웃|탈퇴|삭제`)
	// changingWords count as whole words only.
	changingWords = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:del|erase|cancel|drop|purge|reset|clear|truncate|kill|shutdown|restart|reboot|disable|` +
		`enable|activate|deactivate|revoke|ban|approve|reject|unpublish|install|upgrade|migrate|flush|exec|execute|send|submit|save|` +
		`update|add|addtocart|buy|vote|like|confirm|subscribe)(?:[^a-z]|$)`)
	// onceParameters are names of parameters that are good for one request: links that confirm, tokens of forms.
	onceParameters = regexp.MustCompile(`(?i)csrf|xsrf|nonce|(?:^|[^a-z])(?:token|otp)(?:[^a-z]|$)`)
	// capital is the beginning of a word within a name: deleteUser, doSend.
	capital = regexp.MustCompile(`([a-z])([A-Z])`)
)

// ChangesState reports whether asking for an address is likely to do more than show something: end a session, delete, buy,
// send, confirm. It goes by the words of path and query.
func ChangesState(u *url.URL) bool {
	if changes(u.Path) {
		return true
	}
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		name, value, _ := strings.Cut(part, "=")
		if ParameterChangesState(unescaped(name)) || changes(unescaped(value)) {
			return true
		}
	}
	return false
}

// ParameterChangesState is ChangesState for the name of a parameter or of a form's field alone.
func ParameterChangesState(name string) bool {
	return changes(name) || onceParameters.MatchString(words(name))
}

func changes(text string) bool {
	return text != "" && (changingStems.MatchString(text) || changingWords.MatchString(words(text)))
}

// words is a name with a space where a capital begins a word.
func words(name string) string { return capital.ReplaceAllString(name, "$1 $2") }

func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// OnSite reports whether an address is on the site at base: the same host and port, or the other scheme of a host on its
// usual ports. Nothing else may be asked because a page names it.
func OnSite(base, u *url.URL) bool {
	if u.Scheme != "http" && u.Scheme != "https" || !strings.EqualFold(u.Hostname(), base.Hostname()) {
		return false
	}
	if u.Scheme == base.Scheme {
		return port(u) == port(base)
	}
	return u.Port() == "" && base.Port() == ""
}

// Endings of files. Media are pictures, films and sound, which only show; the others are no pages for people either.
var (
	mediaEndings = endings(`png jpg jpeg gif webp avif svg ico bmp mp3 mp4 m4a m4v avi mov wmv webm ogg wav`)
	fileEndings  = endings(`css js mjs map json xml rss atom txt csv pdf doc docx xls xlsx ppt pptx zip gz tgz bz2 xz 7z rar tar exe msi
		dmg apk iso woff woff2 ttf eot otf sql bak`)
)

func endings(list string) map[string]bool {
	set := map[string]bool{}
	for _, ending := range strings.Fields(list) {
		set["."+ending] = true
	}
	return set
}

// IsMedia reports whether a path ends like a picture, a film or sound.
func IsMedia(p string) bool { return mediaEndings[strings.ToLower(path.Ext(p))] }

// IsFile reports whether a path ends like a file that is no page: IsMedia, style sheets, scripts, documents, archives.
func IsFile(p string) bool { return IsMedia(p) || fileEndings[strings.ToLower(path.Ext(p))] }

// Names of cookies that carry a session, in any product, and of those that only hold such a word: tokens against forged
// requests, settings, and what counts visits.
var (
	sessionCookie = regexp.MustCompile(`(?i)sess|sid(?:$|[._-])|auth(?:$|[^o]|o[^r]|ori[sz])|token|jwt|login|logged[._-]?in|remember|eccube|aspnet(?:core)?\.(?:applicationcookie|cookies|identity)`)
	noSession     = regexp.MustCompile(`(?i)csrf|xsrf|nonce|lang|locale|theme|seen|consent|banner|count|hint|attempt|(?:^|[._-])last[._-]|assess|obsess|possess|^visid_|^_uetsid|^_hj|^ai_session`)
)

// SessionCookie reports whether a cookie of this name is likely to carry a log-in or a session: whoever has it is the
// visitor.
func SessionCookie(name string) bool {
	return sessionCookie.MatchString(name) && !noSession.MatchString(name)
}
