import { type BrowserDetails, type OSDetails, type PlatformDetails, parse } from 'bowser'
import { NO_HINTS, readHints } from './client-hints.ts'

/** What kind of device a session came from. */
export type DeviceType = 'desktop' | 'mobile' | 'tablet' | 'tv' | 'bot'

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
/**
 * What may be stored: words that mean nothing to a page, a terminal, a spreadsheet or a log. Of the 64 characters of a
 * column, 40 are for the longest word, a model, and 24 for its system and version.
 */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9 ._+()-]{0,39}$/
/** Stands in a model's place without being one: Chrome's constant `K`, form factors, locales, web view marks. */
const NOT_A_MODEL = /^(?:|K|U|wv|Mobile|Tablet|HarmonyOS|rv:.*|[a-z]{2}(?:[-_][a-z]{2})?)$/i
/** `AFT…` is Amazon's Fire TV. */
const TELEVISION = /\bTV\b|\bBRAVIA\b|\bChromecast\b|^AFT[A-Z]/
/** Boxes beside a television. bowser knows the PlayStation 4 and takes an Xbox for a desktop. */
const BOX = /\b(?:PlayStation \d|Xbox|Apple TV)\b/
/** A system's version. A part of five digits counts builds and says nothing to a person, as on Chrome OS. */
const VERSION = /^\d{1,4}(?!\d)(?:\.\d{1,4}(?!\d)){0,2}/
/** `product/version` at the very beginning, as HTTP clients and apps write it. Source: RFC 9110, section 10.1.5. */
const PRODUCT = /^(?!(?:Mozilla|undefined|null)\/)([A-Za-z0-9][\w.+-]{0,39})\/v?(\d{1,10})(?![\w+-])/
/** A crawler that says so: `AhrefsBot/7.0`, `Bytespider;`, `TelegramBot (`. */
const CRAWLER = /(?<![\w/.-])([A-Z][\w.-]{0,31}(?:bot|crawler|spider))(?:\/(\d{1,10})|[;)]| \()/i
/** Systems that bowser has no name for, or does not recognise in the user agent of an app. */
const OTHER_SYSTEM = /\b(?:FreeBSD|NetBSD|OpenBSD|KAIOS|Nintendo Switch|iOS(?= \d))/
/** Systems as the hint spells them. Source: User-Agent Client Hints, `Sec-CH-UA-Platform`. */
const PLATFORMS: ReadonlySet<string> = new Set(['Android', 'Chrome OS', 'Linux', 'macOS', 'Windows'])
const DEVICE_TYPES: readonly DeviceType[] = ['desktop', 'mobile', 'tablet', 'tv', 'bot']

/**
 * Describes the device behind a user agent in words for its owner.
 *
 * Total: any two values give an answer, the same one each time, within 5 ms for a megabyte. A name starts with a letter
 * or digit and has at most 64 of `A-Z a-z 0-9 ._+()-` and space; what is not told, or not in such a name, is null.
 * Browsers freeze parts of their user agent: without hints, `Windows 10` may be 11 and `macOS 10.15.7` a later one.
 *
 * @param userAgent The `User-Agent` header. Anything but a string counts as none.
 * @param clientHints {@link ClientHints}, to refine the system that the user agent names, or to name it in its stead.
 * @example describeDevice('curl/8.5.0') // { browserInfo: 'curl 8', deviceInfo: null, deviceType: null }
 */
export function describeDevice(userAgent: unknown, clientHints?: unknown): Device {
  const text = typeof userAgent === 'string' ? userAgent.slice(0, LONGEST_TEXT) : ''
  const hints = readHints(clientHints)
  // bowser throws on an empty text; a dash says nothing to it. Its brands never match a GREASE entry: it asks by name.
  const { browser, os, platform } = parse(text || '-', hints)

  const crawler = CRAWLER.exec(text)
  const browserInfo = crawler ? label(crawler[1], crawler[2]) : nameBrowser(text, browser, os)
  // To bowser whatever mentions Yahoo is a crawler, Yahoo's apps included.
  const type = platform.vendor === 'Yahoo' && browser.name !== 'YahooSlurp' ? undefined : platform.type
  // Crawlers imitate phones and desktops; they run on neither.
  if (crawler || type === 'bot') return { browserInfo, deviceInfo: null, deviceType: 'bot' }
  const box = BOX.exec(text)
  if (box) return { browserInfo, deviceInfo: box[0], deviceType: 'tv' }

  const system = os.name ?? OTHER_SYSTEM.exec(text)?.[0] ?? (PLATFORMS.has(hints.platform) ? hints.platform : '')
  const hinted = system !== '' && system === hints.platform ? hints : NO_HINTS
  const version = versionOf(text, system, os, hinted.platformVersion)
  const model = modelOf(text, system, platform, hinted.model)
  const deviceType = typeOf(text, system, model, type) ?? (hinted.mobile ? 'mobile' : null)
  return { browserInfo, deviceInfo: label(model, system, version), deviceType }
}

function nameBrowser(text: string, { name = '', version = '' }: BrowserDetails, os: OSDetails): string | null {
  const [, product, productMajor] = PRODUCT.exec(text) ?? []
  // bowser's last resort is the beginning of the text, up to some slash.
  const isLastResort = text.startsWith(name) && name !== product
  // Or it saw a system only, or an engine: these two, without a version, are built into some app.
  const isNoBrowser = name === os.name || (version === '' && (name === 'Safari' || name === 'Android Browser'))
  return isLastResort || isNoBrowser ? label(product, productMajor) : label(name, /^\d{1,10}/.exec(version)?.[0])
}

/** For Android the hint, or what follows the version in `(Linux; Android 14; Pixel 8 Build/UQ1A; wv)`. */
function modelOf(text: string, system: string, { vendor, model, type }: PlatformDetails, hint: string): string {
  if (vendor === 'Apple') return model ?? ''
  if (system !== 'Android') return type === 'tv' && system !== 'Roku' ? 'Smart TV' : ''
  const [, rest = ''] = /\bAndroid \d[\d.]*;((?:[^()]|\([^()]*\))*)/.exec(text) ?? []
  const parts = rest.split(';').map((part) => part.replace(/\bBuild\/.*/s, '').trim())
  return [hint, ...parts].find((part) => !NOT_A_MODEL.test(part)) ?? ''
}

function typeOf(text: string, system: string, model: string, type: string | undefined): DeviceType | null {
  if (system === 'Android' && (TELEVISION.test(model) || text.includes(' CrKey/'))) return 'tv'
  // bowser takes what has no `Mobile` for a tablet or a desktop. Only browsers leave it out for that reason.
  if ((system === 'Android' || system === 'Linux') && !/^(?:Mozilla|Opera)\//.test(text)) return null
  return DEVICE_TYPES.find((known) => known === type) ?? (text.includes('(X11;') ? 'desktop' : null)
}

function versionOf(text: string, system: string, os: OSDetails, hint: string): string | undefined {
  // 13 and above is Windows 11, 1 to 10 is Windows 10. Source: Microsoft, Sec-CH-UA-Platform-Version in Edge.
  const major = Number.parseInt(hint, 10)
  if (system === 'Windows') return major >= 13 ? '11' : major >= 1 && major <= 10 ? '10' : os.versionName
  // Chrome says 10 on every Android, a constant like the model's `K`. Source: Chromium, User-Agent Reduction.
  const told = /\bAndroid 10; K[;)]/.test(text) ? '' : os.version || /\biOS (\d[\d.]*)/.exec(text)?.[1]
  return (VERSION.exec(hint.replace(/(?:\.0)+$/, '')) ?? VERSION.exec(told ?? ''))?.[0]
}

function label(...words: (string | undefined)[]): string | null {
  return words.filter((word) => word !== undefined && PLAIN.test(word)).join(' ') || null
}
