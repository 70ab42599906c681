//go:build unix

package store

import (
	"cmp"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// fetched is the folder of a server that checks/testdata/labs/fetch.sh has put aside; the test is skipped without.
func fetched(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(cmp.Or(os.Getenv("SOTOMI_LAB_SERVERS"), "/var/cache/sotomi-labs"), name)
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("SOTOMI_LABS") == "require" {
			t.Fatalf("%v: run checks/testdata/labs/fetch.sh", err)
		}
		t.Skipf("SKIPPED: %s is not here; checks/testdata/labs/fetch.sh fetches it", name)
	}
	return dir
}

const zookeeperJar = "/usr/share/java/zookeeper.jar"

// zookeeper starts one.
func zookeeper(l *lab, name, configuration string, java ...string) *server {
	port := l.port()
	config := l.file(name+"/zoo.cfg", "dataDir="+filepath.Join(l.dir, name)+"\nclientPort="+number(port)+"\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n"+configuration)
	line := append([]string{"java", "-Xmx128m"}, java...)
	return l.start(port, append(line, "-cp", zookeeperJar+":/usr/share/java/*", "org.apache.zookeeper.server.quorum.QuorumPeerMain", config)...)
}

func TestRealZooKeeper(t *testing.T) {
	l := newLab(t, "java", zookeeperHere())
	open := zookeeper(l, "open", "")
	l.ready(open, ZooKeeper, func(r Record) bool { return r.Access != Unknown })
	r := open.look(t, ZooKeeper)
	if r.Counts["connections"] < 1 {
		t.Error("not even our own connection is counted")
	}
	compare(t, r, told{Product: "ZooKeeper", Version: "3.8.0", Access: Offered, Counts: map[string]int64{"nodes": 5}}, "connections")
	if d := gocmp.Diff([]string{"srvr"}, open.log()); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
}

func zookeeperHere() string {
	if _, err := os.Stat(zookeeperJar); err != nil {
		return "zookeeper"
	}
	return "java"
}

// TestRealJDWP looks at the debugger's port of a real server.
func TestRealJDWP(t *testing.T) {
	l := newLab(t, "java", zookeeperHere())
	port := l.port()
	zookeeper(l, "debugged", "", "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:"+number(port))
	s := &server{address: "127.0.0.1:" + number(port)}
	r := s.look(t, JDWP)
	if r.Access != Open || !strings.HasPrefix(r.Version, "17") && !strings.HasPrefix(r.Version, "2") {
		t.Errorf("record %+v", r)
	}
	if d := gocmp.Diff([]string{"JDWP-Handshake\x00\x00\x00\x0b\x00\x00so\x00\x01\x01"}, s.log()); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
}

func TestRealKafka(t *testing.T) {
	l := newLab(t, "java")
	dir := fetched(t, "kafka-3.9.1")
	plain, controller, sasl := l.port(), l.port(), l.port()
	config := l.file("server.properties", strings.NewReplacer("PLAIN_PORT", number(plain), "CONTROLLER_PORT", number(controller), "SASL_PORT", number(sasl), "DIR", l.dir).Replace(`process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:CONTROLLER_PORT
listeners=OPEN://127.0.0.1:PLAIN_PORT,CONTROLLER://127.0.0.1:CONTROLLER_PORT,CLOSED://127.0.0.1:SASL_PORT
advertised.listeners=OPEN://127.0.0.1:PLAIN_PORT,CLOSED://127.0.0.1:SASL_PORT
controller.listener.names=CONTROLLER
inter.broker.listener.name=OPEN
listener.security.protocol.map=OPEN:PLAINTEXT,CONTROLLER:PLAINTEXT,CLOSED:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.closed.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_app="s3cret";
log.dirs=DIR/data
`))
	path := filepath.Join(dir, "lib", "*")
	l.command("", "java", "-Xmx128m", "-cp", path, "kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAA", "-c", config)
	open := l.start(plain, "java", "-Xmx256m", "-cp", path, "kafka.Kafka", config)
	for i, topic := range []string{"customers", "clicks"} {
		makeTopic(t, open, topic, i+1)
	}
	open.sent = nil
	l.ready(open, Kafka, func(r Record) bool { return r.Counts["topics"] == 2 })
	compare(t, open.look(t, Kafka), told{
		Product: "Kafka", Access: Open, Counts: map[string]int64{"brokers": 1, "topics": 2, "partitions": 3},
		Names: []string{"clicks", "customers"}, Personal: []string{"customers"},
	})
	closed := &server{address: "127.0.0.1:" + number(sasl)}
	compare(t, closed.look(t, Kafka), told{Product: "Kafka", Access: Password})
	want := []string{"\x00\x00\x00\x10\x00\x12\x00\x00\x00\x00\x00\x07\x00\x06sotomi" + "\x00\x00\x00\x15\x00\x03\x00\x04\x00\x00\x00\x07\x00\x06sotomi\xff\xff\xff\xff\x00"}
	for _, s := range []*server{open, closed} {
		if d := gocmp.Diff(want, s.log()); d != "" {
			t.Errorf("sent (-want +got):\n%s", d)
		}
	}
}

// makeTopic fills the lab; the probe has no such request.
func makeTopic(t *testing.T, s *server, name string, partitions int) {
	t.Helper()
	talk, err := open(t.Context(), s.dial, false)
	if err != nil {
		t.Fatal(err)
	}
	defer talk.close()
	body := append([]byte{0, 0, 0, 1, 0, byte(len(name))}, name...)
	body = binary.BigEndian.AppendUint32(body, uint32(partitions))
	body = append(body, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0)
	if answer, err := talk.kafka(19, 0, body); err != nil || answer[len(answer)-1] != 0 {
		t.Fatalf("topic %s: % x, %v", name, answer, err)
	}
}

func TestRealCassandra(t *testing.T) {
	l := newLab(t, "java")
	dir := fetched(t, "cassandra-5.0.5")
	run := func(name, authenticator string) *server {
		port, storage := l.port(), l.port()
		data := filepath.Join(l.dir, name)
		config := l.file(name+"/cassandra.yaml", strings.NewReplacer("NATIVE_PORT", number(port), "STORAGE_PORT", number(storage), "DIR", data, "AUTHENTICATOR", authenticator).Replace(`cluster_name: lab
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
commitlog_sync: periodic
commitlog_sync_period: 10s
data_file_directories: [DIR/data]
commitlog_directory: DIR/commitlog
saved_caches_directory: DIR/saved
hints_directory: DIR/hints
cdc_raw_directory: DIR/cdc
endpoint_snitch: SimpleSnitch
listen_address: 127.0.0.1
storage_port: STORAGE_PORT
native_transport_port: NATIVE_PORT
rpc_address: 127.0.0.1
authenticator: AUTHENTICATOR
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{seeds: "127.0.0.1:STORAGE_PORT"}]
`))
		line := []string{
			"java", "-Xms256m", "-Xmx384m", "-javaagent:" + filepath.Join(dir, "lib", "jamm-0.4.0.jar"), "-Djava.security.manager=allow",
			"-Djdk.attach.allowAttachSelf=true", "-Dcassandra.config=file://" + config, "-Dcassandra.storagedir=" + data,
			"-Dcassandra.superuser_setup_delay_ms=0", "-Dcassandra.skip_wait_for_gossip_to_settle=0", "-Dcassandra-foreground=yes",
		}
		for _, p := range strings.Fields("jdk.internal.misc jdk.internal.ref sun.nio.ch") {
			line = append(line, "--add-exports=java.base/"+p+"=ALL-UNNAMED")
		}
		for _, p := range strings.Fields("java.lang.module jdk.internal.loader jdk.internal.ref jdk.internal.reflect jdk.internal.math jdk.internal.module jdk.internal.util.jar sun.nio.ch java.io java.nio java.lang java.util java.util.concurrent java.util.concurrent.atomic") {
			line = append(line, "--add-opens=java.base/"+p+"=ALL-UNNAMED")
		}
		line = append(line, "--add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED", "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED",
			"--add-exports=java.rmi/sun.rmi.server=ALL-UNNAMED", "--add-exports=java.management.rmi/com.sun.jmx.remote.internal.rmi=ALL-UNNAMED", "--add-exports=java.sql/java.sql=ALL-UNNAMED")
		return l.start(port, append(line, "-cp", filepath.Join(dir, "lib", "*"), "org.apache.cassandra.service.CassandraDaemon")...)
	}
	open, closed := run("open", "AllowAllAuthenticator"), run("closed", "PasswordAuthenticator")
	compare(t, open.look(t, Cassandra), told{Product: "Apache Cassandra", Access: Open})
	compare(t, closed.look(t, Cassandra), told{Product: "Apache Cassandra", Access: Password})
	for _, s := range []*server{open, closed} {
		log := s.log()
		if len(log) != 1 || !strings.HasPrefix(log[0], "\x03\x00\x00\x01\x05\x00\x00\x00\x00\x03\x00\x00\x01\x01\x00\x00\x00\x16\x00\x01\x00\x0bCQL_VERSION\x00\x05") || len(log[0]) != 9+9+22 {
			t.Errorf("sent %q", log)
		}
	}
}
