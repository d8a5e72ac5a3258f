#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- Five jobs, two workers: who is free takes the next job. No more than three jobs wait at a time.

local cqueues = require "cqueues"
local queue = require "cqueues.queue"

local jobs = queue.new(3)
local cq = cqueues.new()

for worker = 1, 2 do
	cq:wrap(function()
		local job = jobs:get()
		while job do
			cqueues.sleep(job / 100) -- the work
			print(("worker %d has done job %d"):format(worker, job))
			job = jobs:get()
		end
	end)
end

cq:wrap(function()
	for job = 1, 5 do
		jobs:put(job) -- waits while three jobs wait
	end
	jobs:close() -- the workers end when all is done
end)

assert(cq:loop())
