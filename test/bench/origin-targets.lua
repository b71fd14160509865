-- Another id in every request. Arguments: "counted", the first id and the distance to the next, or
-- "random", a seed and the greatest id; then what is before the id in the target, and after it.
local first, step, greatest, before, after

function init(args)
  local kind
  kind, before, after = args[1], args[4], args[5] or ""
  if kind == "counted" then
    first, step = tonumber(args[2]), tonumber(args[3])
  else
    math.randomseed(tonumber(args[2]))
    greatest = tonumber(args[3])
  end
end

function request()
  local id
  if greatest then
    id = math.random(greatest)
  else
    id = first
    first = first + step
  end
  return wrk.format(nil, string.format("%s%d%s", before, id, after))
end
