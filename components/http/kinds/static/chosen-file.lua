-- Which file answers for a path. /about is about.html, if nothing has the very name. Of a file that the account has compressed itself, the visitor gets
-- that form: x.css.br or x.css.gz beside x.css. It is left alone if it is older than the file: then the file was changed since.
local request = lighty.r
local path, accepted = request.req_attr["physical.path"], (request.req_header["Accept-Encoding"] or ""):lower()
local file = lighty.stat(path)
if path:sub(-1) == "/" then
  -- lighttpd looks for the page of a directory after this.
  for _, index in ipairs { "index.html", "index.htm" } do
    local page = lighty.stat(path .. index)
    if page and page.is_file then
      path, file = path .. index, page
      break
    end
  end
elseif not file then
  local page = lighty.stat(path .. ".html")
  if page and page.is_file then
    path, file = path .. ".html", page
    request.req_attr["physical.path"] = path
  end
end
if not (file and file.is_file) then return 0 end

-- `gzip`, or `gzip;q=0.5`, but not `gzip;q=0` (RFC 9110, section 12.5.3).
local takes = {}
for coding, weight in accepted:gmatch("([^%s,;]+)([^,]*)") do
  takes[coding] = not weight:find("^%s*;%s*q=0%.?0*%s*$")
end
-- mod_deflate does not look at weights.
if not takes.gzip then request.req_header["Accept-Encoding"] = nil end

local found
for _, form in ipairs { { "br", ".br" }, { "gzip", ".gz" } } do
  local coding, compressed = form[1], lighty.stat(path .. form[2])
  if compressed and compressed.is_file and compressed.st_mtime >= file.st_mtime then
    request.resp_header["Vary"] = "Accept-Encoding"
    if takes[coding] and not found then found = form end
  end
end
if found then
  request.resp_header["Content-Encoding"] = found[1]
  request.resp_header["Content-Type"] = file["content-type"]
  request.req_attr["physical.path"] = path .. found[2]
end
return 0
