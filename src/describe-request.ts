import { readClientHintHeaders } from './client-hint-headers.ts'
import type { ClientHints } from './client-hints.ts'
import { addressHeaders, findClientAddress, type AddressHeader } from './find-client-address.ts'
import type { LocationHeaders } from './find-location.ts'
import { normalizeIpAddress } from './ip-address.ts'
import { readLocationHeaders } from './location-headers.ts'
import { field, fields, optionalField, parseInput } from './parse-input.ts'
import { isProxyList, trustProxies } from './trust-proxies.ts'

/** A request of `node:http` or `node:http2`, which Express, Fastify (its `request.raw`) and NestJS hand on. */
export interface NodeRequest {
  /** By their lowercase names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket?: { readonly remoteAddress?: string | undefined } | null | undefined
}

/** A `Request` of the Fetch standard, or anything else with its `headers`. It does not know its peer. */
export interface FetchRequest {
  readonly headers: { readonly get: (name: string) => string | null }
}

/** Whom a request's headers are believed from. */
export interface DescribeRequestOptions {
  /**
   * Proxies that say the truth of whom they ask for: addresses, ranges in CIDR notation, or `loopback`, `linklocal`,
   * `uniquelocal`. `[]` when there is none. Not all addresses: a client could choose its own then.
   */
  readonly trustedProxies: readonly string[]
  /** The one header in which they say it, each of them. Default: `x-forwarded-for`. No other is read. */
  readonly addressHeader?: AddressHeader | undefined
  /** The peer's address where the request does not know it. It takes the place of the socket's. */
  readonly peerAddress?: string | null | undefined
}

/** What a request tells of its client, as `trackSession` takes it. */
export interface RequestDescription {
  /** The client's address in canonical form; `null` when it is unknown. */
  readonly ipAddress: string | null
  /** The request's `User-Agent`, as it came. */
  readonly userAgent: string | null
  /** The user agent client hints; `null` when there are none. */
  readonly clientHints: ClientHints | null
  /** What a trusted peer's platform says of the client's place. Empty when the peer is not trusted. */
  readonly locationHeaders: LocationHeaders
}

const action = 'describe request'
const requestSchema = field<NodeRequest | FetchRequest>(hasHeaders, 'an object with headers')
const optionsSchema = fields({
  trustedProxies: field<readonly string[]>(
    isProxyList,
    'an array of IP addresses, of ranges in CIDR notation, or of loopback, linklocal, uniquelocal',
  ),
  addressHeader: optionalField<AddressHeader>(isAddressHeader, `one of ${addressHeaders.join(', ')}`),
  peerAddress: optionalField<string | null>((value) => value === null || typeof value === 'string', 'a string or null'),
})

/**
 * Describes who sent a request: from where, with what browser, on what device. Spread it into a sign-in.
 *
 * The address is the socket's own, unless that is a trusted proxy's: then the one that the proxy names, and so on, up to
 * the first that is not trusted. A client can write any header, but not what trusted proxies append or overwrite. This is
 * worth as much as it is certain that nobody else reaches the server from a trusted address.
 *
 * What the client sent never throws and takes at most 5 ms, also a megabyte of it. Pass the same list of proxies each time:
 * it is read once.
 *
 * @param request - {@link NodeRequest} or {@link FetchRequest}
 * @param options - `{ trustedProxies, addressHeader?, peerAddress? }`
 * @returns what the request tells, a {@link RequestDescription}. The address is `null` when the peer has none, as on a Unix
 * socket, or a trusted proxy names none
 * @throws InvalidInputError when an option is wrong or the request has no headers
 *
 * @example
 * // Express, NestJS
 * const client = describeRequest(req, { trustedProxies: ['loopback'] })
 * await trackSession(prisma, { userId, sessionKey, ...client })
 *
 * @example
 * // Fastify
 * const client = describeRequest(request.raw, { trustedProxies: ['loopback'] })
 *
 * @example
 * // Hono on Node.js
 * const peerAddress = getConnInfo(c).remote.address
 * const client = describeRequest(c.req.raw, { trustedProxies: ['loopback'], peerAddress })
 *
 * @example
 * // Next.js, behind a proxy on the same machine
 * const request = { headers: await headers() }
 * const client = describeRequest(request, { trustedProxies: ['loopback'], peerAddress: '127.0.0.1' })
 */
export function describeRequest(
  request: NodeRequest | FetchRequest,
  options: DescribeRequestOptions,
): RequestDescription {
  const asked = parseInput(action, requestSchema, request, 'request')
  const parsed = parseInput(action, optionsSchema, options, 'options')
  const { trustedProxies, addressHeader = 'x-forwarded-for', peerAddress } = parsed
  const peer = normalizeIpAddress(peerAddress ?? socketAddressOf(asked))
  const isTrusted = trustProxies(trustedProxies)
  const header = (name: string): string | undefined => readHeader(asked.headers, name)
  return {
    ipAddress: findClientAddress(peer, isTrusted, addressHeader, header(addressHeader)),
    userAgent: header('user-agent') ?? null,
    clientHints: readClientHintHeaders(header),
    locationHeaders: peer !== null && isTrusted(peer) ? readLocationHeaders(header) : {},
  }
}

/** Headers that were not waited for have no header, nor has a list of them. */
function hasHeaders(value: unknown): boolean {
  const { headers }: { headers?: unknown } = Object(value)
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return false
  // A client may send a header that is called `then`: that is a text.
  return !('then' in headers && typeof headers.then === 'function')
}

function isAddressHeader(value: unknown): boolean {
  return addressHeaders.some((name) => name === value)
}

function readHeader(headers: (NodeRequest | FetchRequest)['headers'], name: string): string | undefined {
  const value: unknown = isFetchHeaders(headers) ? headers.get(name) : headers[name]
  const lines: unknown[] = Array.isArray(value) ? value : [value]
  const texts = lines.filter((line) => typeof line === 'string')
  return texts.length === 0 ? undefined : texts.join(', ')
}

/** A client may send a header that is called `get`: that is a text. */
function isFetchHeaders(headers: (NodeRequest | FetchRequest)['headers']): headers is FetchRequest['headers'] {
  return typeof headers.get === 'function'
}

function socketAddressOf(request: NodeRequest | FetchRequest): unknown {
  try {
    return 'socket' in request ? request.socket?.remoteAddress : undefined
  } catch {
    // A request of node:http2 whose client is gone.
    return undefined
  }
}
