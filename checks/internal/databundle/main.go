// Command databundle makes the signed bundle of the data files in this tree, for sotomi data import.
//
//	go run ./checks/internal/databundle -new-key FILE
//	DATA_KEY=FILE go run ./checks/internal/databundle -o dist/sotomi-data.tar.gz
//
// The first makes a key pair: FILE gets the private key, which signs and must stay with its owner; the public key is printed,
// as a line for checks/internal/datafile/keys.txt. A program trusts only the keys that it was built with. The same files and
// the same key give the same bundle.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"sotomi/checks"
	"sotomi/checks/internal/datafile"
	"sotomi/signatures"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("databundle: ")
	newKey := flag.String("new-key", "", "make a key pair, and write the private key to this file")
	key := flag.String("key", os.Getenv("DATA_KEY"), "file of the private key (or DATA_KEY)")
	out := flag.String("o", "dist/sotomi-data.tar.gz", "file to write")
	flag.Parse()
	var err error
	switch {
	case *newKey != "":
		var public string
		if public, err = makeKey(*newKey); err == nil {
			_, err = fmt.Println(public) //nolint:forbidigo // what it is run for
		}
	case *key == "":
		err = errors.New("DATA_KEY names no private key; -new-key FILE makes one")
	default:
		err = bundle(*key, *out)
	}
	if err != nil {
		log.Fatal(err)
	}
}

const pemType = "PRIVATE KEY"

// makeKey writes a new private key, and returns the line of its public one. A file that is there stays.
func makeKey(name string) (string, error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	line := base64.StdEncoding.EncodeToString(public) + " OWNER"
	return line, errors.Join(pem.Encode(f, &pem.Block{Type: pemType, Bytes: der}), f.Close())
}

func readKey(name string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("%s holds no private key", name)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a key that is not of Ed25519", name)
	}
	return private, nil
}

// bundle writes the bundle of the files that this tool was built with: those of the tree.
func bundle(keyFile, out string) error {
	key, err := readKey(keyFile)
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	compressed := gzip.NewWriter(&archive)
	err = datafile.Write(compressed, key, checks.DataTexts(signatures.FS))
	if err := errors.Join(err, compressed.Close()); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(out, archive.Bytes(), 0o644); err != nil {
		return err
	}
	log.Printf("%s: %d bytes", out, archive.Len())
	return nil
}
