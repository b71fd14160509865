-- Requests of the case post-16k: what wrk's own options cannot say.
wrk.method = 'POST'
wrk.headers['Content-Type'] = 'application/octet-stream'
wrk.body = string.rep('x', 16384)
