-- SPDX-License-Identifier: MIT
-- How much memory the process has, in bytes, when all garbage is collected.

return function()
	collectgarbage()
	collectgarbage()
	for line in io.lines "/proc/self/status" do
		local kibibytes = line:match "^VmRSS:%s*(%d+)"
		if kibibytes then return tonumber(kibibytes) * 1024 end
	end
	error "no VmRSS in /proc/self/status"
end
