-- Which site a request is for, and what that site has chosen: a file for each host name, which is read when somebody asks for the name. No list of
-- names is kept, so none has to be loaded anew: a generation takes effect as a whole when its folder takes the place of the one before.
local ffi, ssl = require "ffi", require "ngx.ssl"
local C = ffi.C
ffi.cdef [[
  int fairhost_open(const char *path, int flags) __asm__("open");
  long fairhost_read(int file, void *data, size_t size) __asm__("read");
  int fairhost_close(int file) __asm__("close");
]]
local read_only, no_such_file = 0x80000, 2
local module, most = {}, 65536
local buffer = ffi.new("char[?]", most)

-- The text of a file; nil if there is none. What cannot be told is an error, never a site without what it has chosen.
local function read(path)
  local file = C.fairhost_open(path, read_only)
  if file < 0 then
    if ffi.errno() == no_such_file then return nil end
    error("cannot open " .. path .. ": error " .. ffi.errno())
  end
  local text, size = "", nil
  repeat
    size = tonumber(C.fairhost_read(file, buffer, most))
    if size > 0 then text = text .. ffi.string(buffer, size) end
  until size < most
  C.fairhost_close(file)
  return size >= 0 and text or error("cannot read " .. path)
end

-- What a client says is part of a path only if it can be a name: nothing else is looked for.
local function is_name(name) return #name <= 253 and name:find("^[a-z0-9:][a-z0-9.:-]*$") ~= nil end
local function file_of(folder, name)
  local text = is_name(name) and read(module.folder .. folder .. name)
  return text and "\n" .. text
end

-- The name that stands for this one and all others with the same end.
local function wildcard_of(name)
  local parent = is_name(name) and name:match("^[^.:]+(%..+)$")
  local text = parent and read(module.folder .. "names/*" .. parent)
  return text and "\n" .. text
end

-- The rest of the line that begins so, and where the next one begins.
local function line(text, key, from)
  local _, stop = text:find("\n" .. key .. " ", from, true)
  if not stop then return nil end
  local past = text:find("\n", stop, true)
  return text:sub(stop + 1, past - 1), past
end

-- The longest path wins. Case counts as little as it did in nginx's own maps.
local function by_path(text, uri)
  if not text:find("\n/[^ ]") then return nil end
  local first, second, third = uri:lower():match("^(/[^/?]+)(/?[^/?]*)(/?[^/?]*)")
  if not first then return nil end
  return #third > 1 and line(text, first .. second .. third) or #second > 1 and line(text, first .. second) or line(text, first)
end

-- In the first phase of a request that can have a site, and in the last one of a request that did not come so far.
function module.find()
  local var = ngx.var
  local name, uri = var.site_name, var.request_uri
  local own, site = file_of("names/", name)
  if uri and uri:sub(1, 9):lower() == "/.webdav/" then
    local users = file_of("webdav/", name)
    site = users and by_path(users, uri)
  end
  local from = own
  site = site or own and (by_path(own, uri or "") or line(own, "/"))
  local https = own and line(own, "https_only")
  if not (site and https) then
    local above = wildcard_of(name)
    if above then
      if not site then site, from = line(above, "/"), above end
      https = https or line(above, "https_only")
    end
  end
  if https and https ~= "-" then var.https_only = (https:gsub("^%*", "_")) end
  if not site then return "1" end
  var.site = site
  local server = from and (site:match("^%d+/(unix:/[^ ]+)") or site:match("^%d+/kept/(unix:/[^ ]+)"))
  local chosen, past
  if server then chosen, past = line(from, server) end
  while chosen do
    local variable, value = chosen:match("^([a-z_]+) (.*)$")
    var[variable] = value
    chosen, past = line(from, server, past)
  end
  return "1"
end

-- In the handshake: certificate and key are one file, which is read once.
function module.certificate()
  local name = (ssl.server_name() or ""):lower()
  local own = file_of("names/", name)
  local file = own and line(own, "certificate")
  if not file then
    local above = wildcard_of(name)
    file = above and line(above, "certificate")
  end
  -- The file of a wildcard is named otherwise: `_.example.org`.
  file = file and file:gsub("^%*", "_")
  local pem = file and read(module.certificates .. file .. ".pem") or read(module.certificates .. module.fallback .. ".pem")
  assert(ssl.set_cert(assert(ssl.parse_pem_cert(pem))))
  assert(ssl.set_priv_key(assert(ssl.parse_pem_priv_key(pem))))
end

function module.start(places)
  for name, value in pairs(places) do module[name] = value end
end

return module
