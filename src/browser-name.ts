import { appName } from './app-name.ts'
import { clientName, lastProduct } from './client-name.ts'
import type { Parsed, System } from './find-system.ts'
import { versionedLabel } from './plain-label.ts'

/** Browsers that others are built on, whose names these send beside their own. */
const COMMON: ReadonlySet<string> = new Set([
  'Android Browser',
  'Android WebView',
  'Chrome',
  'Chromium',
  'Firefox',
  'Safari',
])
/** The view of some app, which is Chrome's since Android 4.4. Source: Chromium, WebView user agents. */
const ANDROID_VIEW = / Version\/4\.0 Chrome\//

/** Whether a user agent is a browser's, or that of something built on one: what names another product first is neither. */
export function isBrowser(text: string): boolean {
  return /^(?:Mozilla|Opera)\//i.test(text)
}

/** Names the app, or the browser, or what stands for it. `null` when none is told. */
export function browserName(text: string, { browser, os }: Parsed, { base, hints }: System): string | null {
  const isOfBrowser = isBrowser(text)
  const app = appName(text) ?? (isOfBrowser ? null : clientName(text))
  const brand = versionedLabel(hints.brand.name, hints.brand.version)
  if (app !== null || !isOfBrowser || (brand !== null && !COMMON.has(hints.brand.name))) return app ?? brand

  const chrome = /\bChrome\/(\d{1,10})/.exec(text)?.[1]
  // To bowser a television's system is its browser, which is Chrome.
  const { name = '', version = '' } = browser.name === 'WebOS Browser' ? { name: 'Chrome', version: chrome } : browser
  // Its last resort is the beginning of the text. Or it found no more than a system.
  const isFound = !/^mozilla/i.test(name) && name !== os.name
  if (isFound && !COMMON.has(name)) return versionedLabel(name, version)
  const product = lastProduct(text)
  if (product !== null) return product
  if (ANDROID_VIEW.test(text)) return versionedLabel('Android WebView', chrome)
  // These two without a version are built into some app.
  const isView = version === '' && (name === 'Safari' || name === 'Android Browser')
  if (isView && base === 'iOS') return 'iOS WebView'
  return brand ?? (isFound && !isView ? versionedLabel(name, version) : null)
}
