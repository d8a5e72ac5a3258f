-- SPDX-License-Identifier: MIT
-- cqueues.errno: error names and numbers both ways, and their texts.
return require "_cqueues.errno"
