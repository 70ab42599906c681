package target

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nmapScan is what Nmap 7.93 writes with -sV -oX, without the elements that are not read.
const nmapScan = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<?xml-stylesheet href="file:///usr/share/nmap/nmap.xsl" type="text/xsl"?>
<nmaprun scanner="nmap" args="nmap -sV -oX - shop.test 192.0.2.7" start="1700000000" version="7.93" xmloutputversion="1.05">
<host starttime="1700000000" endtime="1700000009"><status state="up" reason="echo-reply" reason_ttl="0"/>
<address addr="192.0.2.1" addrtype="ipv4"/>
<address addr="02:42:AC:11:00:02" addrtype="mac"/>
<hostnames>
<hostname name="shop.test" type="user"/>
<hostname name="host1.isp.test" type="PTR"/>
</hostnames>
<ports><extraports state="closed" count="990"/>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="0"/><service name="ssh" product="OpenSSH" method="probed" conf="10"/></port>
<port protocol="tcp" portid="443"><state state="open" reason="syn-ack" reason_ttl="0"/><service name="http" tunnel="ssl" product="nginx" method="probed" conf="10"/></port>
<port protocol="tcp" portid="8080"><state state="filtered" reason="no-response" reason_ttl="0"/><service name="http-proxy" method="table" conf="3"/></port>
<port protocol="udp" portid="53"><state state="open" reason="udp-response" reason_ttl="0"/><service name="domain" method="table" conf="3"/></port>
</ports>
</host>
<host><status state="up" reason="user-set" reason_ttl="0"/>
<address addr="2001:db8::7" addrtype="ipv6"/>
<hostnames>
</hostnames>
<ports><port protocol="tcp" portid="25"><state state="open" reason="syn-ack" reason_ttl="0"/><service name="smtp" method="table" conf="3"/></port>
<port protocol="tcp" portid="9200"><state state="open" reason="syn-ack" reason_ttl="0"/><service name="wap-wsp" method="table" conf="3"/></port>
</ports>
</host>
<runstats><finished time="1700000009"/><hosts up="2" down="0" total="2"/>
</runstats>
</nmaprun>
`

func TestListFormats(t *testing.T) {
	files := map[string]string{
		"t.yaml":  "# ours\n- https://a.test/shop\n- target: b.test\n  owner: Sales\n  contact: sales@b.test\n  label: 店舗\n  environment: production\n- {target: 192.0.2.0/31, owner: Sales, contact: sales@b.test}\n",
		"t.csv":   "\ufeffHost no.,Target,Owner\r\n1,c.test:8443,\"Sales, West\"\r\n\r\n2,#d.test,\r\n3, e.test ,\r\n",
		"nmap":    nmapScan,
		"httpx":   `{"timestamp":"2026-01-01T00:00:00Z","url":"https://f.test:8443","input":"f.test","port":"8443","status_code":200,"failed":false}` + "\n" + `{"url":"http://gone.test","failed":true}` + "\n",
		"naabu":   `{"host":"g.test","ip":"192.0.2.9","timestamp":"2026-01-01T00:00:00Z","port":80,"protocol":"tcp","tls":false}` + "\n" + `{"ip":"192.0.2.10","port":{"Port":8080,"Protocol":0}}` + "\n",
		"comment": "h.test   # the old shop, owner: nobody\n",
	}
	sales := About{Owner: "Sales", Contact: "sales@b.test"}
	cases := map[string]struct {
		want  []string
		about []About
	}{
		"t.yaml":  {[]string{"https://a.test/shop", "b.test", "192.0.2.0", "192.0.2.1"}, []About{{}, {"Sales", "sales@b.test", "店舗", "production"}, sales, sales}},
		"t.csv":   {[]string{"c.test port 8443", "e.test"}, []About{{Owner: "Sales, West"}, {}}},
		"nmap":    {[]string{"shop.test port 443", "2001:db8::7 port 9200"}, []About{{}, {}}},
		"httpx":   {[]string{"https://f.test:8443/"}, []About{{}}},
		"naabu":   {[]string{"g.test port 80", "192.0.2.10 port 8080"}, []About{{}, {}}},
		"comment": {[]string{"h.test"}, []About{{}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, stdin := range []bool{false, true} {
				args, in := []string{"@" + name}, ""
				if stdin {
					if strings.Contains(name, ".") { // told by its name
						continue
					}
					args, in = []string{"-"}, files[name]
				}
				list, err := Parse(args, strings.NewReader(in), opener(files))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, inputs(list)); diff != "" {
					t.Errorf("stdin %v (-want +got):\n%s", stdin, diff)
				}
				var about []About
				for in := range list.All() {
					about = append(about, in.About)
				}
				if diff := cmp.Diff(c.about, about); diff != "" {
					t.Errorf("stdin %v (-want +got):\n%s", stdin, diff)
				}
			}
		})
	}
}

func TestListFormatMistakes(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"a.yaml":      {"- target: a.test\n  ownr: x\n", `a.yaml:2: there is no field "ownr"; there are target, owner, contact, label, environment`},
		"b.yaml":      {"targets: [a.test]\n", "b.yaml:1: this must be a list of targets"},
		"c.yaml":      {"- owner: x\n", "c.yaml:1: target: is missing"},
		"d.yaml":      {"- target: [a.test]\n", "d.yaml:1: target must be text"},
		"e.yaml":      {"- target: http://\n- b.test\n- 'c d'\n", "e.yaml:3: "},
		"f.yaml":      {"a: [\n", "f.yaml: yaml: "},
		"g.yaml":      {"# nothing\n", "g.yaml has no targets"},
		"a.csv":       {"host,owner\na.test,x\n", "a.csv:1: the first line must name the columns: target and"},
		"b.csv":       {"target,owner\n,x\n", "b.csv:2: the target is missing"},
		"c.csv":       {"target\na.test,more\n", "c.csv:2: the line has more columns than the first one"},
		"d.csv":       {"target,owner\na.test,\"x\n", "d.csv:2: "},
		"e.csv":       {"target,owner\nb b,x\n", "e.csv:2: "},
		"page":        {"<!DOCTYPE html>\n<html><body>404</body></html>\n", "page:2: of XML lists only those of nmap (-oX) can be read"},
		"cut":         {nmapScan[:strings.Index(nmapScan, "</hostnames>")], "cut:"},
		"closed":      {"<nmaprun></nmaprun>", "closed has no targets"},
		"json":        {"{\"url\":\"http://a.test\"}\n{\"url\":\n", "json:2: not JSON"},
		"other":       {"{\"name\":\"a.test\"}\n", "other:1: the line names neither a url nor a host and port"},
		"entity-bomb": {"<?xml version=\"1.0\"?><!DOCTYPE n [<!ENTITY a \"aaaa\">]><nmaprun><host>&a;</host></nmaprun>", "entity-bomb:1: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]string{"@" + name}, nil, opener(map[string]string{name: c.text}))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestDescribes(t *testing.T) {
	list, err := Parse([]string{"a.test", "@t.csv"}, nil, opener(map[string]string{"t.csv": "target,label\nb.test,x\n"}))
	if err != nil {
		t.Fatal(err)
	}
	if !list.Describes(func(a About) string { return a.Label }) || list.Describes(func(a About) string { return a.Owner }) {
		t.Error("a label and no owner are given")
	}
}

func FuzzLists(f *testing.F) {
	for name, text := range map[string]string{
		"x.yaml": "- {target: a.test, owner: x}\n- b.test\n", "x.csv": "target,owner\na.test,\"x\ny\"\n", "x": nmapScan,
		"y": `{"host":"g.test","port":{"Port":80}}`, "z": "a.test # b\n",
	} {
		f.Add(name, text)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		list, err := Parse([]string{"@" + name}, nil, opener(map[string]string{name: text}))
		if err != nil {
			return
		}
		n := 0
		for range list.All() {
			if n++; n > 1<<16 {
				return
			}
		}
		if n != list.Len() || n == 0 {
			t.Errorf("%d inputs, Len says %d", n, list.Len())
		}
	})
}
