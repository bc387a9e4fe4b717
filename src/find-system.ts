import { NO_HINTS, type Hints } from './client-hints.ts'

/** What a device runs on, each empty when unknown. */
export interface System {
  /** As its owner should read it. */
  readonly name: string
  readonly version: string
  /** What it is built on, in the spelling of hints. */
  readonly base: string
  /** The hints, as far as they tell of the same system. */
  readonly hints: Hints
}

/** What a parser of user agents found, for where nothing better is known. */
export interface Parsed {
  readonly browser: { readonly name?: string | undefined; readonly version?: string | undefined }
  readonly os: {
    readonly name?: string | undefined
    readonly version?: string | undefined
    readonly versionName?: string | undefined
  }
}

/** Systems as hints spell them. Source: User-Agent Client Hints, `Sec-CH-UA-Platform`. */
const PLATFORMS: ReadonlySet<string> = new Set(['Android', 'Chrome OS', 'Linux', 'macOS', 'Windows'])
/** An iPad that asks for desktop pages says it is a Mac. What runs on no Mac betrays it. */
const IPAD_PRODUCT = / Mobile\/|\b(?:CriOS|FxiOS|EdgiOS|OPiOS|GSA|DuckDuckGo)\//
/** So do phones and other tablets in the name of Linux. What runs on Android alone betrays them, or their hints. */
const ANDROID_PRODUCT = /\b(?:SamsungBrowser|Silk|MiuiBrowser|HuaweiBrowser|HeyTapBrowser|VivoBrowser|EdgA)\//
/** The first that matches counts: its name, or what it found; what it is built on, or itself; in `(…)` its version. */
const SYSTEMS: readonly (readonly [pattern: RegExp, name?: string | undefined, base?: string])[] = [
  // On a computer its browsers name Windows, too.
  [/\b(?:HarmonyOS|OpenHarmony)[ /]?([\d.]{0,20})/, 'HarmonyOS', 'Android'],
  // Its browsers say they are like an iPhone's.
  [/\bWindows Phone\b/],
  [/\bi(?:Phone|Pod)|(?<!\w)iOS\b/i, 'iOS'],
  [/\b(?:tvOS|visionOS)\b/],
  [/\bMac ?OS\b|\bMacintosh\b| Darwin\/[\d.]{1,20} \((?:x86_64|i386|Mac)/i, 'macOS'],
  [/\bKepler ([\d.]{0,20})/, 'Vega OS'],
  [/\bKAIOS\/?([\d.]{0,20})/, 'KaiOS'],
  [/\bSailfish ?([\d.]{0,20})/, 'Sailfish OS'],
  [/\b(?:Arch Linux|Debian|Fedora|Gentoo|Linux Mint|Manjaro|Raspbian|[KX]?[Uu]buntu)\b/, undefined, 'Linux'],
  [/\b(?:DragonFly|FreeBSD|Fuchsia|Haiku|MeeGo|NetBSD|OpenBSD|SunOS)\b/],
]
/** A system's version. A part of five digits counts builds and says nothing to a person. */
const VERSION = /^\d{1,4}(?!\d)(?:\.\d{1,4}(?!\d)){0,2}/
const APPLE_VERSION = /(?<![-A-Z])(?:i|iPad|mac|tv|vision)?OS(?: X)?(?:[ /]|;FBSV\/)(?:Version )?(\d[\d._]{0,20})/gi
/** What Safari and the browsers made of it say on every later iOS. Source: WebKit, Safari 26. */
const FROZEN_IOS = /^18\.(?:6|6\.2|7)$/
/** What browsers say on every later macOS, 10.15 by Firefox. Source: WebKit, Chromium, Mozilla. */
const FROZEN_MACOS = /^10\.15(?:\.7)?$/

/** Finds the system in a user agent and refines it by hints. Where the two contradict each other, the first counts. */
export function findSystem(text: string, { os }: Parsed, given: Hints): System {
  const [name, base, version] = systemIn(text, os.name ?? '', given)
  const hints = base !== '' && given.platform === base ? given : withoutSystem(given)
  if (base === 'Windows')
    return { name, base, hints, version: windowsVersion(text, hints.platformVersion, os.versionName) }
  const told = version ?? versionOf(text, base, hints.platformVersion, os.version)
  return { name, base, hints, version: VERSION.exec(told)?.[0] ?? '' }
}

function systemIn(
  text: string,
  parsed: string,
  hints: Hints,
): readonly [name: string, base: string, version?: string | undefined] {
  // A Mac has no screen to touch. An iPad's browsers send no other hint.
  const isTouched = hints.maxTouchPoints > 1 && hints.platform === ''
  if (text.includes('Macintosh') && (isTouched || IPAD_PRODUCT.test(text))) return ['iPadOS', 'iOS', '']
  const isAndroid = hints.platform === 'Android' || ANDROID_PRODUCT.test(text)
  if (text.includes('(X11; Linux ') && isAndroid) return ['Android', 'Android']
  if (/\biPad/.test(text)) return [ipadSystem(text), 'iOS']
  for (const [pattern, name, base] of SYSTEMS) {
    const [found, version] = pattern.exec(text) ?? []
    if (found !== undefined) return [name ?? found, base ?? name ?? found, version]
  }
  const name = parsed || (PLATFORMS.has(hints.platform) ? hints.platform : '')
  return [name === 'WebOS' ? 'webOS' : name, name]
}

/** Apple called it iOS up to version 12. */
function ipadSystem(text: string): string {
  const major = Number.parseInt(appleVersions(text)[0] ?? '', 10)
  return major >= 13 ? 'iPadOS' : major > 0 ? 'iOS' : ''
}

/** Hints of another system tell of another device; those of no known one may tell of this, but not of its system. */
function withoutSystem(hints: Hints): Hints {
  return PLATFORMS.has(hints.platform) ? NO_HINTS : { ...hints, model: '', platformVersion: '' }
}

function versionOf(text: string, base: string, hint: string, parsed = ''): string {
  // What these tell is the number of a kernel or of a build.
  if (base === 'Linux' || base === 'Chrome OS') return ''
  return VERSION.exec(hint.replace(/(?:\.0)+$/, ''))?.[0] ?? toldVersion(text, base, parsed)
}

function toldVersion(text: string, base: string, parsed: string): string {
  // Chrome says 10 on every Android, a constant like the model's `K`. Source: Chromium, User-Agent Reduction.
  if (base === 'Android') return /\bAndroid 10; K[;)]/.test(text) ? '' : (/\bAndroid (\d[\d.]*)/.exec(text)?.[1] ?? '')
  if (!/^(?:i|mac|tv|vision)OS$/.test(base)) return parsed
  const versions = appleVersions(text)
  // An app says it once more behind what its browser says, and says the true one.
  const told = versions.at(-1) ?? ''
  if (base === 'macOS') return FROZEN_MACOS.test(told) ? '' : told
  // Google's browsers tell the true one. Safari's own version is that of the system.
  const isFrozen =
    versions.length === 1 &&
    FROZEN_IOS.test(told) &&
    /^Mozilla\/.* like Mac/s.test(text) &&
    !/ (?:CriOS|GSA)\//.test(text)
  return isFrozen ? (/ Version\/([\d.]{1,20})/.exec(text)?.[1] ?? '') : told
}

function appleVersions(text: string): string[] {
  return [...text.matchAll(APPLE_VERSION)].map(([, version = '']) => version.replaceAll('_', '.'))
}

function windowsVersion(text: string, hint: string, parsed = ''): string {
  // 13 and above is Windows 11, 1 to 10 is Windows 10. Source: Microsoft, Sec-CH-UA-Platform-Version in Edge.
  const major = Number.parseInt(hint, 10)
  if (major >= 13) return '11'
  if (major >= 1 && major <= 10) return '10'
  // Of Windows 11, 22000 was the first build. Source: Microsoft, Windows 11 release information.
  const build = Number(/\bMicrosoft Windows 10\.0\.(\d{5})\b/.exec(text)?.[1])
  if (build >= 22_000) return '11'
  return /\bWindows NT 10\./i.test(text) ? '10' : (/\bWindows (7|8\.1|8|10|11|XP|Vista)\b/.exec(text)?.[1] ?? parsed)
}
