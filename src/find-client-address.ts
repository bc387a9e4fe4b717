import { forwardedNodes } from './forwarded-nodes.ts'
import { normalizeIpAddress } from './ip-address.ts'

/** Request headers in which proxies and platforms say for whom they ask. */
export type AddressHeader =
  | 'x-forwarded-for'
  | 'forwarded'
  | 'cf-connecting-ip'
  | 'fly-client-ip'
  | 'x-vercel-forwarded-for'
  | 'cloudfront-viewer-address'

/** Characters of a list that are read, from its end. A proxy's element of `Forwarded` with a long host name has some 400. */
const LONGEST_LIST = 4096
/** More than a request passes. Each is looked up among the trusted ones. */
const MOST_PROXIES = 32
/** Stands for what was not read: no address, and no element of `Forwarded`. */
const UNREAD = '?'

/** What each header says, from the right; {@link normalizeIpAddress} finds the address. */
const READERS: Record<AddressHeader, (text: string) => Iterable<string | null>> = {
  'x-forwarded-for': (text) =>
    piecesOf(text)
      .map((piece) => piece.trim())
      .filter((piece) => piece !== '')
      .toReversed(),
  forwarded: (text) => forwardedNodes(piecesOf(text)),
  'cf-connecting-ip': (text) => [text],
  'fly-client-ip': (text) => [text],
  'x-vercel-forwarded-for': (text) => [text],
  // With a port in any case. Source: Amazon CloudFront Developer Guide, "Add CloudFront request headers".
  // IPv6 comes without brackets, where the port looks like a part of the address.
  'cloudfront-viewer-address': (text) => [/^(.{1,64}):\d{1,5}$/.exec(text)?.[1] ?? null],
}

/** The names of {@link AddressHeader}. */
export const addressHeaders: readonly AddressHeader[] = Object.keys(READERS) as AddressHeader[]

/**
 * Finds a request's client by walking from the server towards it: over each trusted proxy to the one whom that names, up
 * to the first who is not trusted. That one is the client; whatever it says itself counts for nothing.
 *
 * Total: takes any text, within 5 ms for a megabyte.
 *
 * @param peer - the normalised address at the other end of the connection, or `null`
 * @param isTrusted - whether a normalised address is a trusted proxy's
 * @param header - what the request says in the one header that these proxies write; `undefined` when it is not there
 * @returns a normalised address: the peer's own when it is not trusted or names nobody, the last who was named when all are
 * trusted. `null` when a trusted proxy names somebody who is no address, or one after more proxies than are walked
 */
export function findClientAddress(
  peer: string | null,
  isTrusted: (ipAddress: string) => boolean,
  addressHeader: AddressHeader,
  header: string | undefined,
): string | null {
  if (peer === null || !isTrusted(peer) || header === undefined) return peer
  let proxy = peer
  let walked = 0
  for (const named of READERS[addressHeader](header)) {
    walked += 1
    const address = walked > MOST_PROXIES ? null : normalizeIpAddress(named)
    if (address === null || !isTrusted(address)) return address
    proxy = address
  }
  return proxy
}

/** A list, split at its commas. Of one that is too long the beginning is missing, and its first piece, which may be cut. */
function piecesOf(text: string): string[] {
  const pieces = text.slice(-LONGEST_LIST).split(',')
  return text.length <= LONGEST_LIST ? pieces : [UNREAD, ...pieces.slice(1)]
}
