//go:build !windows

package command

// systemLanguage is empty: the environment says all there is to know.
func systemLanguage() string { return "" }
