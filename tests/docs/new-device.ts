/**
 * A browser with a cookie jar of its own, somewhere behind a proxy on this machine. Takes cookies that are `Secure` from
 * loopback, as Chrome and Firefox do.
 */
export function newDevice(origin: string, userAgent: string, ipAddress: string) {
  const jar = new Map<string, string>()

  async function send(method: string, path: string, body?: object) {
    const headers = {
      'user-agent': userAgent,
      'x-forwarded-for': ipAddress,
      ...(body && { 'content-type': 'application/json' }),
      ...(jar.size > 0 && { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') }),
    }
    const response = await fetch(origin + path, { method, headers, body: body ? JSON.stringify(body) : null })
    const cookies = response.headers.getSetCookie().map(readCookie)
    for (const { name, value, isOver } of cookies) {
      if (isOver) jar.delete(name)
      else jar.set(name, value)
    }
    const text = await response.text()
    return { status: response.status, isOk: response.ok, body: text === '' ? undefined : JSON.parse(text), cookies }
  }

  return {
    jar,
    get: (path: string) => send('GET', path),
    post: (path: string, body?: object) => send('POST', path, body),
    delete: (path: string) => send('DELETE', path),
  }
}

function readCookie(line: string) {
  const [pair = '', ...rest] = line.split('; ')
  const [name = '', value = ''] = pair.split('=')
  const attributes = Object.fromEntries(rest.map((attribute) => attribute.toLowerCase().split('=')))
  const { 'max-age': maxAge, expires } = attributes
  // Source: RFC 6265, section 5.3: Max-Age goes before Expires.
  const isOver = maxAge === undefined ? Date.parse(expires ?? '') < Date.now() : Number(maxAge) <= 0
  return { name, value, attributes, isOver }
}
