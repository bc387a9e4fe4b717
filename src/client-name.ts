import { versionedLabel } from './plain-label.ts'

/** `product/version` at the very beginning, as HTTP clients and apps write it. Source: RFC 9110, section 10.1.5. */
const PRODUCT =
  /^(?!(?:Mozilla|undefined|null)\/)([A-Z0-9][\w.+-]{0,38}|[A-Z0-9][\w.+ -]{0,32}client)(?:\/v?| v)(\d{1,10})(?![\w+-])/i
/** Apple's apps have spaces in their names: `My%20App/1 CFNetwork/1496`, `Quora 8.4.30 rv:3230 (iPad11,3; …)`. */
const APPLE = / Darwin\/|\b(?:iPhone|iPad|iPod|iOS|Mac)/
const APPLE_PRODUCT =
  /^(?!(?:Mozilla|undefined|null)\/)([A-Z0-9][\w.+%() -]{0,99}?)(?:\/v?(\d{1,10})(?![\w+-])| (\d{1,10})[\d.]{0,20} rv:)/i
/** A program that says where it comes from instead: `got (https://…)`. */
const LINKED = /^([A-Z][\w .-]{0,38}?) (?:\(|- )https?:/i
/** What programs send of themselves without a version. */
const BARE_NAMES: ReadonlyMap<string, string> = new Map([
  ['curl', 'curl'],
  ['ktor-client', 'ktor-client'],
  ['node', 'Node.js'],
  ['Ruby', 'Ruby'],
  ['Symfony HttpClient (Curl)', 'Symfony HttpClient'],
  ['Symfony HttpClient/Curl', 'Symfony HttpClient'],
  ['undici', 'undici'],
])
/** Behind the products that every browser names stands that of an app, or of what was made of Firefox. */
const LAST_PRODUCT =
  /\b(?:Safari|Mobile|Firefox|Gecko)\/[\w.+]{1,39} (?!(?:ArkWeb|CrKey|KAIOS|Mobile|Safari|Version)\b)([A-Z][\w-]{0,38})\/v?(\d{1,10})[\w.+-]{0,40}(?: \1\/\S{0,40})?$/i

/** Names the program behind a user agent that is no browser's, `curl 8`. `null` when none is told. */
export function clientName(text: string): string | null {
  const [, product, major, majorOfApp] = (APPLE.test(text) && APPLE_PRODUCT.exec(text)) || PRODUCT.exec(text) || []
  const name = product?.replaceAll('%20', ' ').trim() ?? BARE_NAMES.get(text) ?? LINKED.exec(text)?.[1]
  return versionedLabel(name, major ?? majorOfApp)
}

/** Names the app or browser that a browser's user agent ends with: `… Safari/537.36 Klarna/23.36`. */
export function lastProduct(text: string): string | null {
  const [, product, major] = LAST_PRODUCT.exec(text) ?? []
  return versionedLabel(product, major)
}
