import { hash } from 'node:crypto'
import { type Parser, parse } from 'bowser'
import { appliance } from './appliance.ts'
import { browserName } from './browser-name.ts'
import { readHints, type Hints } from './client-hints.ts'
import { crawlerName } from './crawler-name.ts'
import { deviceModel } from './device-model.ts'
import { deviceType, type DeviceType } from './device-type.ts'
import { findSystem } from './find-system.ts'
import { plainLabel, versionedLabel } from './plain-label.ts'

/** What a session runs on, in words for its owner. Each is null when unknown. */
export interface Device {
  /** Browser, app or crawler with its major version: `Chrome 126`, `curl 8`. */
  browserInfo: string | null
  /** Model, system and version, as far as they are told: `Windows 10`, `iPhone iOS 17.5`, `Pixel 8 Android 14`. */
  deviceInfo: string | null
  /** The kind of device, where that is told. */
  deviceType: DeviceType | null
}

/** Characters of a user agent that are read: in-app browsers send some 400, and what parsing costs grows with them. */
const LONGEST_TEXT = 1024
/** Descriptions that are kept, 0.2 MB in all. At a time, hardly more versions of browsers are in use. */
const MOST_KNOWN = 500
/** Systems of televisions, which say more of a set than that it is one. */
const SET_SYSTEMS: ReadonlySet<string> = new Set(['Android', 'Tizen', 'WebOS'])

/**
 * Describes the device behind a user agent in words for its owner.
 *
 * Total: any two values give an answer, the same one each time, within 5 ms for a megabyte. A name starts with a letter
 * or digit and has at most 64 of `A-Z a-z 0-9 ._+()-` and space; what is not told, or not in such a name, is null.
 * Browsers freeze parts of their user agent: without hints, `Windows 10` may be 11, and a Mac tells no version.
 *
 * @param userAgent The `User-Agent` header. Anything but a string counts as none.
 * @param clientHints {@link ClientHints}, to refine the system that the user agent names, or to name it in its stead.
 * @example describeDevice('curl/8.5.0') // { browserInfo: 'curl 8', deviceInfo: null, deviceType: null }
 */
export function describeDevice(userAgent: unknown, clientHints?: unknown): Device {
  const text = typeof userAgent === 'string' ? userAgent.slice(0, LONGEST_TEXT) : ''
  const hints = readHints(clientHints)
  const key = hash('sha256', JSON.stringify([text, hints]))
  let device = known.get(key)
  if (device === undefined) {
    device = JSON.stringify(describe(text, hints))
    known.set(key, device)
    if (known.size > MOST_KNOWN) known.delete(known.keys().next().value!)
  }
  return JSON.parse(device)
}

// The hundred patterns that a text is tried with push so much else out of a processor's cache that a sign-in takes half as
// long again, and millions of people send the same one. Hashes and JSON hold on to no part of a request, however long.
const known = new Map<string, string>()

function describe(text: string, hints: Hints): Device {
  // bowser throws on an empty text; a dash says nothing to it.
  const parsed = parse(text || '-')

  // Crawlers imitate phones and desktops; they run on neither.
  const crawler = crawlerName(text) ?? crawlerName(hints.brand.name) ?? parsedCrawler(parsed)
  if (crawler !== null) return { browserInfo: crawler, deviceInfo: null, deviceType: 'bot' }

  const system = findSystem(text, parsed, hints)
  const browserInfo = browserName(text, parsed, system)
  const box = appliance(text)
  if (box) {
    const words = SET_SYSTEMS.has(system.base) ? [system.name, system.version] : []
    return { browserInfo, deviceInfo: plainLabel(box.name, ...words), deviceType: box.type }
  }
  const model = deviceModel(text, system)
  const deviceInfo = plainLabel(model, system.name, system.version)
  return { browserInfo, deviceInfo, deviceType: deviceType(text, system, model) }
}

/** To bowser whatever mentions Yahoo is a crawler, Yahoo's apps included. */
function parsedCrawler({ browser, platform }: Parser.ParsedResult): string | null {
  const isCrawler = platform.type === 'bot' && (platform.vendor !== 'Yahoo' || browser.name === 'YahooSlurp')
  return isCrawler ? versionedLabel(browser.name, browser.version) : null
}
