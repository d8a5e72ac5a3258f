# SPDX-License-Identifier: MIT
# For tests that run on every interpreter, from the project's root: builds Lua 5.5 if it is not there, and puts it behind
# those of the system.

if sh tests/lua55/build.sh; then PATH=$PATH:$PWD/build/lua-5.5/bin; fi
export PATH
