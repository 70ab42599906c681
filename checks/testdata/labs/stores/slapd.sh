#!/bin/sh
# usage: slapd.sh NAME PORT: a directory with two entries.
set -eu
mkdir -p {{dir}}/ldap-$1
slapadd -f {{dir}}/slapd-$1.conf <<LDIF
dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
dc: example
o: example

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people
LDIF
exec slapd -f {{dir}}/slapd-$1.conf -h ldap://127.0.0.1:$2 -d 0
