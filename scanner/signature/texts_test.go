package signature_test

import "sotomi/scanner/message"

// texts are messages in English.
func texts(list []message.Message) []string {
	var all []string
	for _, m := range list {
		all = append(all, m.String())
	}
	return all
}
