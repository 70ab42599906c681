package triage

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/target"
)

// vexContext begins the @context of OpenVEX documents.
const vexContext = "https://openvex.dev/ns"

// vexDocument is what an OpenVEX document says that suppresses findings. Unknown fields are ignored.
type vexDocument struct {
	Context    string         `json:"@context"`
	Statements []vexStatement `json:"statements"`
}

type vexStatement struct {
	Vulnerability vexName   `json:"vulnerability"`
	Products      []vexName `json:"products"`
	Status        string    `json:"status"`
	Justification string    `json:"justification"`
	Impact        string    `json:"impact_statement"`
	Notes         string    `json:"status_notes"`
}

// vexName is a vulnerability or a product: a text in the first versions, an object with names later.
type vexName struct{ names []string }

// UnmarshalJSON takes both forms.
func (n *vexName) UnmarshalJSON(text []byte) error {
	var plain string
	if json.Unmarshal(text, &plain) == nil {
		n.names = []string{plain}
		return nil
	}
	var object struct {
		ID      string   `json:"@id"`
		Name    string   `json:"name"`
		Aliases []string `json:"aliases"`
	}
	if err := json.Unmarshal(text, &object); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			kind.Offset = 0 // it counts from the beginning of the name
		}
		return err
	}
	for _, name := range append([]string{object.Name, object.ID}, object.Aliases...) {
		if name != "" {
			n.names = append(n.names, name)
		}
	}
	return nil
}

// ReadVEX reads an OpenVEX document: what it calls not affected or fixed is suppressed on the sites that it names as
// products. Other statements suppress nothing.
func (r *Rules) ReadVEX(name string, text []byte) error {
	var d vexDocument
	if err := json.Unmarshal(text, &d); err != nil {
		return message.JSON(text, err)
	}
	if !strings.HasPrefix(d.Context, vexContext) {
		return message.Errorf("this is not an OpenVEX document: its @context does not begin with %s", vexContext)
	}
	for i, s := range d.Statements {
		number := i + 1
		status := map[string]scanner.SuppressionStatus{"not_affected": scanner.NotAffected, "fixed": scanner.Fixed}[s.Status]
		switch {
		case len(s.Vulnerability.names) == 0 || len(s.Products) == 0:
			return message.Errorf("statement %d names no vulnerability or no product", number)
		case !slices.Contains([]string{"not_affected", "affected", "fixed", "under_investigation"}, s.Status):
			return message.Errorf("statement %d: %q is not a status of OpenVEX", number, s.Status)
		case s.Status == "not_affected" && s.Justification == "" && s.Impact == "":
			return message.Errorf("statement %d says not_affected without a justification or an impact_statement", number)
		case status == "":
			continue
		}
		r.list = append(r.list, s.rule(status, message.New("%s: statement %d", name, number).String()))
	}
	return nil
}

// rule suppresses findings all of whose known vulnerabilities are the statement's. A finding that is confirmed is not fixed.
func (s vexStatement) rule(status scanner.SuppressionStatus, place string) rule {
	var there []func(string) bool
	for _, p := range s.Products {
		for _, name := range p.names {
			if !strings.HasPrefix(name, "pkg:") && !strings.HasPrefix(name, "cpe:") { // those say nothing about where
				there = append(there, target.Pattern(name))
			}
		}
	}
	reason := cmp.Or(strings.TrimSpace(s.Impact), strings.TrimSpace(s.Notes))
	if s.Justification != "" && reason != "" {
		reason = s.Justification + ": " + reason
	}
	return rule{
		place: place, what: s.Vulnerability.names[0],
		matches: func(f scanner.Finding) bool {
			ids := vulnerabilities(f)
			return len(ids) > 0 && !slices.ContainsFunc(ids, func(id string) bool { return !s.Vulnerability.has(id) }) &&
				slices.ContainsFunc(there, func(match func(string) bool) bool { return match(f.Target) }) &&
				(status != scanner.Fixed || f.Hit.Certainty == scanner.Possible)
		},
		suppression: suppression{Suppression: scanner.Suppression{
			Reason: cmp.Or(reason, s.Justification, s.Status), Status: status, Source: place,
		}},
	}
}

// vulnerabilities are the ids that a finding is about: those that it names, else that of its signature.
func vulnerabilities(f scanner.Finding) []string {
	info, _ := f.Signature.For(f.Hit.Variant)
	if ids := info.Classification.CVEID; len(ids) > 0 {
		return ids
	}
	return []string{f.Signature.ID}
}

// has reports whether one of the names is this id; a name may be the address of a page about it.
func (n vexName) has(id string) bool {
	return slices.ContainsFunc(n.names, func(name string) bool {
		return strings.EqualFold(name, id) || strings.HasSuffix(strings.ToLower(name), "/"+strings.ToLower(id))
	})
}
