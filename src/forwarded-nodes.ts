import { parse } from 'forwarded-parse'

/** An address, IPv6 in brackets, perhaps with a port, which may be a made-up name. Source: RFC 7239, section 6. */
const NODE = /^([\d.]+|\[[\da-f:.]+\])(?::(?:\d{1,5}|_[\w.-]+))?$/i

/**
 * By whom each proxy says in a `Forwarded` header that it was asked, the last proxy first. Source: RFC 7239.
 *
 * Reads from the right, each element up to the first comma behind which all quotation marks are paired. What a proxy appends
 * is read as it was written, whatever a client has sent before it or made it quote: a comma within its quotes leaves an odd
 * mark behind, since it escapes those that it quotes.
 *
 * @param pieces - the header's value, split at each comma, including those in quotes
 * @returns addresses, IPv6 in brackets; `null` for a node of another kind, and for what is no element. What is left of that
 * may be cut at the wrong commas
 */
export function* forwardedNodes(pieces: readonly string[]): Generator<string | null> {
  let element = ''
  let isQuoted = false
  for (const piece of pieces.toReversed()) {
    element = element === '' ? piece.trim() : `${piece},${element}`
    isQuoted = isQuoted !== hasOddMark(piece)
    // An empty element is none. Source: RFC 9110, section 5.6.1.
    if (isQuoted || element === '') continue
    yield NODE.exec(parseElement(element)['for'] ?? '')?.[1] ?? null
    element = ''
  }
  if (isQuoted) yield null
}

function hasOddMark(text: string): boolean {
  const marks = text.replaceAll(/\\./gs, '').match(/"/g) ?? []
  return marks.length % 2 === 1
}

function parseElement(element: string): Record<string, string> {
  try {
    // It takes no space at the ends.
    return parse(element.trim())[0]!
  } catch {
    return {}
  }
}
