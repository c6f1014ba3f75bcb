-- Which requests a server with a number of workers gets now, and which wait here: one visitor has a share of them at most.
local ffi, places = require "ffi", ngx.shared.places
ffi.cdef "int kill(int pid, int signal);"
local module = {}

-- Each count stands there twice: of all processes of the front end, old ones after a reload too, and of each one, so that a process that
-- crashes takes its part with it. A count that had to make room for others is forgotten: what it counted is let through.
local function add(key, change)
  local own = ngx.worker.pid() .. "/" .. key
  if places:incr(own, change, 0) == 0 then places:delete(own) end
  if change < 0 then return places:incr(key, change) end
  return places:incr(key, change, 0) or 0
end

function module.start()
  for _, key in ipairs(places:get_keys(0)) do
    local pid, counted = key:match("^(%d+)/(.*)$")
    -- Processes that start at once look at the same time: one of them takes it away.
    if pid and ffi.C.kill(tonumber(pid), 0) ~= 0 and places:add("gone/" .. key, true, 60) then
      places:incr(counted, -(places:get(key) or 0))
      places:delete(key)
    end
  end
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

-- The server answers without a worker.
function module.served()
  if ngx.header["X-Fairhost-Workers"] == "none" and ngx.var.place == "taken" then
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
