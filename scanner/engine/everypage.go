package engine

import (
	"net/http"
	"regexp"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// What a page is that every address of a site is answered with.
const (
	everyPageIsSites   = iota // an application that shows itself at every address, or a site of one page
	everyPageRefuses          // it keeps visitors out
	everyPageWaits            // the site is closed for maintenance
	everyPageIsNoSites        // of a name for sale, or of the hoster: there is no site
)

// wordsOfRefusal are sentences, not words: a shop may sell captchas, and many a page says that it is protected by one.
var wordsOfRefusal = regexp.MustCompile(`(?i)` +
	`\b(?:access|request|connection|traffic|visit|you|ip(?: address)?|session)\b[^.!?]{0,60}\b(?:blocked|denied|rejected|refused|forbidden|restricted|banned|blacklisted|prohibited|not (?:allowed|permitted|authorized))\b` +
	`|\b(?:forbidden|unauthorized|not acceptable|(?:authentication|authorization) (?:is )?required|permission denied)\b` +
	`|\b(?:support|incident|event|attack|block|ray|case|reference) id\b` +
	`|\b(?:unusual|suspicious|malicious|automated) (?:traffic|activity|requests?|behaviou?r)\b` +
	`|\b(?:are|is|verify|prove|confirm|sure)\b[^.!?]{0,30}\b(?:you|it|really)\b[^.!?]{0,30}\b(?:human|robot|bot)\b|\byou(?:'re| are)\b[^.!?]{0,12}\bhuman\b|\bnot a (?:robot|bot)\b|\bhuman verification\b` +
	`|\b(?:checking|verifying) (?:your|the) (?:browser|connection|device)\b|\bsecurity (?:check|verification|checkpoint)\b` +
	`|\b(?:solve|complete|enter|pass)\b[^.!?]{0,30}\bcaptcha\b|\benable (?:javascript|js|cookies)\b[^.!?]{0,40}\b(?:cookies|javascript|continue|disable)\b` +
	`|\b(?:site|page|service|content|website)\b[^.!?]{0,20}\b(?:not|cannot|can't|isn't)\b[^.!?]{0,20}\b(?:available|accessed|accessible|viewed|offered)\b[^.!?]{0,10}\b(?:in|from|to) your (?:country|region|location|area|territory)\b` +
	`|(?:当|本|この)(?:ウェブ)?(?:サイト|ページ|サービス)[^。]{0,20}(?:海外|国外)から[^。]{0,15}(?:利用|閲覧|アクセス|接続)[^。]{0,15}(?:ません|お断り|ご遠慮)` +
	`|(?:海外|国外)からの?(?:アクセス|閲覧|接続)[^。]{0,15}(?:ません|お断り|ご遠慮)` +
	`|アクセス[^。]{0,20}(?:拒否|禁止|制限|遮断|ブロック)|(?:拒否|遮断|ブロック)(?:し|さ|され)|不正な(?:アクセス|リクエスト|通信|操作)|不審な(?:アクセス|通信)|認証が必要|閲覧できません|許可されていません|権限がありません|(?:ロボット|人間)(?:で|か)`)

// Firms that maintain houses and machines say so on their pages, and houses are for sale: the sentence must be about the site.
var wordsOfMaintenance = regexp.MustCompile(`(?i)` +
	`^(?:(?:site|website|server|system) )?(?:(?:is |currently )?(?:under|undergoing|down for|closed for|offline for|scheduled) )?maintenance(?: mode| page| in progress)? ` +
	`|\b(?:is|are|be|been|currently|now|temporarily)\b[^.!?]{0,40}\b(?:under|undergoing|down for|closed for|offline for|unavailable due to|performing|in)\b[^.!?]{0,30}\bmaintenance\b` +
	`|\bmaintenance (?:mode|is in progress|in progress)\b|\b(?:site|server|service|page|system|shop|store)\b[^.!?]{0,30}\btemporarily (?:unavailable|down|offline|out of service)\b|\bwe(?:'ll| will) be back (?:soon|shortly|online)\b` +
	`|メンテナンス(?:中|のため|により|を実施し)|(?:ただいま|只今|現在)[^。]{0,20}(?:メンテナンス|サイト[^。]{0,10}停止|サービス[^。]{0,10}停止)`)

var wordsOfNoSite = regexp.MustCompile(`(?i)` +
	`\bdomain\b[^.!?]{0,40}\b(?:for sale|is available|parked|has expired|expired|registered (?:at|with|by))\b|\b(?:buy|purchase|acquire) this domain\b|\b[a-z0-9-]+\.[a-z]{2,12} is for sale\b|\bparked (?:free|domain|page)\b` +
	`|\b(?:default (?:web ?)?(?:page|site)|welcome to nginx|apache2? (?:\w+ )?default page|iis windows server|account (?:has been )?suspended|website is no longer available|future home of|no (?:site|website) (?:is )?configured)\b|^\s*it works!\s*$` +
	`|ドメイン[^。]{0,30}(?:取得されて|販売|売り出|パーキング|失効|有効期限)|(?:サイト|ホームページ|ページ)[^。]{0,20}アップロードされていません|初期(?:ページ|ドメイン)`)

// readable is how many bytes a page says at most that says no more than that it refuses or waits. Beyond, its words are its
// own.
const readable = 1500

// kindOfEveryPage tells what an answer is that the site's own page and others alike are answered with.
func kindOfEveryPage(ex *web.Exchange) int {
	seen := textOf(ex)
	text := strings.TrimSpace(seen.title + " " + seen.text)
	switch {
	case filterOf(ex) != "", asksForProof(ex.Status):
		return everyPageRefuses
	case len(text) > readable || seen.application():
		return everyPageIsSites
	case wordsOfNoSite.MatchString(text):
		return everyPageIsNoSites
	case wordsOfMaintenance.MatchString(text):
		return everyPageWaits
	case wordsOfRefusal.MatchString(text) || challenge.Match(ex.Body) && len(text) < 200:
		return everyPageRefuses
	}
	return everyPageIsSites
}

// asksForProof reports a status with which filters ask the visitor to show that it is a browser. No site answers everything
// with it.
func asksForProof(status int) bool {
	return status == http.StatusAccepted || status == http.StatusMethodNotAllowed
}

// challenge is a page that runs a script to set a cookie and comes back.
var challenge = regexp.MustCompile(`(?is)<script.*document\.cookie\s*=.*(?:location\.(?:reload|href|replace|assign)|location\s*=)`)

// application reports a page that scripts fill: what it says before is no sign.
func (t *pageText) application() bool {
	return t.page != nil && appRoot.Match(t.page.Exchange.Body) && len(t.page.Scripts) > 0
}

var appRoot = regexp.MustCompile(`(?i)<(?:div|main|section|app|app-root)[^>]*\bid\s*=\s*["']?(?:root|app|__next|__nuxt|___gatsby|svelte|application|main-app|q-app)\b|<app-root\b|window\.__(?:NEXT|NUXT|INITIAL|STATE|APOLLO)`)

// everyEnd is how a site ends whose every address is answered with one page, nil when that may be the site itself.
func everyEnd(ex *web.Exchange) *scanner.StatusError {
	switch kindOfEveryPage(ex) {
	case everyPageRefuses:
		if name := filterOf(ex); name != "" {
			return blockedBy(name)
		}
		return scanner.End(scanner.StatusBlocked, "every address is answered with one page that refuses")
	case everyPageWaits:
		return scanner.End(scanner.StatusFailed, "every address is answered with one page that says that the site is down for maintenance")
	case everyPageIsNoSites:
		return scanner.End(scanner.StatusNotApplicable, "there is no site: every address is answered with one page of a name for sale or of the hoster")
	}
	if ex.Status >= 400 && ex.Status != http.StatusNotFound && ex.Status != http.StatusGone && !asksForLogin(ex) {
		return everythingIsAnswered(ex.Status)
	}
	return nil
}

func everythingIsAnswered(status int) *scanner.StatusError {
	return scanner.End(statusOfRefusal(status), "everything is answered %d with the same page", status)
}

func blockedBy(name string) *scanner.StatusError {
	return scanner.End(scanner.StatusBlocked, "blocked by %s", name)
}
