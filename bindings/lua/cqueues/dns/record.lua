-- SPDX-License-Identifier: MIT
-- cqueues.dns.record: records that were found in packets. Everything is in C.

return require "_cqueues.dns.record"
