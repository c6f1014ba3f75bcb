-- Which requests a server with a number of workers gets now, and which wait here: one visitor has a share of them at most.
local ffi, places, processes = require "ffi", ngx.shared.places, ngx.shared.processes
local seconds_between_looks = 10
ffi.cdef "int kill(int pid, int signal);"
local module = {}

-- Each count stands there twice: of all processes of the front end, old ones after a reload too, and of each one, so that a process that
-- crashes takes its part with it. A count that had to make room for others is forgotten: what it counted is let through, and what it no longer
-- counts must take nothing away from those who come later. So none stays below one: two processes at once may forget one request thereby.
local function add(key, change)
  local function to(counter)
    local count = places:incr(counter, change, change > 0 and 0 or nil)
    if count and count <= 0 then places:delete(counter) end
    return count or 0
  end
  to(ngx.worker.pid() .. "/" .. key)
  return to(key)
end

-- Gives back what a process counted that ended without doing so.
local function forget(pid)
  for _, key in ipairs(places:get_keys(0)) do
    local of, counted = key:match("^(%d+)/(.*)$")
    if tonumber(of) == pid then
      local rest = places:incr(counted, -(places:get(key) or 0))
      if rest and rest <= 0 then places:delete(counted) end
      places:delete(key)
    end
  end
  processes:delete(pid)
end

-- Processes look at the same time: one of them forgets.
local function look()
  for _, pid in ipairs(processes:get_keys(0)) do
    pid = tonumber(pid)
    if ffi.C.kill(pid, 0) ~= 0 and processes:incr(pid, 1) == 2 then forget(pid) end
  end
end

-- Also while none starts: an old process that ends after a reload has no successor.
function module.start()
  local own = ngx.worker.pid()
  -- One before had the same number.
  if processes:get(own) then forget(own) end
  processes:set(own, 1)
  look()
  assert(ngx.timer.every(seconds_between_looks, look))
end

local function take(key, most)
  if add(key, 1) <= most then return true end
  add(key, -1)
end

local function keys()
  local server = ngx.var.backend
  local visitor = server .. " " .. ngx.var.visitor
  return "server " .. server, "visitor " .. visitor, "works " .. visitor, "waiting " .. visitor
end

-- $place tells the account's log.
local function refuse(status)
  ngx.var.place = "refused"
  ngx.exit(status)
end

-- Lets the request through, now or when there is a place, or ends it. A small body is read before: it takes no place while it arrives.
function module.enter(limits)
  local share, all = ngx.var.places:match("^(%d+) (%d+)$")
  local length = tonumber(ngx.var.http_content_length)
  if length and length > 0 and length <= limits.small then ngx.req.read_body() end
  share, all = tonumber(share), tonumber(all)
  local server, visitor, works, waiting = keys()
  local refusal
  local function taken()
    refusal = limits.visitor
    if not take(works, share) then return false end
    if take(visitor, all / 2) then
      if take(server, all) then
        ngx.var.place = "taken"
        return true
      end
      refusal = limits.server
      add(visitor, -1)
    end
    add(works, -1)
  end
  -- Whoever comes does not overtake those who wait.
  if (places:get(waiting) or 0) <= 0 and taken() then return end
  if not take(waiting, limits.waiting) then return refuse(limits.visitor) end
  ngx.var.place = "waits"
  local ends, pause = ngx.now() + limits.seconds, 0.005
  repeat
    ngx.sleep(pause)
    pause = math.min(2 * pause, 0.1)
    if taken() then
      add(waiting, -1)
      return
    end
  until ngx.now() >= ends
  add(waiting, -1)
  refuse(refusal)
end

-- The server, or a cache in its place, answers without a worker.
function module.served()
  local without = ngx.header["X-Fairhost-Workers"] == "none" or ngx.var.cache_seen == "hit"
  if without and ngx.var.place == "taken" then
    local _, _, works = keys()
    add(works, -1)
    ngx.var.place = "served"
  end
  ngx.header["X-Fairhost-Workers"] = nil
end

function module.leave()
  local place = ngx.var.place
  if place ~= "waits" and place ~= "taken" and place ~= "served" then return end
  local server, visitor, works, waiting = keys()
  if place == "waits" then return add(waiting, -1) end
  if place == "taken" then add(works, -1) end
  add(visitor, -1)
  add(server, -1)
end

return module
