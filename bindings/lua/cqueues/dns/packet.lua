-- SPDX-License-Identifier: MIT
-- cqueues.dns.packet: DNS messages. Everything is in C.

return require "_cqueues.dns.packet"
