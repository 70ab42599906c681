package payment

import (
	"regexp"
	"strings"

	"sotomi/scanner/browser"
)

// What fields hold, as browser.Field.Holds says it.
const (
	holdsCard     = "card"
	holdsPassword = "password"
)

var (
	cardName = regexp.MustCompile(`(?i)card[-_ .\[\]]*(?:no\b|num|number|holder|exp|cvc|cvv|csc|pan)|cc[-_]?(?:no\b|num|number|name|exp|csc|cvc|cvv)|credit[-_ ]?card|` +
		`\b(?:cvc|cvv|cvc2|cvv2|csc)\b|security[-_ ]?code|cardno|card_no|pan_?number`)
	cardLabel = regexp.MustCompile(`(?i)カード番号|クレジットカード|セキュリティコード|カード名義|card number|security code|name on card|\bcvc\b|\bcvv\b`)
	notACard  = regexp.MustCompile(`(?i)gift|point|member|loyalty|ギフト|ポイント|会員`)
)

// Holds tells what a field is for by its name, its label and what it tells browsers: card, password, or "" for others.
func Holds(f browser.Field) string {
	kind := strings.ToLower(f.Type)
	if kind == "password" && !cardName.MatchString(f.Name+" "+f.ID) && !cardLabel.MatchString(f.Label) {
		return holdsPassword
	}
	switch kind {
	case "hidden", "submit", "button", "checkbox", "radio", "image", "reset", "file", "search":
		return ""
	}
	if strings.HasPrefix(strings.ToLower(f.Autocomplete), "cc-") || strings.Contains(strings.ToLower(f.Autocomplete), " cc-") {
		return holdsCard
	}
	names := f.Name + " " + f.ID
	if notACard.MatchString(names) || notACard.MatchString(f.Label) {
		return ""
	}
	if cardName.MatchString(names) || cardLabel.MatchString(f.Label) {
		return holdsCard
	}
	return ""
}
