-- SPDX-License-Identifier: MIT
-- cqueues.dns.hints: whom to ask first. Everything is in C.

return require "_cqueues.dns.hints"
