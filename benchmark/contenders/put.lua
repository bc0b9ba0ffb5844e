wrk.method = 'PUT'
wrk.headers['Content-Type'] = 'application/x-www-form-urlencoded'
wrk.body = 'value=' .. string.rep('x', 100)
