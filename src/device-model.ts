import type { System } from './find-system.ts'

/** Systems whose user agents tell a model. */
const TELLING: ReadonlySet<string> = new Set(['Android', 'Tizen', 'Vega OS'])
const APPLE_MODELS = ['iPad', 'iPod', 'iPhone']
/** Stands in a model's place without being one: Chrome's constant `K`, form factors, locales, processors, versions. */
const NOT_A_MODEL =
  /^(?:|K|U|wv|Mobile(?: VR)?|Tablet|Phone|Linux|(?:arm|x86)[\w-]*|(?:HarmonyOS|HMSCore|GMSCore|SDK|Opera)\b.*|[a-z]{2}(?:[-_][a-z]{2,4}){0,2})$/i

/** Finds the model that a device is. Empty when unknown. */
export function deviceModel(text: string, { name, base, hints }: System): string {
  if (base === '' && text.includes(' Darwin/')) return 'Apple device'
  if (base === 'iOS') {
    const words = text.toLowerCase()
    return name === 'iPadOS' ? 'iPad' : (APPLE_MODELS.find((model) => words.includes(model.toLowerCase())) ?? '')
  }
  if (!TELLING.has(base)) return ''
  // `(Linux; Android 14; Pixel 8 Build/UQ1A; wv)`
  const [, rest = ''] = /\b(?:Android|Kepler|Tizen) \d[\d.]*;((?:[^()]|\([^()]*\))*)/.exec(text) ?? []
  const parts = rest.split(';').map((part) => part.replace(/\b(?:Build|MIUI|user|userdebug)\/.*/s, '').trim())
  return [hints.model, ...parts].find((part) => !NOT_A_MODEL.test(part)) ?? ''
}
