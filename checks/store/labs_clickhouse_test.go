//go:build unix

package store

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRealClickHouse logs in as default, where that has no password and where it has one.
func TestRealClickHouse(t *testing.T) {
	l := newLab(t, "clickhouse-server")
	run := func(name, password string) *server {
		port, web := l.port(), l.port()
		dir := filepath.Join(l.dir, name)
		l.command("", "install", "-d", dir)
		users := l.file(name+"/users.xml", "<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default><password>"+password+
			"</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users></yandex>")
		config := l.file(name+"/config.xml", "<yandex><logger><level>error</level><console>1</console></logger><listen_host>127.0.0.1</listen_host><tcp_port>"+number(port)+"</tcp_port><http_port>"+number(web)+
			"</http_port><path>"+dir+"/</path><tmp_path>"+dir+"/tmp/</tmp_path><users_config>"+users+"</users_config><default_profile>default</default_profile><default_database>default</default_database><mark_cache_size>5368709120</mark_cache_size></yandex>")
		return l.start(port, "clickhouse-server", "--config-file="+config)
	}
	open, closed := run("open", ""), run("closed", "s3cret")
	r := open.look(t, ClickHouseLogin)
	if version(r.Version) != r.Version || r.Version == "" {
		t.Errorf("version %q", r.Version)
	}
	r.Version = ""
	compare(t, r, told{Product: "ClickHouse", Access: Open})
	compare(t, closed.look(t, ClickHouseLogin), told{Product: "ClickHouse", Access: Password})
	for _, s := range []*server{open, closed} {
		if d := cmp.Diff([]string{clickHouseHello}, s.log()); d != "" {
			t.Errorf("sent (-want +got):\n%s", d)
		}
	}
}
