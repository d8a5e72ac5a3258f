-- SPDX-License-Identifier: MIT
--
-- What the scripts on TLS begin with, after the prelude: a certificate made on the spot, contexts,
-- connected pairs. Needs luaossl; without it the script ends here.

local loaded
loaded, context = pcall(require, "openssl.ssl.context")
if not loaded then
	say("skip", "no luaossl")
	os.exit(0)
end
ssl = require "openssl.ssl"
local pkey, x509 = require "openssl.pkey", require "openssl.x509"
local names, altname = require "openssl.x509.name", require "openssl.x509.altname"

local key = pkey.new { type = "EC", curve = "prime256v1" }
local certificate = x509.new()
certificate:setVersion(3)
certificate:setSerial(42)
local subject = names.new()
subject:add("CN", "localhost")
certificate:setSubject(subject)
certificate:setIssuer(subject)
local alternative = altname.new()
alternative:add("DNS", "localhost")
certificate:setSubjectAlt(alternative)
certificate:setLifetime(os.time() - 3600, os.time() + 86400)
certificate:setBasicConstraints { CA = true }
certificate:setPublicKey(key)
certificate:sign(key, "sha256")

function server_context(protocol)
	local c = context.new(protocol or "TLS", true)
	c:setCertificate(certificate)
	c:setPrivateKey(key)
	return c
end

function client_context(trusting, verify, protocol)
	local c = context.new(protocol or "TLS", false)
	if trusting then
		local store = require("openssl.x509.store").new()
		store:add(certificate)
		c:setStore(store)
	end
	c:setVerify(verify and context.VERIFY_PEER or context.VERIFY_NONE)
	return c
end

-- What the error handlers of the present connection were called with.
calls = {}

function prepare(s, who)
	s:setmode("bn", "bn")
	s:settimeout(5)
	s:onerror(function(_, method, code)
		calls[#calls + 1] = ("%s %s %s"):format(who, method, tostring(error_name(code)))
		return code
	end)
	return s
end

-- A connection over TCP: client, server.
function make(options)
	calls = {}
	local l = socket.listen("127.0.0.1", 0)
	l:listen(5)
	options = options or {}
	options.host, options.port = options.host or "127.0.0.1", select(3, l:localname())
	local c = socket.connect(options)
	c:connect(5)
	local s = l:accept(5)
	l:close()
	return prepare(c, "client"), prepare(s, "server")
end

-- Both handshakes at once; shows nothing, returns what each side returned.
function handshake(c, s, client, server)
	local results = {}
	run(function()
		results.client = pack(protect(c.starttls, c, client))
	end, function()
		results.server = pack(protect(s.starttls, s, server or server_context()))
	end)
	return results
end

function result(label, results, self)
	local words = {}
	for i = 1, results.n do
		local value = results[i]
		words[i] = value == self and "itself" or value
	end
	show(label, named(unpack(words, 1, results.n)))
end

-- As handshake, but both sides must succeed; the client then has read all that came with it.
function secure(options, client, server)
	local c, s = make(options)
	local results = handshake(c, s, client, server)
	if not (results.client[2] == c and results.server[2] == s) then
		error("no handshake", 0)
	end
	s:write "ready\n"
	c:read "*l"
	return c, s
end

function checked(s)
	return select("#", s:checktls()), type((s:checktls()))
end
