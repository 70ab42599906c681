package pagechange

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Terms that people put into the pages of others: those of trades that pay for it, and which few sites that are not of the
// trade use. In lower case.
var strongTerms = []string{
	"casino", "slot gacor", "situs slot", "judi online", "togel", "slot online", "sbobet", "joker123", "pragmatic play", "poker online", "online betting", "sportsbook",
	"viagra", "cialis", "levitra", "sildenafil", "tadalafil", "kamagra", "xanax", "tramadol", "phentermine", "online pharmacy", "canadian pharmacy", "payday loan", "essay writing service",
	"replica watch", "replica handbag", "louis vuitton outlet", "cheap jordans", "cheap nfl jerseys", "ugg outlet", "michael kors outlet", "porn", "escort service", "xxx video",
	"オンラインカジノ", "ネットカジノ", "カジノ", "バカラ", "スーパーコピー", "ブランドコピー", "ブランド コピー", "n級品", "n級", "偽物 販売", "コピー時計", "コピー品", "バイアグラ", "シアリス", "レビトラ", "出会い系", "闇金", "アダルト動画",
	"博彩", "赌场", "賭場", "赌博", "彩票", "百家乐", "百家樂", "六合彩", "娱乐城", "娛樂城", "菠菜", "棋牌", "伟哥", "偉哥", "代孕", "澳门新葡京", "老虎机", "时时彩", "北京赛车",
	"카지노", "토토", "바카라", "비아그라", "먹튀",
}

// weakTerms are of shops, real and made up: alone they say nothing.
var weakTerms = []string{
	"激安", "送料無料", "正規品", "通販", "新品", "中古", "最安値", "即納", "アウトレット", "人気", "楽天市場", "限定", "セール", "特価", "クーポン", "ランキング", "安い", "販売店", "公式",
	"free shipping", "cheap", "discount", "outlet", "best price", "buy online", "wholesale", "sale", "for sale", "coupon", "prescription", "betting", "bonus", "jackpot",
}

// notices are how pages begin that stand in for a site for a while.
var notices = regexp.MustCompile(`(?i)maintenance|be right back|be back soon|coming soon|under construction|temporarily unavailable|just a moment|checking your browser|are you (?:a )?human|access denied|メンテナンス|準備中|工事中|しばらくお待ち|ただいま混み合|アクセスが集中|系统维护|网站维护`)

// boasts are how those who deface a page sign it.
var boasts = regexp.MustCompile(`(?i)\b(?:h[a4]ck[e3]d|d[e3]f[a4]c[e3]d|pwn[e3]d|0wn[e3]d|r[o0]{2}t[e3]d|touched|stamped)\s+by\b|\bhacked\s*[!.]|\bwas\s+here\b.*\b(?:hack|cyber|team)|\bcyber\s+army\b|\bgreetz\b|\byour\s+(?:site|website|system|security)\s+(?:has\s+been\s+|was\s+|is\s+)?(?:hacked|owned|pwned|low)\b|改ざん(?:した|してやった)|黑客|被黑`)

// signedBoast is a block that is a boast and nothing else.
var signedBoast = regexp.MustCompile(`(?i)^\W*(?:h[a4]ck[e3]d|d[e3]f[a4]c[e3]d|pwn[e3]d|0wn[e3]d)\s+by\W+\S+(?:\s+\S+){0,2}\W*$`)

// spamSeen are the terms of a page.
type spamSeen struct {
	strong, weak map[string]bool
}

func (s *spamSeen) read(text string) {
	text = strings.ToLower(text)
	if s.strong == nil {
		s.strong, s.weak = map[string]bool{}, map[string]bool{}
	}
	for _, t := range strongTerms {
		if !s.strong[t] && contains(text, t) {
			s.strong[t] = true
		}
	}
	for _, t := range weakTerms {
		if !s.weak[t] && contains(text, t) {
			s.weak[t] = true
		}
	}
}

// contains reports whether a term stands in a text, as a word of its own where words are spaced.
func contains(text, term string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], term)
		if i < 0 {
			return false
		}
		i += at
		end := i + len(term)
		if term[0] >= 0x80 || (i == 0 || !letter(text[i-1])) && (end == len(text) || !letter(text[end]) || text[end] == 's') {
			return true
		}
		at = end
	}
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' }

// longest are terms, ascending, without those that are a part of another.
func longest(terms map[string]bool) []string {
	var list []string
	for t := range terms {
		part := false
		for other := range terms {
			part = part || other != t && strings.Contains(other, t)
		}
		if !part {
			list = append(list, t)
		}
	}
	slices.Sort(list)
	return list
}

// newTerms are those of a that are not in b.
func newTerms(a, b map[string]bool) []string {
	var list []string
	for t := range a {
		if !b[t] {
			list = append(list, t)
		}
	}
	slices.Sort(list)
	return list
}

// eastern reports whether most letters of a text are of Chinese, Japanese or Korean.
func eastern(text string) bool {
	east, all := 0, 0
	for _, c := range text {
		if !unicode.IsLetter(c) {
			continue
		}
		all++
		if unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
			east++
		}
	}
	return east*3 > all
}
