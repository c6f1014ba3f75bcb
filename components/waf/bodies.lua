-- Who may have a body held. One memory holds those of all accounts of a host, and no account may fill it.
local ffi, held = require "ffi", ngx.shared.held
ffi.cdef [[
  int statvfs(const char *path, unsigned long *found);
  int kill(int pid, int signal);
]]
local bodies = {}

-- A worker that crashed releases nothing itself: keys begin with the worker's process, and go with it.
function bodies.start()
  for _, key in ipairs(held:get_keys(0)) do
    if ffi.C.kill(tonumber(key:match("^%d+")), 0) ~= 0 then held:delete(key) end
  end
end

-- Bytes that all accounts may hold together: files take whole pages, so they are a little larger than bodies.
local function room(spool)
  local found = ffi.new("unsigned long[64]")
  if ffi.C.statvfs(spool, found) ~= 0 then return 0 end
  return 0.98 * tonumber(found[1] * found[2])
end

-- Adds to what is held. What its owner holds is returned, and all.
local function add(account, bytes)
  local key, own, all = ngx.worker.pid() .. "/" .. account, 0, 0
  if held:incr(key, bytes, 0) == 0 then held:delete(key) end
  for _, each in ipairs(held:get_keys(0)) do
    local here = held:get(each) or 0
    all = all + here
    if each:match("/(.*)$") == account then own = own + here end
  end
  return own, all
end

-- Whether there is room for one more body: an account has as much as one of the largest takes. What is more is a part of what stays free, so that
-- whoever comes next finds room too.
local function take(account, bytes, limits)
  local own, all = add(account, bytes)
  local left = room(limits.spool) - all
  if left >= 0 and (own <= limits.largest or own * limits.part <= left) then
    ngx.var.held = bytes
    return true
  end
  add(account, -bytes)
end

function bodies.release()
  local bytes = tonumber(ngx.var.held)
  if bytes then add(ngx.var.large, -bytes) end
end

-- Reads the body of a request, if there is room for it, and ends one that drips: nginx's own limit is from one piece to the next.
function bodies.read(limits)
  local length = tonumber(ngx.var.http_content_length)
  if not length and not ngx.var.http_transfer_encoding then return end
  local account = ngx.var.large
  if account ~= "" and not take(account, length or limits.largest, limits) then return ngx.exit(limits.full) end
  local began = ngx.now()
  local watch = ngx.thread.spawn(function()
    ngx.sleep(limits.seconds)
    while tonumber(ngx.var.request_length) >= (ngx.now() - began) * limits.bytes_per_second do ngx.sleep(5) end
    ngx.exit(limits.slow)
  end)
  ngx.req.read_body()
  ngx.thread.kill(watch)
end

return bodies
