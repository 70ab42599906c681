package signature

import (
	"slices"

	"gopkg.in/yaml.v3"

	"sotomi/scanner/message"
)

// foreign are the protocols of the public language that sotomi does not support.
var foreign = []string{"code", "dns", "file", "headless", "javascript", "network", "ssl", "tcp", "websocket", "whois", "workflows", "constants-file", "fuzzing"}

// lackingKeys are the other keys of the public language that sotomi does not know.
var lackingKeys = []string{
	"constants", "pipeline-concurrent-connections", "pipeline-requests-per-connection", "pre-condition-operator",
	"protocol-redirects", "race_count", "read-all", "self-contained", "signature", "skip-secret-file", "stop-at-first-match",
}

// unknownKeys sorts the keys of a public template that sotomi does not know. One that is nearly a known key is a mistake, as
// without it this would be another template. Any other may be of a newer language: it is a feature that sotomi lacks, and
// refused by lint. Under info it is harmless to a scan.
func (s *Signature) unknownKeys(root *yaml.Node) (misspelt []mistake, lacking []message.Message) {
	info := signatureSchema.keys["info"]
	for _, key := range signatureSchema.unknownKeys(root) {
		switch {
		case slices.Contains(foreign, key.name): // named as a protocol
		case key.name == "signature" && key.within == signatureSchema: // named as request signing
		case slices.Contains(lackingKeys, key.name):
			lacking = append(lacking, message.New("key %s", key.name))
		case !key.hint.IsZero():
			misspelt = append(misspelt, mistake{key.line, key.message()})
		default:
			s.refused = append(s.refused, mistake{key.line, key.message()})
			if key.within != info && key.within != info.keys["classification"] {
				lacking = append(lacking, message.New("line %d: %s", key.line, key.message()))
			}
		}
	}
	return misspelt, lacking
}
