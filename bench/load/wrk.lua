-- What wrk is told after `--`, and what it says at its end: one line of JSON.
function init(args)
  local kind = args[1]
  if kind == 'upload' then
    wrk.method = 'POST'
    wrk.body = string.rep('x', tonumber(args[2]))
  elseif kind == 'hosts' then
    local requests = {}
    for i = 2, #args do
      requests[i - 1] = wrk.format('GET', wrk.path, { ['Host'] = args[i] })
    end
    local turn = 0
    request = function()
      turn = turn % #requests + 1
      return requests[turn]
    end
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\n{"requests":%d,"errors":%d,"seconds":%f,"latency":{"p50":%f,"p99":%f,"p999":%f}}\n',
    summary.requests, e.connect + e.read + e.write + e.status + e.timeout, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
