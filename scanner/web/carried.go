package web

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// carried is Credentials in a form that another machine can read.
type carried struct {
	Name    string
	Cookies []carriedCookie
	Header  http.Header
}

type carriedCookie struct {
	From   string
	Cookie *http.Cookie
}

// Carry is the credentials with all their secrets, for another machine that scans for the same user.
func (c Credentials) Carry() ([]byte, error) {
	out := carried{Name: c.name, Header: c.header}
	for _, given := range c.cookies {
		out.Cookies = append(out.Cookies, carriedCookie{given.from.String(), given.cookie})
	}
	return json.Marshal(out)
}

// CarriedCredentials are those that Carry gave.
func CarriedCredentials(text []byte) (Credentials, error) {
	var in carried
	if err := json.Unmarshal(text, &in); err != nil {
		return Credentials{}, err
	}
	c := Credentials{name: in.Name, header: in.Header}
	if c.header == nil {
		c.header = http.Header{}
	}
	for _, each := range in.Cookies {
		from, err := url.Parse(each.From)
		if err != nil {
			return Credentials{}, err
		}
		c.cookies = append(c.cookies, givenCookie{from, each.Cookie})
	}
	return c, nil
}
