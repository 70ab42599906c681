// Package datanames tells by names alone what kind of data a store holds: fields that are about people, collections of
// people, and the notes that blackmailers leave behind. What is stored is never looked at.
package datanames

import (
	"maps"
	"regexp"
	"strings"
	"unicode"
)

// A name is looked at as words with "_" around each: "firstName", "first-name" and "FIRST_NAME" are "_first_name_".

// strongFields are names that say by themselves that a person is meant.
var strongFields = map[string]*regexp.Regexp{
	"name": words(`(first|last|full|given|family|sur|middle|maiden|nick|display|real|customer|member|patient|student|employee|contact)_?names?`,
		`nombres?`, `apellidos?`, `(nome_completo|sobrenome|primeiro_nome)`, `(shimei|simei|namae|furigana|hurigana)`,
		`(name|sei|mei|last|first|family|given)_?(kana|kanji|furi|yomi)`, `kana_?(name|sei|mei|0?[12])`, `name0[12]`, `kana0[12]`,
		`xing_?ming`, `seong_?myeong`),
	"address": words(`(home|street|postal|mail(ing)?|billing|shipping|delivery|residen(ce|tial)|customer|order)_addr(ess(es)?)?[0-9]*`,
		`(zip|postal?|post)_?code`, `street(_name|_number)?`, `(direccion|domicilio|calle|endereco|logradouro|bairro|cep)`,
		`(jusho|jyusho|juusho|todofuken|pref(ecture)?|yubin|yuubin)(_?(name|bango|no))?`, `addr(ess)?_?0?[12]`, `zip0[12]`, `di_?zhi`),
	"birth": words(`(date_of_birth|birth_?(day|date|year|month)?|dob|birth_?place)`, `(fecha_(de_)?nacimiento|nacimiento|data_(de_)?nascimento|nascimento)`,
		`(seinengappi|tanjobi|tanjoubi)`, `sheng_?ri`),
	"phone": words(`(tele)?phone(_?(number|no|num))?[0-9]*`, `(mobile|cell|home|work|contact|fax)_?(phone|number|no|tel)`, `(tel|fax)(_?(no|number|num))?(0[123])?`,
		`(telefono|celular|telefone)`, `(denwa|keitai)(_?bango)?`, `shou_?ji(_?hao)?`),
	"mail": words(`e_?mail(_?addr(ess)?)?[0-9]*`, `mail_?addr(ess)?`, `(correo|correo_electronico)`, `(meru_?ado|mailaddress)`),
	"national-id": words(`(ssn|social_security(_number)?|national_id(_number)?|passport(_?(no|number))?|driver_?s?_?licen[cs]e(_?(no|number))?|tax_id|id_card(_?(no|number))?)`,
		`(rut|dni|nie|nif|curp|cedula|cpf|cnpj|nino|nhs_number|aadhaar)`, `(my_?number|mynumber|kojin_?bango|hoken_?sho(_?bango)?|menkyo)`,
		`(shen_?fen_?zheng|sfz)`, `jumin(_?(no|number))?`),
	"card": words(`(credit_?)?card_?(no|num|number|holder|exp(iry|iration)?)`, `(cvv2?|cvc2?|card_security_code|pan|iban|bank_?account(_?(no|number))?|account_number)`,
		`(tarjeta|cartao|kouza_?bango|koza_?bango)`),
	"location": words(`(geo_?location|geo_?point|lat_?(lon|lng)|home_location|last_location|gps(_?(lat|lon|position))?)`),
}

// written are the same in scripts without spaces; part of a name is enough.
var written = map[string]*regexp.Regexp{
	"name":        regexp.MustCompile(`氏名|名前|お名前|姓名|フリガナ|ふりがな|氏名カナ|이름|성명`),
	"address":     regexp.MustCompile(`住所|郵便番号|都道府県|地址|邮编|주소|우편번호`),
	"birth":       regexp.MustCompile(`生年月日|誕生日|出生日期|생년월일`),
	"phone":       regexp.MustCompile(`電話|携帯番号|手机|手機|电话|전화|휴대폰`),
	"mail":        regexp.MustCompile(`メールアドレス|電子メール|邮箱|이메일`),
	"national-id": regexp.MustCompile(`マイナンバー|個人番号|保険証|免許証|身份证|주민등록`),
	"card":        regexp.MustCompile(`カード番号|口座番号|银行卡|카드번호|계좌`),
}

// weakFields mean a person only beside something that does: products and hosts have names and addresses too.
var weakFields = map[string]*regexp.Regexp{
	"name":     words(`names?`, `user_?names?`, `nome`, `nombre`, `sei`, `mei`),
	"address":  words(`addr(ess(es)?)?`, `city`, `ciudad`, `cidade`),
	"location": words(`lat(itude)?`, `lon(gitude)?|lng`, `location`),
	"phone":    words(`mobile`, `tel`),

	"national-id": regexp.MustCompile(`^_(?:run|rg|rfc)_$`), // Chile, Brazil, Mexico; the words mean much else
}

// others are names that hold such a word and mean something else.
var others = words(`(ip|mac|bitcoin|wallet|memory|remote|server|client|source|dest(ination)?|local|host|net)_addr(ess)?`,
	`(host|file|user_?agent|index|class|method|domain|event|product|item|category|brand|service|container|node|cluster|field|column|table|process|thread|logger|image|pod|queue|topic)_?names?`,
	`e?mail_?(template|subject|sent|count|type|status|enabled|id|opt_?in|server|host|queue|body)`, `(phone|tel)_?(model|os|type|brand|count)`,
	`tel_?type`, `pan_?(zoom|el)`, `birth_?rate`)

func words(alternatives ...string) *regexp.Regexp {
	return regexp.MustCompile(`_(?:` + strings.Join(alternatives, "|") + `)_`)
}

// Categories are the kinds of personal data that the fields of one index or table stand for, looked at together.
func Categories(fields []string) map[string]bool {
	found, weak := map[string]bool{}, map[string]bool{}
	for _, field := range fields {
		name := asWords(field)
		for c, re := range written {
			if re.MatchString(field) {
				found[c] = true
			}
		}
		if others.MatchString(name) {
			continue
		}
		strong := false
		for c, re := range strongFields {
			if re.MatchString(name) {
				found[c], strong = true, true
			}
		}
		for c, re := range weakFields {
			if !strong && re.MatchString(name) {
				weak[c] = true
			}
		}
	}
	if found["mail"] || found["phone"] || found["birth"] || found["national-id"] || found["name"] || found["card"] {
		maps.Copy(found, weak)
	} else {
		delete(found, "location") // devices and shops have one too
	}
	return found
}

// asWords is a name in lower case with "_" around each word.
func asWords(name string) string {
	var b strings.Builder
	b.WriteByte('_')
	var last rune
	for _, r := range name {
		switch {
		case unicode.IsUpper(r) && (unicode.IsLower(last) || unicode.IsDigit(last)):
			b.WriteByte('_')
			b.WriteRune(unicode.ToLower(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte('_')
		}
		last = r
	}
	b.WriteByte('_')
	return b.String()
}
