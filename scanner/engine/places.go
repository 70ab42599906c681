package engine

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/target"
)

// addFolders adds the folders of a page that the target leads to.
func (s *site) addFolders(u *url.URL) {
	for _, folder := range target.Folders(u) {
		if !slices.ContainsFunc(s.folders, func(known *url.URL) bool { return known.Path == folder.Path }) {
			s.folders = append(s.folders, folder)
		}
	}
}

// info is what reports say of the site itself.
func (s *site) info() scanner.TargetInfo {
	i := scanner.TargetInfo{Target: s.target.String(), Status: s.status, Address: s.remote(), Ports: s.ports}
	if s.asked != nil {
		i.Asked = target.Target{URL: s.asked}.String()
	}
	if s.leads != "" && !s.leadsToTarget {
		i.Leads = s.leads
	}
	if len(s.folders) > 1 {
		for _, u := range s.folders {
			i.Folders = append(i.Folders, u.EscapedPath())
		}
	}
	return i
}

// places are where a check looks on the site.
func (s *site) places(c scanner.Check) []target.Target {
	placed, ok := c.(scanner.Placed)
	if !ok || placed.Place() == scanner.PlaceTarget {
		return []target.Target{s.target}
	}
	return placesOf(s.target, placed.Place(), s.pages, s.folders)
}

func placesOf(t target.Target, place scanner.Place, pages, folders []*url.URL) []target.Target {
	var list []target.Target
	if place == scanner.PlacePages {
		for _, u := range pages {
			if !strings.HasSuffix(cmp.Or(u.Path, "/"), "/") || u.RawQuery != "" {
				list = append(list, target.Target{URL: u, Source: t.Source})
			}
		}
	}
	for _, u := range folders {
		list = append(list, target.Target{URL: u, Source: t.Source})
	}
	return list
}
