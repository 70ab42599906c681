package main

import (
	"hash/fnv"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
)

// renderer fills in templates well enough for a page to look like that of a shop: addresses are real, conditions are decided
// by a seed, values are sample words.
type renderer struct {
	base    string // of pages, with a slash at the end
	public  string // of the public folder
	version string
	seed    string
	names   map[string]string // address names of newer templates: url('mypage_login')
}

var (
	anyTag    = regexp.MustCompile(`(?s)<!--\{\*.*?\*\}-->|<!--\{.*?\}-->|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}`)
	tagOpens  = regexp.MustCompile(`^(if|foreach|section|for|capture|php)\b`)
	tagEnds   = regexp.MustCompile(`^(/(if|foreach|section|capture|php)|end(if|for))\b`)
	tagTurns  = regexp.MustCompile(`^(else|elseif|foreachelse|sectionelse)\b`)
	assetCall = regexp.MustCompile(`^asset\('([^']+)'(?:,\s*'(\w+)')?\)`)
	urlCall   = regexp.MustCompile(`^(?:url|path)\('(\w+)'`)
)

// render fills in one template.
func (r *renderer) render(text string) string {
	if !utf8.ValidString(text) {
		if t, err := japanese.EUCJP.NewDecoder().String(text); err == nil {
			text = t
		}
	}
	var out strings.Builder
	shown := []bool{true}
	taken := []bool{true}
	last := 0
	for _, at := range anyTag.FindAllStringIndex(text, -1) {
		top := len(shown) - 1
		if shown[top] {
			out.WriteString(text[last:at[0]])
		}
		last = at[1]
		tag := inner(text[at[0]:at[1]])
		switch {
		case tagOpens.MatchString(tag):
			on := r.coin(tag)
			shown, taken = append(shown, shown[top] && on), append(taken, on)
		case tagTurns.MatchString(tag) && top > 0:
			shown[top] = shown[top-1] && !taken[top]
			taken[top] = true
		case tagEnds.MatchString(tag) && top > 0:
			shown, taken = shown[:top], taken[:top]
		case shown[top]:
			out.WriteString(r.value(text[at[0]:at[1]], tag))
		}
	}
	out.WriteString(text[last:])
	return out.String()
}

// inner is a tag without its brackets, empty for a comment.
func inner(tag string) string {
	for _, p := range [][2]string{{"<!--{", "}-->"}, {"{%", "%}"}, {"{{", "}}"}, {"{#", "#}"}} {
		if rest, ok := strings.CutPrefix(tag, p[0]); ok {
			rest = strings.TrimSuffix(rest, p[1])
			if strings.HasPrefix(rest, "*") || p[0] == "{#" {
				return ""
			}
			return strings.Trim(rest, "- \t\r\n")
		}
	}
	return ""
}

// coin decides a condition: in the same way in every release that has the same one.
func (r *renderer) coin(tag string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(r.seed + tag))
	return h.Sum32()%10 < 6
}

func (r *renderer) value(raw, tag string) string {
	if strings.HasPrefix(raw, "{%") || tag == "" || strings.HasPrefix(tag, "assign") || strings.HasPrefix(tag, "include") || strings.HasPrefix(tag, "printXML") || strings.HasPrefix(tag, "/") {
		return ""
	}
	switch {
	case strings.Contains(tag, "smarty.const.USER_DIR"):
		return "user_data/"
	case strings.Contains(tag, "URL_DIR"), strings.Contains(tag, "ROOT_URLPATH"), strings.Contains(tag, "smarty.const.SITE_URL"),
		strings.Contains(tag, "smarty.const.HTTP_URL"), strings.Contains(tag, "smarty.const.HTTPS_URL"), strings.Contains(tag, "SSL_URL"),
		strings.Contains(tag, "smarty.const.TOP_URLPATH"), strings.Contains(tag, "smarty.const.TOP_URL"):
		return r.public
	case strings.Contains(tag, "TPL_DIR"), strings.Contains(tag, "TPL_URLPATH"), strings.Contains(tag, "TPL_PKG_URLPATH"):
		return r.public + "user_data/packages/default/"
	case strings.Contains(tag, "smarty.const.PRODUCTS_LIST_URLPATH"), strings.Contains(tag, "LIST_P_HTML"):
		return r.public + "products/list.php?category_id="
	case strings.Contains(tag, "P_DETAIL_URLPATH"), strings.Contains(tag, "DETAIL_P_HTML"):
		return r.public + "products/detail.php?product_id="
	case strings.Contains(tag, "DIR_INDEX"):
		return "index.php"
	case strings.Contains(tag, "CHAR_CODE"):
		return "UTF-8"
	case strings.Contains(tag, "config.front_urlpath"):
		return r.public + "template/default"
	case strings.Contains(tag, "config.user_data_urlpath"):
		return r.public + "user_data"
	case strings.Contains(tag, "VERSION"):
		return r.version
	case strings.Contains(tag, "csrf"):
		return "3f1c"
	case strings.Contains(tag, "app.request.get('_route')"):
		return "page"
	case strings.Contains(tag, "product_id"), strings.Contains(tag, "category_id"):
		return "1"
	}
	if m := assetCall.FindStringSubmatch(tag); m != nil {
		return r.public + map[string]string{"": "template/default/", "user_data": "user_data/", "bundle": "bundle/", "save_image": "upload/save_image/", "admin": "template/admin/"}[m[2]] + m[1]
	}
	if m := urlCall.FindStringSubmatch(tag); m != nil {
		return r.base + r.names[m[1]]
	}
	return "サンプル"
}
