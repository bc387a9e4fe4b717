import { isBrowser } from './browser-name.ts'
import type { System } from './find-system.ts'

/** What kind of device a session came from. */
export type DeviceType = 'desktop' | 'mobile' | 'tablet' | 'tv' | 'bot'

/** `AFT…` is Amazon's Fire TV. */
const TELEVISION = /\bTV\b|\bBRAVIA\b|\bChromecast\b|\bPortalTV\b|^MiTV|^MIBOX|^AFT[A-Z]/
/** What television boxes put beside the browser that they are built on. */
const TELEVISION_TEXT = / CrKey\/| TV Safari\//

/** Finds the kind of a device that is no appliance, as far as it is told. */
export function deviceType(text: string, { base, hints }: System, model: string): DeviceType | null {
  if (base === 'tvOS' || TELEVISION_TEXT.test(text) || TELEVISION.test(model)) return 'tv'
  if (base === 'iOS') return model === 'iPad' ? 'tablet' : model === '' ? null : 'mobile'
  if (base === 'macOS' || base === 'Windows' || base === 'Chrome OS') return 'desktop'
  // Headsets and speakers with a screen are none of these.
  if (/\bVR\b/.test(text) || /^Quest\b/.test(model) || base === 'Vega OS') return null
  const hinted = hints.mobile ? 'mobile' : null
  // Browsers leave `Mobile` out where what they run on is no phone, apps anywhere.
  if (!isBrowser(text)) return hinted
  // A phone or tablet that asks for pages of a desktop.
  if (base === 'Android' && text.includes('(X11;')) return hinted
  if (/\bTablet\b/.test(text)) return 'tablet'
  if (/Mobi|\bOpera Mini\//.test(text)) return 'mobile'
  return /\((?:X11|PC);/.test(text) ? 'desktop' : base === 'Android' ? 'tablet' : hinted
}
