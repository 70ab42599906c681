// Package eccubegit knows where the states of EC-CUBE are that the tags of the vendor's repositories do not name: releases
// that only forks keep, and states of the vendor's branches between releases. The tools that make and measure the database
// share it.
package eccubegit

// State is one state of EC-CUBE in a public clone.
type State struct {
	Name   string // 4.3.1, 2.25.0+20260804
	Date   string // 2025-08-06
	Commit string // in some clone: an object, or a tag of EC-CUBE/ec-cube2
	Source string // public repository that has it

	// Versions is a commit whose package.json takes the place of that of Commit, whose composer files are unknown; "" keeps
	// them all, "-" keeps none.
	Versions string
}

// States are releases that the vendor's repositories have no tag for where they are mirrored, and development states. A
// development state is named after the version in it and its day, and stands for what came between it and the one before
// with the same public files.
var States = []State{
	{Name: "4.2.3-p1", Date: "2024-07-29", Commit: "15a5fa1e26ce69e9a584ad52b31cca638a43d712", Source: "5ym/ec-cube"},
	{Name: "4.3.0-beta", Date: "2024-04-15", Commit: "e44c828d28762bb6cfd591978557e68d827cf31d", Source: "yusuke-morizumi-ecc/ec-cube"},
	{Name: "4.3.0-rc", Date: "2024-07-16", Commit: "e286ef8c406e6db3c7243af0b8c37a639eca7fab", Source: "nigawa2525/ec-cube"},
	{Name: "4.3.0", Date: "2024-07-29", Commit: release430, Source: "nigawa2525/ec-cube"},
	// 4.3.1 was cut from 4.3.0: two shops' trees have all of its public files and templates, but for package.json.
	{Name: "4.3.1", Date: "2025-08-06", Commit: release430, Versions: "82b67005539a7bcb45774426b3b1b9eb373391d4", Source: "mirrorn-k/s-africa-wine-v2"},
	// The patch is in PHP files only, and the release before it was cut so too.
	{Name: "4.3.1-p1", Date: "2026-03-11", Commit: release430, Versions: "-", Source: "nigawa2525/ec-cube"},

	{Name: "4.3.0+20240911", Date: "2024-09-11", Commit: "4a80b63f428920ec62b91981ba70e43bfaf58d15", Source: "nigawa2525/ec-cube"},
	{Name: "4.3.0+20241225", Date: "2024-12-25", Commit: "3b3adfd4ca6f53d389fa9413f0da87e78b8a68e6", Source: "nigawa2525/ec-cube"},
	{Name: "4.3.0+20250529", Date: "2025-05-29", Commit: "9fe2f87e2f3db1aab47097f31ef971df5b762194", Source: "nigawa2525/ec-cube"},
	{Name: "4.3.0+20250619", Date: "2025-06-19", Commit: "44cfdbfc5b20e2054c0b9f8439995bffb5164686", Source: "nigawa2525/ec-cube"},
	{Name: "4.3.0+20251117", Date: "2025-11-17", Commit: "5f6ba68814c30d1a4d6a9633049dce6c42befd86", Source: "nigawa2525/ec-cube"},
	{Name: "4.3.0+20260225", Date: "2026-02-25", Commit: "22fc21a83ecc5d6c953b59c6c05f66c8f52eb275", Source: "nigawa2525/ec-cube"},
	{Name: "4.3.1-p1+20260311", Date: "2026-03-11", Commit: "5a1ccb4b9a58b5df37f81d1d12b3a0c41b59d0cc", Source: "nigawa2525/ec-cube"},
	{Name: "4.3.1-p1+20260422", Date: "2026-04-22", Commit: "a0ae815620685f4ba526b22f286b4ba22d9faea3", Source: "nigawa2525/ec-cube"},

	weekly("20250401", "2025-03-28"), weekly("20250520", "2025-05-20"), weekly("20250527", "2025-05-27"),
	weekly("20250701", "2025-07-01"), weekly("20251230", "2025-12-30"), weekly("20260120", "2026-01-20"),
	weekly("20260203", "2026-02-03"), weekly("20260324", "2026-03-24"), weekly("20260331", "2026-03-31"),
	weekly("20260407", "2026-04-07"), weekly("20260421", "2026-04-21"), weekly("20260804", "2026-08-04"),
}

const release430 = "c97204439000a877566bc232cb768862d3bfcbb0"

func weekly(day, date string) State {
	return State{Name: "2.25.0+" + day, Date: date, Commit: "eccube2-weekly-" + day, Source: "EC-CUBE/ec-cube2"}
}

// Manifests is the tree of State.Versions that has the file beside the public folder, "" when it is unknown what the state
// has there; own reports whether the state's own tree has it.
func (s State) Manifests(name string) (tree string, own bool) {
	switch {
	case s.Versions == "" || name != "package.json" && name != "composer.json" && name != "composer.lock":
		return s.Commit, true
	case name == "package.json" && s.Versions != "-":
		return s.Versions, false
	}
	return "", false
}
