/** What came back. */
export interface Answer {
  readonly status: number
  readonly isOk: boolean
  readonly headers: Headers
  readonly cookies: readonly Cookie[]
  /** As JSON where it is JSON, else as text. `undefined` when it is empty. */
  readonly body: any // oxlint-disable-line typescript/no-explicit-any
}

/** A cookie that came with an answer. */
interface Cookie {
  readonly name: string
  readonly value: string
  /** By their names in lowercase, as are their values. */
  readonly attributes: Readonly<Record<string, string>>
  /** Whether the browser is to forget it. */
  readonly isOver: boolean
}

/** Two devices that nobody takes for each other. */
export const userAgents = {
  desktop:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  phone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
}

export type Device = ReturnType<typeof newDevice>

/**
 * A browser: a cookie jar of its own, the `Origin` that browsers send with what is no GET, no redirect followed. Takes
 * `Secure` cookies from loopback, as Chrome and Firefox do, and refuses a `__Host-` cookie that is not one.
 *
 * @param headers - sent with every request; may be changed as a page's own code would, to present a token
 * @param jar - the cookies that it begins with
 */
export function newDevice(
  origin: string,
  userAgent: string,
  headers: Record<string, string> = {},
  jar = new Map<string, string>(),
) {
  async function send(method: string, path: string, content?: object): Promise<Answer> {
    const sent = new Headers({ ...headers, 'user-agent': userAgent })
    if (method !== 'GET') sent.set('origin', origin)
    if (jar.size > 0) sent.set('cookie', Array.from(jar, ([name, value]) => `${name}=${value}`).join('; '))
    const isForm = content instanceof URLSearchParams
    if (content && !isForm) sent.set('content-type', 'application/json')
    const text = isForm ? content : ((content && JSON.stringify(content)) ?? null)
    const request = { method, headers: sent, body: text, redirect: 'manual' } as const
    const response = await fetch(new URL(path, origin), request)
    const cookies = response.headers.getSetCookie().map(readCookie)
    for (const { name, value, isOver } of cookies) {
      if (isOver) jar.delete(name)
      else jar.set(name, value)
    }
    const body = parse(await response.text())
    return { status: response.status, isOk: response.ok, headers: response.headers, cookies, body }
  }

  return {
    headers,
    jar,
    get: (path: string) => send('GET', path),
    /** @param body - sent as JSON, or as a form when it is `URLSearchParams` */
    post: (path: string, body?: object) => send('POST', path, body),
    delete: (path: string) => send('DELETE', path),
    /** Whoever has stolen what this one presents now. */
    copy: () => newDevice(origin, userAgent, { ...headers }, new Map(jar)),
  }
}

/** Source: RFC 6265, section 5.3, and for the prefix RFC 6265bis, section 4.1.3.2. */
function readCookie(line: string): Cookie {
  const [pair = '', ...rest] = line.split(/; */)
  const [name, value] = split(pair)
  const attributes = Object.fromEntries(rest.map((attribute) => split(attribute.toLowerCase())))
  const { 'max-age': maxAge, expires = '' } = attributes
  const isHostOnly = 'secure' in attributes && attributes.path === '/' && !('domain' in attributes)
  if (name.startsWith('__Host-') && !isHostOnly)
    throw new Error(`A browser refuses the cookie ${name}: ${rest.join('; ')}`)
  const isOver = maxAge === undefined ? Date.parse(expires) <= Date.now() : Number(maxAge) <= 0
  return { name, value, attributes, isOver }
}

function split(pair: string): [name: string, value: string] {
  const [name = '', ...value] = pair.split('=')
  return [name, value.join('=')]
}

function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
