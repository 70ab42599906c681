package template

import (
	"errors"
	"maps"
	"net/url"
	"path"
	"strings"

	"golang.org/x/net/publicsuffix"

	"sotomi/checks/template/match"
	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

// addressVars are the names that every template may use for the target. trimmed is for paths written as {{BaseURL}}/x,
// so that a target with a slash at its end gives no double one; the root of a host never has one.
func addressVars(address *url.URL, trimmed bool) match.Vars {
	u := url.URL{Scheme: address.Scheme, Host: address.Host, Path: address.Path, RawPath: address.RawPath}
	if trimmed || u.Path == "/" {
		u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	}
	folder, file := path.Dir(u.EscapedPath()), path.Base(u.EscapedPath())
	if folder == "." {
		folder = ""
	}
	if file == "." {
		file = ""
	}
	vars := match.Vars{
		"BaseURL": u.String(), "RootURL": u.Scheme + "://" + u.Host, "Hostname": u.Host, "Host": u.Hostname(), "Port": target.Port(&u),
		"Path": folder, "File": file, "Query": "", "Scheme": u.Scheme, "Input": u.String(), "FQDN": u.Hostname(),
	}
	maps.Copy(vars, domainVars(u.Hostname()))
	return vars
}

// domainNames are the names of domainVars.
var domainNames = []string{"RDN", "DN", "TLD", "SD"}

// domainVars are the parts of a registered name; an address or a bare name has none.
func domainVars(host string) match.Vars {
	host = strings.TrimSuffix(host, ".")
	registered, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return nil
	}
	suffix, _ := publicsuffix.PublicSuffix(host)
	name := strings.TrimSuffix(registered, "."+suffix)
	if name == "" || name == registered {
		return nil
	}
	return match.Vars{"RDN": registered, "DN": name, "TLD": suffix, "SD": strings.TrimSuffix(strings.TrimSuffix(host, registered), ".")}
}

// factVars are the values of the facts that the signature needs: eccube_base is the value base of the fact eccube.
func factVars(p *scanner.Probe) match.Vars {
	vars := match.Vars{}
	for _, fact := range p.Signature.Needs {
		values, _ := p.Fact(fact)
		for name, value := range values {
			vars[fact+"_"+strings.ReplaceAll(name, "-", "_")] = value
		}
	}
	return vars
}

// maxVariables bounds the variables of a template together, in bytes.
const maxVariables = 4 << 20

// fillIn adds variables to vars, in order: a later one may use earlier ones and vars. What a name already stands for is
// kept. fixed has the values of those that are not computed anew; nil for none. One that cannot be computed stays as it is
// written.
func fillIn(vars match.Vars, variables signature.Variables, fixed match.Vars) error {
	size := 0
	for _, variable := range variables {
		if _, ok := vars[variable.Name]; ok {
			continue
		}
		if fixed != nil && (strings.Contains(variable.Value, "rand") || !strings.Contains(variable.Value, "{{")) {
			vars[variable.Name] = fixed[variable.Name]
			continue
		}
		text, _, err := match.Expand(variable.Value, vars)
		if size += len(text); size > maxVariables || errors.Is(err, match.ErrTooLong) {
			return message.Errorf("the template's variables expand to more than %d MiB", maxVariables>>20)
		}
		if err != nil {
			text = variable.Value
		}
		vars[variable.Name] = text
	}
	return nil
}
