#!/bin/sh
# SPDX-License-Identifier: MIT
# certificates.sh DIRECTORY: makes the certificates of the TLS tests there, anew, with the openssl
# program. NAME.pem is a certificate, NAME.key its key. None is of any worth outside of tests.

set -e
directory=${1:?where to}
rm -rf "$directory"
mkdir -p "$directory"
cd "$directory"

# What `openssl ca` cannot do without.
cat >config <<'EOF'
[ca]
default_ca = authority
[authority]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = anything
unique_subject = no
copy_extensions = none
[anything]
commonName = supplied
[req]
distinguished_name = name
[name]
EOF
: >index

key() {
	if [ "$1" = rsa ]; then
		openssl genrsa -out "$1.key" 2048
		return
	fi
	openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
}

# self_signed NAME SUBJECT EXTENSIONS
self_signed() {
	key "$1"
	printf '[ext]\n%s\n' "$3" >extensions
	cat config extensions >request
	openssl req -new -x509 -config request -extensions ext -key "$1.key" -days 30 -subj "/CN=$2" -out "$1.pem"
}

# signed NAME AUTHORITY SUBJECT EXTENSIONS [FROM TO]: the dates are YYYYMMDDHHMMSSZ
signed() {
	key "$1"
	openssl req -new -config config -key "$1.key" -subj "/CN=$3" -out "$1.csr"
	printf '[ext]\n%s\n' "$4" >extensions
	set -- "$1" "$2" "${5-}" "${6-}"
	if [ -n "$3" ]; then
		dates="-startdate $3 -enddate $4"
	else
		dates='-days 30'
	fi
	# shellcheck disable=SC2086
	openssl ca -batch -notext -config config -cert "$2.pem" -keyfile "$2.key" -in "$1.csr" -extfile extensions \
		-extensions ext $dates -out "$1.pem"
}

# revoke NAME AUTHORITY
revoke() {
	openssl ca -config config -cert "$2.pem" -keyfile "$2.key" -revoke "$1.pem"
}

# revocation_list NAME AUTHORITY
revocation_list() {
	openssl ca -config config -cert "$2.pem" -keyfile "$2.key" -gencrl -crldays 30 -out "$1.pem"
}

# answer NAME AUTHORITY [FILE SIGNER]: FILE.der (NAME.der) is what the authority, or who signs for it, says about a
# certificate (OCSP), for 30 days.
answer() {
	set -- "$1" "$2" "${3-$1}" "${4-$2}"
	openssl ocsp -index index -CA "$2.pem" -rsigner "$4.pem" -rkey "$4.key" -issuer "$2.pem" -cert "$1.pem" \
		-ndays 30 -noverify -respout "$3.der"
}

make_all() {
	authority='basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash'
	here='subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1'

	self_signed ca 'Test authority' "$authority"
	self_signed stranger 'Another authority' "$authority"
	signed middle ca 'Intermediate authority' "$authority"

	signed server ca localhost "$here"
	signed below middle localhost "$here" # below the intermediate authority
	cat below.pem middle.pem >chain.pem
	cp below.key chain.key
	signed untrusted stranger localhost "$here"
	signed expired ca localhost "$here" 20200101000000Z 20200201000000Z
	signed future ca localhost "$here" 20900101000000Z 20910101000000Z
	signed other ca other.test 'subjectAltName = DNS:other.test, IP:127.0.0.2'
	signed wild ca wild.test 'subjectAltName = DNS:*.wild.test, DNS:part*.test'
	signed subject ca localhost 'subjectAltName = DNS:other.test'
	# The name "localhost", NUL, ".evil.test": whoever reads it as a C string is deceived.
	signed nul ca other.test \
		'subjectAltName = DER:30:16:82:14:6c:6f:63:61:6c:68:6f:73:74:00:2e:65:76:69:6c:2e:74:65:73:74'
	self_signed alone localhost "$here"
	signed leaf server localhost "$here" # by what is no authority
	cat leaf.pem server.pem >false.pem
	cp leaf.key false.key

	purpose='extendedKeyUsage = clientAuth'
	signed client ca client "$purpose"
	signed client-untrusted stranger client "$purpose"
	signed client-expired ca client "$purpose" 20200101000000Z 20200201000000Z
	signed purpose ca localhost "$purpose
$here" # a client's, shown by a server

	# A common name alone is no name of a host.
	signed common ca localhost 'keyUsage = digitalSignature'
	signed rsa ca localhost "$here"
	signed must ca localhost "tlsfeature = status_request
$here" # its server always staples
	signed revoked ca localhost "$here"
	openssl pkcs8 -topk8 -in server.key -passout pass:secret -out locked.key

	revoke revoked ca
	revocation_list crl ca
	revocation_list middle-crl middle
	cat crl.pem middle-crl.pem >both-crl.pem
	answer server ca
	answer must ca
	answer revoked ca
	answer other ca
	signed signer ca signer 'extendedKeyUsage = OCSPSigning'
	answer server ca delegated signer
	answer server ca undelegated other
	answer untrusted stranger

	mkdir hashed
	cp ca.pem hashed/ca.pem
	openssl rehash hashed
	echo 'no certificate' >garbage.pem
	rm -f ./[0-9A-F]*.pem ./*.csr index* extensions request
}

if ! make_all >log 2>&1; then
	cat log >&2
	exit 1
fi
