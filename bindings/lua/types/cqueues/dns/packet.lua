---@meta cqueues.dns.packet
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---Which records `grep` looks for.
---@class cqueues.dns.Filter
---@field section? integer|string|(integer|string)[] Sections: bits, a name, a text of several, or a list.
---@field type? cqueues.dns.Type The type.
---@field class? cqueues.dns.Class The class.
---@field name? string The owner.

---The flags of a message.
---@class cqueues.dns.Flags
---@field qr? boolean Whether it is a response.
---@field opcode? integer The kind of query.
---@field aa? boolean Whether the answer is authoritative.
---@field tc? boolean Whether it was cut.
---@field rd? boolean Whether recursion is wanted.
---@field ra? boolean Whether recursion is offered.
---@field z? integer Reserved bits.
---@field rcode? integer The response code.

---A message. `tostring` writes it much as dig(1) does.
---@class cqueues.dns.Packet
local Packet = {}

---Appends a record. The data is bytes in wire form, or a record whose data it shall be.
---- `CQ_EILLEGAL`: the name or the data makes no sense.
---- `CQ_ENOBUFS`: there is no room.
---- `CQ_EORDER`: a later section has records.
---@param section integer|string
---@param name string
---@param type? cqueues.dns.Type
---@param class? cqueues.dns.Class
---@param ttl? integer Takes also any value in the section QUESTION, where it counts for nothing.
---@param rdata? string|cqueues.dns.Record Takes also any value in the section QUESTION.
---@return cqueues.dns.Packet? self
---@return integer? code
function Packet:push(section, name, type, class, ttl, rdata) end

---Returns an iterator over records, which throws at one whose data is not that of its type.
---@param filter? cqueues.dns.Filter Takes also any value: what is no table is no filter.
---@return fun(): cqueues.dns.Record?
function Packet:grep(filter) end

---Counts the records of some sections, of all without an argument.
---@param sections? integer|string
---@return integer
function Packet:count(sections) end

---Tells the flags.
---@return cqueues.dns.Flags
function Packet:flags() end

---Sets the flags in a table, or all of them from a number of 16 bits.
---@param flags cqueues.dns.Flags|integer
---@return cqueues.dns.Packet self
function Packet:setflags(flags) end

---Tells the number that an answer repeats.
---@return integer
function Packet:qid() end

---Sets that number.
---@param number integer
---@return cqueues.dns.Packet self
function Packet:setqid(number) end

---Tells the response code with the bits that an OPT record adds.
---
---Since 1.0.0.
---@return integer
function Packet:rcode() end

---Returns the bytes.
---@return string
function Packet:dump() end

---Replaces the content.
---- `CQ_EILLEGAL`: the bytes are no message.
---@param data string
---@return cqueues.dns.Packet? self
---@return integer? code
function Packet:load(data) end

---Messages of the DNS.
---@class cqueues.dns.packet.module
---@field QBUFSIZ integer The room of a message for one question.
---@field section table<string|integer, integer|string> Sections by name and names by number: bits QUESTION 1, ANSWER 2, AUTHORITY 4, ADDITIONAL 8; also QD, AN, NS, AR.
---@field opcode table<string|integer, integer|string> Opcodes by name and names by number.
---@field rcode table<string|integer, integer|string> Response codes by name and names by number.
local packet_module = {}

---Makes an empty message with room for so many bytes, QBUFSIZ without a number.
---- `CQ_EILLEGAL`: the bytes are no message.
---- Throws: the size is negative or too large.
---@param size? integer|string
---@param room? integer Takes also any value behind a size, where it counts for nothing.
---@return cqueues.dns.Packet? packet
---@return integer? code
---@overload fun(data: string, room?: integer): cqueues.dns.Packet?, integer?
function packet_module.new(size, room) end

---Tells whether a value is a message.
---@param value? any
---@return "dns packet"|nil
function packet_module.type(value) end

---Sets a method of all messages. Returns the one before.
---@param name string Takes also any value but nil and NaN, as a key of a table.
---@param method? function Takes also any value, as a member of a table.
---@return function? before
function packet_module.interpose(name, method) end

return packet_module
