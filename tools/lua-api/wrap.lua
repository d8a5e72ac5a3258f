-- SPDX-License-Identifier: MIT
--
-- Breaks a paragraph into lines of at most so many characters, each with a text in front. What stands between back quotes is
-- not broken.

return function(text, width, front, front_of_rest)
	local lines, line = {}, nil
	text = text:gsub("`[^`]*`", function(code) return (code:gsub(" ", "\1")) end)
	for word in text:gmatch "%S+" do
		if line and #line + #word + 1 <= width then
			line = line .. " " .. word
		else
			lines[#lines + 1] = line
			line = (line and (front_of_rest or front) or front) .. word
		end
	end
	lines[#lines + 1] = line
	return (table.concat(lines, "\n"):gsub("\1", " "))
end
