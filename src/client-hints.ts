import { isPlain } from './plain-label.ts'

/** User agent client hints, in the shape of the browsers' `NavigatorUAData.getHighEntropyValues()`. */
export interface ClientHints {
  brands?: { brand: string; version: string }[] | undefined
  fullVersionList?: { brand: string; version: string }[] | undefined
  /** `navigator.maxTouchPoints`, which no header sends: an iPad that says it is a Mac has 5, a Mac 0. */
  maxTouchPoints?: number | undefined
  mobile?: boolean | undefined
  model?: string | undefined
  platform?: string | undefined
  platformVersion?: string | undefined
}

/** Characters of one hint that are read, as many as a column has, and brands, of which browsers send up to four. */
const LONGEST_HINT = 64
const MOST_BRANDS = 16
/** What keeps servers from relying on the list, `Not/A)Brand` in ever new spellings. Source: UA-CH, GREASE. */
const GREASE = /not[\W_]*a(?:ny)?[\W_]*brand/i
/** What the others are built on, and Yandex' second entry. They count where nothing else is told. */
const COMMON: ReadonlySet<string> = new Set(['Chromium', 'Google Chrome', 'Yowser'])
/** Brands that are spelled otherwise elsewhere. */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['AvastSecureBrowser', 'Avast Secure Browser'],
  ['Google Chrome', 'Chrome'],
  ['HuaweiBrowser', 'Huawei Browser'],
  ['Miui Browser', 'Mi Browser'],
  ['OperaMobile', 'Opera'],
  ['YaBrowser', 'Yandex Browser'],
  ['Yandex', 'Yandex Browser'],
])

/** {@link ClientHints}, each there and within its bounds, with the one brand that names the browser. */
export type Hints = {
  [Name in Exclude<keyof ClientHints, 'brands' | 'fullVersionList'>]-?: NonNullable<ClientHints[Name]>
} & {
  brand: { name: string; version: string }
}
/** What is not told. */
export const NO_HINTS: Hints = {
  brand: { name: '', version: '' },
  maxTouchPoints: 0,
  mobile: false,
  model: '',
  platform: '',
  platformVersion: '',
}

/** The hints that have the right type, cut to their bounds; the rest is empty. */
export function readHints(value: unknown): Hints {
  try {
    const told: { [name in keyof ClientHints]?: unknown } = Object(value)
    const list = [told.fullVersionList, told.brands].find((brands) => Array.isArray(brands) && brands.length > 0)
    return {
      brand: readBrand(list as { brand?: unknown; version?: unknown }[] | undefined),
      maxTouchPoints: typeof told.maxTouchPoints === 'number' ? told.maxTouchPoints : 0,
      mobile: told.mobile === true,
      model: readHint(told.model),
      platform: readHint(told.platform).replace(/^Chromium OS$/, 'Chrome OS'),
      platformVersion: readHint(told.platformVersion),
    }
  } catch {
    // A getter or a proxy threw: what cannot be read was not told.
    return NO_HINTS
  }
}

function readHint(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, LONGEST_HINT) : ''
}

/** Of several brands the longest says most, in whatever order they come: `OperaMobile` with `Opera`. */
function readBrand(list: readonly { brand?: unknown; version?: unknown }[] = []): Hints['brand'] {
  const told = list.slice(0, MOST_BRANDS).map((entry) => ({
    name: readHint(entry?.brand),
    version: readHint(entry?.version),
  }))
  const plain = told.filter(({ name }) => isPlain(name) && !GREASE.test(name))
  const own = plain.filter(({ name }) => !COMMON.has(name))
  const [brand] = (own.length > 0 ? own : plain).toSorted((one, other) => other.name.length - one.name.length)
  return brand ? { ...brand, name: SPELLINGS.get(brand.name) ?? brand.name } : NO_HINTS.brand
}
