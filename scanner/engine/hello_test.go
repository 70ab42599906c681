package engine

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// What each first word is answered by the service that it is for, as the services' own sources write it.
func TestFirstWords(t *testing.T) {
	answers := map[int]string{
		11211: "VERSION 1.6.18\r\n", 2181: "imok", 389: "0\x0c\x02\x01\x01e\x07\x0a\x01\x00\x04\x00\x04\x00",
		27017: "\x2e\x00\x00\x00\x01\x00\x00\x00soto\xdd\x07\x00\x00\x00\x00\x00\x00\x00", 9042: "\x84\x00\x00\x00\x06\x00\x00\x00\x02\x00\x00",
		9092: "\x00\x00\x00\x0asoto\x00\x00\x00\x00\x00\x00", 5672: "\x01\x00\x00\x00\x00\x01\xfb\x00\x0a\x00\x0a\x00\x09",
		3389: "\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x0f\x08\x00\x02\x00\x00\x00", 445: "\x00\x00\x00\xe0\xfeSMB@\x00", 139: "\x82\x00\x00\x00",
		1433: "\x04\x01\x00\x2b\x00\x00\x01\x00\x00\x00", 111: "\x80\x00\x00\x18soto\x00\x00\x00\x01\x00\x00\x00\x00",
		2049: "\x80\x00\x00\x18soto\x00\x00\x00\x01\x00\x00\x00\x00", 8009: "AB\x00\x01\x09", 4369: "\x00\x00\x11\x11name rabbit at port 25672\n",
		7687: "\x00\x00\x04\x04", 135: "\x05\x00\x0c\x03\x10\x00\x00\x00<\x00\x00\x00soto\xb8\x10\xb8\x10", 1521: "\x00A\x00\x00\x04\x00\x00\x00\"\x00\x005(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=1189)", 1099: "N\x00\x09127.0.0.1\x00\x00\xd4\x31", 6000: "\x00@\x0b\x00\x00\x00\x10\x00Authorization required", 5432: "S", 6379: "-DENIED Redis is running in protected mode",
	}
	want := map[int]string{
		11211: "Memcached", 2181: "ZooKeeper", 389: "LDAP", 27017: "MongoDB", 9042: "Cassandra", 9092: "Kafka", 5672: "AMQP", 3389: "RDP", 445: "SMB", 139: "SMB",
		1433: "SQL Server", 111: "RPC portmapper", 2049: "NFS", 8009: "AJP", 4369: "EPMD", 7687: "Neo4j", 135: "Windows RPC", 1521: "Oracle TNS", 1099: "Java RMI", 6000: "X11", 5432: "PostgreSQL", 6379: "Redis",
	}
	ofRPC := map[string]bool{"RPC portmapper": true, "NFS": true} // that a call was taken is all that either says
	for port, w := range firstWords {
		name, known := want[port]
		if !known { // a further port of a service above
			continue
		}
		if got := protocolOf([]byte(answers[port]), w.signs); got != name {
			t.Errorf("port %d: the answer is taken for %q, want %q", port, got, name)
		}
		for other, answer := range answers {
			if got := protocolOf([]byte(answer), w.signs); got == name && want[other] != name && (!ofRPC[name] || !ofRPC[want[other]]) {
				t.Errorf("port %d: the answer of %s is taken for %s", port, want[other], name)
			}
		}
		noise := make([]byte, 64)
		random := rand.New(rand.NewPCG(1, uint64(port))) //nolint:gosec // the same noise each time
		for range 300 {
			for i := range noise {
				noise[i] = byte(random.UintN(256))
			}
			if got := protocolOf(noise, w.signs); got == name {
				t.Errorf("port %d: noise is taken for %s: %q", port, name, noise[:16])
			}
		}
		if len(w.send) == 0 || bytes.HasPrefix([]byte(answers[port]), w.send) {
			t.Errorf("port %d: the answer repeats what is sent", port)
		}
	}
	for name, length := range map[string]int{string(mongoMessage()): int(mongoMessage()[0]), string(smbNegotiate()[4:]): int(smbNegotiate()[3]), string(rpcBind()): int(rpcBind()[8]), string(tnsVersion()): int(tnsVersion()[1])} {
		if len(name) != length {
			t.Errorf("%q says that it has %d bytes, and has %d", name, length, len(name))
		}
	}
}
