package report_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"sotomi/scanner"
	"sotomi/scanner/signature"
)

// bom is what is looked at of an inventory.
type bom struct {
	Version    string `json:"specVersion"`
	Components []struct {
		Type, Name, Version, CPE, PURL string
		Properties                     []struct{ Name, Value string }
		Evidence                       struct {
			Occurrences []struct{ Location string }
		}
	}
}

// seen puts findings with these values into a sink; the title is that of a signature.
func seen(t testing.TB, to scanner.Sink, list []scanner.Finding) {
	t.Helper()
	if err := to.Start(scanner.Start{Version: "1.0.0"}); err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if err := to.Finding(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(scanner.Summary{}); err != nil {
		t.Fatal(err)
	}
}

func productFinding(title, tags string, certainty scanner.Certainty, target string, values scanner.Values) scanner.Finding {
	return scanner.Finding{
		Signature: &signature.Signature{ID: title, Info: signature.Info{Name: title, Tags: strings.Split(tags, ",")}}, Severity: "info", Target: target,
		Hit: scanner.Hit{URL: target + "/", Certainty: certainty, Values: values},
	}
}

// TestInventory: a product in one version is one component wherever it is; a version is told only when there is one alone,
// and a CPE or a package URL only with it.
func TestInventory(t *testing.T) {
	text := in(t, "cyclonedx", "en", func(t testing.TB, to scanner.Sink) {
		seen(t, to, []scanner.Finding{
			productFinding("EC-CUBE shop, and its release", "eccube,product", scanner.Possible, "https://a.example", scanner.Values{"product": "EC-CUBE", "candidates": []string{"4.2.3-p1"}}),
			productFinding("EC-CUBE shop, and its release", "eccube,product", scanner.Confirmed, "https://b.example", scanner.Values{"product": "EC-CUBE", "candidates": []any{"4.2.3-p1"}}),
			productFinding("EC-CUBE shop, and its release", "eccube,product", scanner.Confirmed, "https://c.example", scanner.Values{"product": "EC-CUBE", "candidates": []string{"2.13.1", "2.13.2"}, "range": "2.13.1 – 2.13.2"}),
			productFinding("JavaScript library in use", "product,javascript", scanner.Confirmed, "https://a.example", scanner.Values{"library": "jQuery", "version": "3.5.0"}),
			productFinding("nginx in use", "technology,product,nginx", scanner.Confirmed, "https://a.example", scanner.Values{"version": "1.18.0"}),
			productFinding("Web server without security fixes", "product,server", scanner.Confirmed, "https://a.example", scanner.Values{"version": "Apache/2.2.15"}),
			productFinding("a-blog cms in use", "technology,product,a-blog-cms,cms", scanner.Confirmed, "https://a.example", nil),
			productFinding("WordPress plug-ins", "wordpress", scanner.Confirmed, "https://a.example", scanner.Values{"plugins": []string{"usc-e-shop 2.9.3", "no-version"}}),
			productFinding("Software that the site names as its maker", "product", scanner.Confirmed, "https://a.example", scanner.Values{"generator": "concrete5 - 8.5.2"}),
			productFinding("A folder is listed", "listing", scanner.Confirmed, "https://a.example", scanner.Values{"version": "1"}),
		})
	})
	var b bom
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range b.Components {
		line := []string{c.Type, c.Name, c.Version, c.CPE, c.PURL}
		for _, p := range c.Properties {
			line = append(line, p.Value)
		}
		for _, o := range c.Evidence.Occurrences {
			line = append(line, o.Location)
		}
		got = append(got, strings.Join(line, "|"))
	}
	want := []string{
		`application|EC-CUBE|4.2.3-p1|cpe:2.3:a:ec-cube:ec-cube:4.2.3:p1:*:*:*:*:*:*|pkg:composer/ec-cube/ec-cube@4.2.3-p1|confirmed|https://a.example/|https://b.example/`,
		"application|EC-CUBE||||confirmed|2.13.1 – 2.13.2|https://c.example/",
		"library|jQuery|3.5.0|cpe:2.3:a:jquery:jquery:3.5.0:*:*:*:*:*:*:*|pkg:npm/jquery@3.5.0|confirmed|https://a.example/",
		"application|nginx|1.18.0|cpe:2.3:a:f5:nginx:1.18.0:*:*:*:*:*:*:*||confirmed|https://a.example/",
		"application|Apache|2.2.15|cpe:2.3:a:apache:http_server:2.2.15:*:*:*:*:*:*:*||confirmed|https://a.example/",
		"application|a-blog cms||||confirmed|https://a.example/",
		"application|usc-e-shop|2.9.3|||confirmed|https://a.example/", "application|no-version||||confirmed|https://a.example/",
		"application|concrete5|8.5.2|||confirmed|https://a.example/",
	}
	if d := cmp.Diff(want, got); d != "" || b.Version != "1.6" {
		t.Errorf("version %q, (-want +got):\n%s", b.Version, d)
	}
}

// TestInventoryNames: a product is named as the lists of weaknesses name it, and not at all where that is not known. The names
// are those of records in cisagov/vulnrichment, endoflife.date and rapid7/recog.
func TestInventoryNames(t *testing.T) {
	for product, want := range map[string]string{
		"EC-CUBE 4.0.6": "ec-cube:ec-cube:4.0.6:*", "EC-CUBE 3.0.18-p2": "ec-cube:ec-cube:3.0.18:p2",
		"EC-CUBE 2.13.5": "", "EC-CUBE 2.4.4": "", "EC-CUBE 1.4.6": "", // lists do not agree on those
		"AngularJS 1.7.8": "angularjs:angular.js:1.7.8:*", "Angular 17.0.1": "angular:angular:17.0.1:*", "Vue 2.6.14": "vuejs:vue:2.6.14:*", "Vue.js 2.6.14": "",
		"jQuery UI 1.12.1": "jqueryui:jquery_ui:1.12.1:*", "jQuery 3.0.0-rc1": "jquery:jquery:3.0.0:rc1", "Bootstrap 4.0.0-beta": "getbootstrap:bootstrap:4.0.0:beta", "axios 0.21.0": "axios:axios:0.21.0:*",
		"Apache 2.4.62": "apache:http_server:2.4.62:*", "Apache-Tomcat 7.0.109": "apache:tomcat:7.0.109:*", "Apache Tomcat 9.0.1": "apache:tomcat:9.0.1:*", "lighttpd 1.4.35": "lighttpd:lighttpd:1.4.35:*",
		"nginx 1.18.0": "f5:nginx:1.18.0:*", "OpenSSL 1.0.2k-fips": `openssl:openssl:1.0.2k\-fips:*`, "a-blog cms 3.1.0": "appleple:a-blog_cms:3.1.0:*", "Concrete CMS 9.1.0": "concretecms:concrete_cms:9.1.0:*",
		"Microsoft-IIS 7.5": "", "OpenSearch 2.1.0": "", "XOOPS 2.5": "", "Magento 2.4.3": "",
	} {
		text := in(t, "cyclonedx", "en", func(t testing.TB, to scanner.Sink) {
			seen(t, to, []scanner.Finding{productFinding("Software that the site names as its maker", "product", scanner.Confirmed, "https://a.example", scanner.Values{"generator": product})})
		})
		var b bom
		if err := json.Unmarshal(text, &b); err != nil || len(b.Components) != 1 {
			t.Fatalf("%v\n%s", err, text)
		}
		if want != "" {
			want = "cpe:2.3:a:" + want + ":*:*:*:*:*:*"
		}
		if got := b.Components[0].CPE; got != want {
			t.Errorf("%s: %q, want %q", product, got, want)
		}
		if c := b.Components[0]; strings.HasPrefix(product, "EC-CUBE") && (c.PURL == "") != (want == "") {
			t.Errorf("%s: package %q", product, c.PURL)
		}
	}
}

// TestInventoryKeepsToTheSchema holds every scan to the schema of CycloneDX 1.6, which comes with the library.
func TestInventoryKeepsToTheSchema(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	folder := filepath.Join(strings.TrimSpace(string(out)), "schema")
	if _, missing := os.Stat(folder); err != nil || missing != nil {
		t.Skip("the module with the schema is not on this machine: nothing was held to it")
	}
	c := jsonschema.NewCompiler()
	for name, address := range map[string]string{
		"bom-1.6.schema.json": "http://cyclonedx.org/schema/bom-1.6.schema.json", "spdx.schema.json": "http://cyclonedx.org/schema/spdx.schema.json", "jsf-0.82.schemax.json": "http://cyclonedx.org/schema/jsf-0.82.schema.json",
	} {
		f, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(f)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(address, document); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, put := range all {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(in(t, "cyclonedx", "en", put))))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
