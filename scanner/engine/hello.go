package engine

import (
	"encoding/binary"
	"regexp"
)

// firstWord is what is sent to a port of a service that waits for its client to speak: one message that any client begins with, or
// that asks for nothing but a sign of life.
type firstWord struct {
	send  []byte
	signs []protocolSign // of answers to it
}

// mark is in the messages whose answers repeat it, so that they are known for answers.
const mark = "soto"

// firstWords by port, from the specification of each protocol.
var firstWords = map[int]*firstWord{
	6379: redisHello, 6380: redisHello, 6381: redisHello, 26379: redisHello,
	// doc/protocol.txt
	11211: {[]byte("version\r\n"), []protocolSign{{"Memcached", regexp.MustCompile(`^VERSION `)}}},
	27017: mongoHello, 27018: mongoHello, 27019: mongoHello,
	5432: postgresHello, 5433: postgresHello,
	// zookeeperAdmin.html, "the four letter words"
	2181: {[]byte("ruok"), []protocolSign{{"ZooKeeper", regexp.MustCompile(`^(?:imok$|ruok is not executed because)`)}}},
	// native_protocol_v4.spec: OPTIONS, answered by SUPPORTED or an error
	9042: {[]byte("\x04\x00\x00\x00\x05\x00\x00\x00\x00"), []protocolSign{{"Cassandra", regexp.MustCompile(`(?s)^[\x81-\x86].\x00\x00[\x00\x06]\x00`)}}},
	// ApiVersions, version 0
	9092: {[]byte("\x00\x00\x00\x0a\x00\x12\x00\x00" + mark + "\xff\xff"), []protocolSign{{"Kafka", regexp.MustCompile(`(?s)^\x00...` + mark)}}},
	// AMQP 0-9-1 section 4.2.2: the header, answered by Connection.Start, or by the header that the server wants
	5672: {[]byte("AMQP\x00\x00\x09\x01"), []protocolSign{{"AMQP", regexp.MustCompile(`(?s)^\x01\x00\x00....\x00\x0a\x00\x0a`)}}},
	// RFC 4511: a search of the root that asks for no attribute
	389: {[]byte("\x30\x2a\x02\x01\x01\x63\x25\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass\x30\x05\x04\x031.1"), nil},
	// MS-RDPBCGR 2.2.1.1: connection request
	3389: {[]byte("\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00"), nil},
	// MS-SMB2 2.2.3: negotiate
	445: {smbNegotiate(), []protocolSign{{"SMB", regexp.MustCompile(`(?s)^\x00...[\xfe\xff]SMB`)}}},
	// RFC 1002 section 4.3.2: a session with the name that all servers of files have, granted or refused
	139: {[]byte("\x81\x00\x00\x44 CKFDENECFDEFFCFGEFFCCACACACACACA\x00 FDEPFEEPENEJCACACACACACACACACACA\x00"), []protocolSign{{"SMB", regexp.MustCompile(`^(?:\x82\x00\x00\x00$|\x83\x00\x00\x01[\x80-\x83\x8f]$)`)}}},
	// MS-TDS 2.2.6.5: PRELOGIN
	1433: {[]byte("\x12\x01\x00\x2f\x00\x00\x01\x00\x00\x00\x1a\x00\x06\x01\x00\x20\x00\x01\x02\x00\x21\x00\x01\x03\x00\x22\x00\x04\x04\x00\x26\x00\x01\xff" +
		"\x11\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), []protocolSign{{"SQL Server", regexp.MustCompile(`(?s)^\x04\x01..\x00\x00.\x00`)}}},
	// X Window System Protocol section 8: connection setup without a cookie, answered by Success, Failed or Authenticate of version 11
	6000: x11Hello, 6001: x11Hello, 6002: x11Hello, 6003: x11Hello,
	111:  rpcHello("RPC portmapper", 100000, 2),
	2049: rpcHello("NFS", 100003, 3),
	// Java Object Serialization, "RMI wire protocol": JRMI, version 2, the stream protocol
	1099: {[]byte("JRMI\x00\x02K"), []protocolSign{{"Java RMI", regexp.MustCompile(`(?s)^N\x00.`)}}},
	// AJPv13: CPing
	8009: {[]byte("\x12\x34\x00\x01\x0a"), []protocolSign{{"AJP", regexp.MustCompile(`^AB\x00\x01\x09`)}}},
	// erl_dist_protocol: NAMES_REQ
	4369: {[]byte("\x00\x01\x6e"), []protocolSign{{"EPMD", regexp.MustCompile(`^\x00\x00\x11\x11`)}}},
	// C706 chapter 12 and MS-RPCE 2.2.1.1: a call to the endpoint mapper is prepared, which asks it nothing
	135: {rpcBind(), []protocolSign{{"Windows RPC", regexp.MustCompile(`(?s)^\x05\x00[\x0c\x0d\x03].\x10\x00\x00\x00..\x00\x00` + mark)}}},
	// Oracle Net: the listener is asked for its version, which it tells, or refuses to strangers
	1521: {tnsVersion(), []protocolSign{{"Oracle TNS", regexp.MustCompile(`(?s)^..\x00\x00(?:\x04\x00\x00\x00....\(DESCRIPTION=|\x02\x00\x00\x00\x01[\x2c-\x3f]|\x0b\x00\x00\x00$)`)}}},
	// Bolt: handshake, answered by the one of its versions that is chosen
	7687: {[]byte("\x60\x60\xb0\x17\x00\x00\x00\x05\x00\x00\x04\x04\x00\x00\x00\x04\x00\x00\x00\x03"), []protocolSign{{"Neo4j", regexp.MustCompile(`^\x00\x00(?:\x00[\x03-\x05]|\x04\x04)$`)}}},
}

var (
	redisHello = &firstWord{[]byte("PING\r\n"), []protocolSign{{"Redis", regexp.MustCompile(`^(?:\+PONG|-NOAUTH|-DENIED|-ERR|-NOPERM)`)}}}
	mongoHello = &firstWord{mongoMessage(), []protocolSign{{"MongoDB", regexp.MustCompile(`(?s)^.{8}` + mark + `\xdd\x07\x00\x00`)}}}
	x11Hello   = &firstWord{[]byte("l\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00"), []protocolSign{{"X11", regexp.MustCompile(`(?s)^[\x00-\x02].\x0b\x00`)}}}
	// protocol.html: SSLRequest, answered by one letter
	postgresHello = &firstWord{[]byte("\x00\x00\x00\x08\x04\xd2\x16\x2f"), []protocolSign{{"PostgreSQL", regexp.MustCompile(`^[SN]$`)}}}
)

// mongoMessage is OP_MSG with {hello: 1, $db: "admin"}, which is answered before any log-in.
func mongoMessage() []byte {
	document := "\x1f\x00\x00\x00\x10hello\x00\x01\x00\x00\x00\x02$db\x00\x06\x00\x00\x00admin\x00\x00"
	return []byte("\x34\x00\x00\x00" + mark + "\x00\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00" + document)
}

// rpcHello calls the procedure of a program that does nothing (RFC 5531 section 12.1).
func rpcHello(name string, program, version uint32) *firstWord {
	message := []byte("\x80\x00\x00\x28" + mark)
	for _, n := range []uint32{0, 2, program, version, 0, 0, 0, 0, 0} {
		message = binary.BigEndian.AppendUint32(message, n)
	}
	return &firstWord{message, []protocolSign{{name, regexp.MustCompile(`(?s)^\x80...` + mark + `\x00\x00\x00\x01`)}}}
}

// rpcBind is a request to use the endpoint mapper, in the usual way to write values.
func rpcBind() []byte {
	const (
		mapper = "\x08\x83\xaf\xe1\x1f\x5d\xc9\x11\x91\xa4\x08\x00\x2b\x14\xa0\xfa\x03\x00\x00\x00"
		values = "\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60\x02\x00\x00\x00"
	)
	return []byte("\x05\x00\x0b\x03\x10\x00\x00\x00\x48\x00\x00\x00" + mark + "\xb8\x10\xb8\x10\x00\x00\x00\x00" + "\x01\x00\x00\x00\x00\x00\x01\x00" + mapper + values)
}

// tnsVersion asks a listener of Oracle for its version, as its own tool lsnrctl does.
func tnsVersion() []byte {
	const ask = "(CONNECT_DATA=(COMMAND=version))"
	head := make([]byte, 58)
	copy(head[4:], "\x01")
	for at, n := range map[int]uint16{0: uint16(len(head) + len(ask)), 8: 0x136, 10: 0x12c, 14: 2048, 16: 0x7fff, 18: 0x7f08, 22: 1, 24: uint16(len(ask)), 26: uint16(len(head))} {
		binary.BigEndian.PutUint16(head[at:], n)
	}
	return append(head, ask...)
}

// smbNegotiate asks which dialect of SMB 2 the server speaks.
func smbNegotiate() []byte {
	header := make([]byte, 64)
	copy(header, "\xfeSMB\x40\x00")
	body := make([]byte, 36)
	copy(body, "\x24\x00\x03\x00\x01\x00") // size, three dialects, signing enabled
	dialects := "\x02\x02\x10\x02\x00\x03"
	length := len(header) + len(body) + len(dialects)
	message := append([]byte{0, 0, byte(length >> 8), byte(length)}, header...)
	return append(append(message, body...), dialects...)
}
