package checks

import (
	"context"
	"strings"
	"testing"

	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/signatures"
)

// ownSignatures are the embedded signatures in a folder.
func ownSignatures(t *testing.T, folder string) []*signature.Signature {
	t.Helper()
	set, err := signature.Load(signature.Sources{Embedded: signatures.FS})
	if err != nil {
		t.Fatal(err)
	}
	var list []*signature.Signature
	for _, s := range set.Signatures {
		if strings.HasPrefix(s.File, folder+"/") {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		t.Fatalf("no signature in %s", folder)
	}
	return list
}

func TestProduct_signatures_pass_their_cases(t *testing.T) {
	for _, folder := range []string{"eccube"} {
		for _, s := range ownSignatures(t, folder) {
			t.Run(s.ID, func(t *testing.T) {
				t.Parallel()
				for _, err := range signature.Lint(s) {
					t.Error(err)
				}
				for _, f := range sigtest.Run(context.Background(), s, sigtest.Options{Checks: All, Files: signatures.FS}) {
					t.Error(f)
				}
			})
		}
	}
}
