-- SPDX-License-Identifier: MIT
-- cqueues.errno: error names and numbers both ways, and their texts.

local errno = require "_cqueues.errno"

function errno.loader()
	return errno
end

return errno
