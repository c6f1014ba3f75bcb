-- A body that comes too slowly is given up, whatever server it goes to: client_body_timeout bounds the time between two reads alone, so a visitor
-- who sends a byte now and then would hold a place, a worker or a connection of a server for ever.
local ffi, base = require "ffi", require "resty.core.base"
local seconds_between_looks = 5
local C = ffi.C
ffi.cdef [[
  int getpeername(int socket, void *address, unsigned *length);
  int getsockname(int socket, void *address, unsigned *length);
  int ioctl(int socket, unsigned long request, int *bytes);
  int shutdown(int socket, int how);
  const char *inet_ntop(int family, const void *address, char *text, unsigned length);
]]
local module = {}

-- Requests of this process that may have a body, by the number of their place in memory, which is theirs until the log phase.
local watched = {}

local function number_of(request) return tonumber(ffi.cast("uintptr_t", request)) end

-- A variable of another request than the one that runs, which ngx.var does not give: ngx.var itself asks this way (resty/core/var.lua).
local value, length, problem = ffi.new("char *[1]"), ffi.new("size_t[1]"), ffi.new("char *[1]")
local name = "request_length"
local lower, tells = ffi.new("char[?]", 64), ffi.new("unsigned char[256]")
local function length_of(request)
  local found = C.ngx_http_lua_ffi_var_get(request, name, #name, lower, 0, value, length, problem)
  return found == 0 and tonumber(ffi.string(value[0], length[0])) or 0
end
local function tell(request)
  length[0] = 256
  C.ngx_http_lua_ffi_var_set(request, "body_speed", 10, ffi.cast("unsigned char *", lower), "slow", 4, tells, length)
end

-- In the access phase. HTTP/2 may send a body of which no header speaks.
function module.watch()
  local given = ngx.var.http_content_length
  if given == "0" or not given and not ngx.var.http_transfer_encoding and ngx.req.http_version() < 2 then return end
  local request = base.get_request()
  local key = number_of(request)
  if watched[key] then return end
  local start = length_of(request)
  watched[key] = { request = request, begun = ngx.now(), start = start, whole = tonumber(given) or math.huge, seen = start, waited = 0, visitor = ngx.var.remote_addr .. " " .. ngx.var.remote_port, server = ngx.var.server_addr .. " " .. ngx.var.server_port }
end

-- In the log phase, which every request comes to before its memory is given back.
function module.leave() watched[number_of(base.get_request())] = nil end

local address, size, text, waiting = ffi.new("unsigned char[28]"), ffi.new("unsigned[1]"), ffi.new("char[46]"), ffi.new("int[1]")
local inet, inet6 = 2, 10
local function end_of(get, socket)
  size[0] = 28
  if get(socket, address, size) ~= 0 then return end
  local family = ffi.cast("unsigned short *", address)[0]
  if family ~= inet and family ~= inet6 then return end
  C.inet_ntop(family, address + (family == inet and 4 or 8), text, 46)
  return ffi.string(text) .. " " .. address[2] * 256 + address[3]
end

-- Takes the visitor's sending away from those connections on which nothing waits to be read: if something does, the server is the slow one.
local function give_up(slow, sockets)
  for socket = 3, sockets do
    local those = slow[end_of(C.getpeername, socket) or ""]
    if those and those[1].server == end_of(C.getsockname, socket) then
      C.ioctl(socket, 0x541B, waiting)
      for _, one in ipairs(those) do
        if waiting[0] == 0 then tell(one.request) else one.waited = 0 end
      end
      if waiting[0] == 0 then C.shutdown(socket, 0) end
    end
  end
end

local function look(since, limits)
  local slow = {}
  for key, one in pairs(watched) do
    local now = length_of(one.request)
    -- What does not grow is complete, or its server takes nothing, or it ends by client_body_timeout.
    if now - one.start >= one.whole then
      -- Its last part came since: the server has yet to take it.
      watched[key] = nil
    elseif now > one.seen then
      -- Of the time before the first look only what it has been there for: else it would be given up five seconds early.
      one.seen, one.waited = now, one.waited + math.min(since, ngx.now() - one.begun)
      if one.waited > limits.seconds + (now - one.start) / limits.rate then
        local those = slow[one.visitor] or {}
        slow[one.visitor] = those
        table.insert(those, one)
      end
    end
  end
  if next(slow) then give_up(slow, limits.sockets) end
end

-- Also in a process that ends after a reload, as long as there are bodies: there a timer would not come back.
function module.start(limits)
  assert(ngx.timer.at(0, function()
    local last = ngx.now()
    repeat
      ngx.sleep(seconds_between_looks)
      look(ngx.now() - last, limits)
      last = ngx.now()
    until ngx.worker.exiting() and not next(watched)
  end))
end

return module
