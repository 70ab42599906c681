// Command endoflifedb writes the last days of products' lines of releases from a bare clone of endoflife-date/endoflife.date
// (MIT), byte for byte the same for the same commit:
//
//	go run ./checks/internal/endoflifedb -git CLONE -to checks/internal/endoflife/dates.txt
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	"gopkg.in/yaml.v3"

	"sotomi/checks/internal/endoflife"
	"sotomi/checks/internal/gitclone"
)

// products are those that sotomi can tell the version of, by their names there.
var products = []string{
	"apache-cassandra", "apache-http-server", "apache-kafka", "clickhouse", "concrete-cms", "craft-cms", "drupal", "joomla", "magento",
	"mariadb", "mediawiki", "memcached", "mongodb", "moodle", "mysql", "nginx", "openssl", "php",
	"phpbb", "postgresql", "rabbitmq", "redis", "tomcat", "typo3", "valkey", "zookeeper",
}

var clones gitclone.Clones // each reads its own objects

func main() {
	git := flag.String("git", "", "bare clone of https://github.com/endoflife-date/endoflife.date")
	to := flag.String("to", "", "file to write")
	flag.Parse()
	text, err := build(*git)
	if err == nil {
		err = os.WriteFile(*to, text, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func build(git string) ([]byte, error) {
	commit, err := clones.Output(git, "log", "-1", "--format=%H %cs")
	if err != nil {
		return nil, err
	}
	hash, day, _ := strings.Cut(strings.TrimSpace(commit), " ")
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Copyright 2020 endoflife.date contributors\n# source: https://github.com/endoflife-date/endoflife.date commit %s\n# date: %s\n# licence: MIT\n", hash, day)
	for _, product := range products {
		page, err := clones.Output(git, "show", hash+":products/"+product+".md")
		if err != nil {
			return nil, err
		}
		if err := write(&out, product, []byte(page)); err != nil {
			return nil, fmt.Errorf("%s: %w", product, err)
		}
	}
	_, err = endoflife.Parse(out.String())
	return out.Bytes(), err
}

// write adds the lines of a product, from the front matter of its page.
func write(out *bytes.Buffer, product string, page []byte) error {
	parts := bytes.SplitN(page, []byte("\n---\n"), 2)
	var front struct {
		Releases []struct {
			Cycle string `yaml:"releaseCycle"`
			End   string `yaml:"eol"` // a day, or whether it has ended
		} `yaml:"releases"`
	}
	if err := yaml.Unmarshal(parts[0], &front); err != nil {
		return err
	}
	if len(front.Releases) == 0 {
		return fmt.Errorf("no releases")
	}
	for _, r := range front.Releases {
		switch r.End {
		case "true": // ended, nobody says when
		case "false", "":
			fmt.Fprintf(out, "%s %s -\n", product, r.Cycle)
		default:
			fmt.Fprintf(out, "%s %s %s\n", product, r.Cycle, r.End)
		}
	}
	return nil
}
