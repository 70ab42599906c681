package engine

import (
	"net/http"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// sight is what a step saw in the answers that it got, a set.
type sight uint8

const (
	sawSite  sight = 1 << iota // something that the site itself says
	sawAway                    // a redirect to another site
	sawLogin                   // a demand to log in
	sawLost                    // a redirect, of a site whose own page is one that leads to no page
)

// sightOf is what one answer shows.
func (s *site) sightOf(ex *web.Exchange) sight {
	if asksForLogin(ex) {
		return sawLogin
	}
	switch to := ex.SendsTo(); {
	case s.lost && redirects(ex):
		return sawLost
	case to == nil:
	case !sameOrigin(ex.URL, to):
		return sawAway
	case s.login != "" && to.Path == s.login:
		return sawLogin
	}
	return sawSite
}

// homeSight is what the site's own page shows, for steps that look at pages and got none.
func (s *site) homeSight() sight {
	switch {
	case s.closed:
		return sawLogin
	case s.leads != "":
		return sawAway
	case s.lost:
		return sawLost
	}
	return 0
}

// unseen is how a step ends that saw nothing of the site, because the site sends visitors elsewhere or nowhere, or asks them to
// log in, from its own page on. An open site with closed folders, and one that redirects from a few addresses only, show themselves.
func (s *site) unseen(seen sight) *scanner.StatusError {
	switch {
	case seen&sawAway != 0 && s.leads != "" && s.leadsToTarget:
		return scanner.End(scanner.StatusNotApplicable, "leads to %s, which is looked at as another target", s.leads)
	case seen&sawAway != 0 && s.leads != "":
		return scanner.End(scanner.StatusElsewhere, "leads to %s, which was not looked at", s.leads)
	case seen&sawLogin != 0 && s.closed && !s.unnamed && s.session().Carries("Authorization"):
		return scanner.End(scanner.StatusBlocked, "asks for a log-in, and does not accept the one given")
	case seen&sawLogin != 0 && s.closed:
		return scanner.End(scanner.StatusBlocked, "asks for a log-in")
	case seen&sawLost != 0 && s.lost:
		return scanner.End(scanner.StatusFailed, "redirects, but to no page")
	}
	return nil
}

// shut reports whether a step ended because the site shows itself to nobody who is not logged in, or sends all elsewhere.
func (s *site) shut(end *scanner.StatusError) bool {
	all := s.unseen(sawAway | sawLogin | sawLost)
	return all != nil && end.Status == all.Status && end.Reason.String() == all.Reason.String()
}

// redirects reports whether an answer is a redirect, wherever it leads.
func redirects(ex *web.Exchange) bool {
	return ex.Status >= 300 && ex.Status <= 399 && ex.Status != http.StatusNotModified
}

// asksForLogin reports whether an answer is a demand to log in to the server or to a proxy before it.
func asksForLogin(ex *web.Exchange) bool {
	return ex.Status == http.StatusUnauthorized || ex.Status == http.StatusProxyAuthRequired
}
