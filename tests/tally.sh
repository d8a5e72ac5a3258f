# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For suites, at the top of the clone: what was passed, failed and skipped.

passed=0 failed=0 skipped=0

# verdict ok|FAILED|skip TITLE
verdict() {
	case $1 in
	ok) passed=$((passed + 1)) ;;
	FAILED) failed=$((failed + 1)) ;;
	skip) skipped=$((skipped + 1)) ;;
	esac
	printf '%-6s %s\n' "$1" "$2"
}

# check TITLE COMMAND...: a verdict about a command, and what it said if it failed. Its words go to the file $log.
check() {
	title=$1
	shift
	if "$@" >"$log" 2>&1; then
		verdict ok "$title"
	else
		verdict FAILED "$title"
		tail -n 20 "$log" | sed 's/^/       /'
		return 1
	fi
}

finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}

# count LOG: "passed failed skipped" of a suite, or nothing. A suite closes with "N passed, N failed, N
# skipped" alone on a line, or behind its name; cargo prints a line for each program.
count() {
	awk '
		/^([a-z]+: )?[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
			sub(/^[a-z]+: /, "")
			plain = $1 " " $3 " " $5
		}
		/^test result: / {
			cargo = 1; gsub(/;/, "")
			for (i = 2; i <= NF; i++) {
				if ($i == "passed") passed += $(i - 1)
				if ($i == "failed") failed += $(i - 1)
				if ($i == "ignored") skipped += $(i - 1)
			}
		}
		END {
			if (plain != "") print plain
			else if (cargo) print passed + 0, failed + 0, skipped + 0
		}' "$1"
}

# tally LOG: adds what it counts; one failure if it counts nothing.
tally() {
	counts=$(count "$1")
	# shellcheck disable=SC2086
	set -- ${counts:-0 1 0}
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}
