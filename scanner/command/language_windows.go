package command

import "golang.org/x/sys/windows"

// systemLanguage is the first of the languages that the user chose for the user interface, such as "ja-JP"; "" when it
// cannot be told.
func systemLanguage() string {
	languages, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err != nil || len(languages) == 0 {
		return ""
	}
	return languages[0]
}
