-- SPDX-License-Identifier: MIT
-- DNS modules: loaded in any order, and again.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local equal = t.equal

local names = { "cqueues.dns", "cqueues.dns.record", "cqueues.dns.packet", "cqueues.dns.config", "cqueues.dns.hosts",
	"cqueues.dns.hints", "cqueues.dns.resolver", "cqueues.dns.resolvers" }

local function forget()
	for name in pairs(package.loaded) do
		if name:match "cqueues" then
			package.loaded[name] = nil
		end
	end
end

t.plain("each_module_loads_by_itself", function()
	for _, name in ipairs(names) do
		forget()
		equal(type(require(name)), "table", name)
	end
	for _, name in ipairs { "_cqueues.dns", "_cqueues.dns.record", "_cqueues.dns.resolver" } do
		forget()
		equal(type(require(name)), "table", name)
	end
end)

t.plain("a_resolver_needs_no_other_module_to_be_loaded", function()
	local text = ("package.path=%q package.cpath=%q "):format(package.path, package.cpath) .. [[
		local r = require "cqueues.dns.resolver".new { lookup = {}, nameserver = {} }
		local p = r:query "a.test"
		for record in p:grep() do print(p:flags().rcode, record:name(), tostring(p):match "SERVFAIL") end]]
	equal(t.child("true", text), "2\ta.test.\tSERVFAIL\n")
end)

t.plain("objects_of_one_loading_go_into_those_of_another", function()
	forget()
	local hosts, config = require "cqueues.dns.hosts", require "cqueues.dns.config"
	local h, c = hosts.new(), config.new { lookup = { "file" } }
	h:insert("10.0.0.1", "a.test")
	forget()
	local p = require "cqueues.dns.resolver".new(c, h):query "a.test"
	forget()
	equal(require "cqueues.dns.packet".type(p), "dns packet")
	equal(require "cqueues.dns.record".type(p:grep()()), "dns record")
end)

t.plain("a_method_that_was_interposed_stays_when_the_module_is_loaded_again", function()
	for _, name in ipairs { "packet", "config", "hosts", "hints", "resolver" } do
		local module = require("cqueues.dns." .. name)
		local object = module.new()
		equal(module.interpose("spec_method", function() return 7 end), nil)
		forget()
		equal(object:spec_method(), 7)
		equal(require("cqueues.dns." .. name).new():spec_method(), 7)
		equal(type(require("cqueues.dns." .. name).interpose("spec_method", nil)), "function")
		equal(object.spec_method, nil)
	end
end)

t.plain("loaders_give_the_module", function()
	for _, name in ipairs { "cqueues.dns", "cqueues.dns.config", "cqueues.dns.resolver", "cqueues.dns.resolvers" } do
		equal(type(require(name).loader()), "table", name)
	end
end)

t.finish()
