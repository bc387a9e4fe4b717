/** Something that is no computer, phone or tablet, in the words of its maker. */
export interface Appliance {
  readonly name: string
  /** `null` where it is neither at a television nor only in a hand. */
  readonly type: 'tv' | 'mobile' | null
}

/** The first that matches counts; `$1` is what it found. */
const APPLIANCES: readonly (readonly [RegExp, string, Appliance['type']])[] = [
  [/\bXbox (One|Series [SX]|360)\b/, 'Xbox $1', 'tv'],
  [/\bXbox\b/, 'Xbox', 'tv'],
  [/\bPlayStation (\d)/i, 'PlayStation $1', 'tv'],
  [/\bPlayStation (Vita|Portable)\b/, 'PlayStation $1', 'mobile'],
  [/\bNintendo WiiU\b/, 'Nintendo Wii U', 'tv'],
  [/\bNintendo Wii\b/, 'Nintendo Wii', 'tv'],
  [/\bNintendo (3DS|DSi?)\b/, 'Nintendo $1', 'mobile'],
  // These two are held, and are set before a television as well.
  [/\b(Nintendo Switch(?: \d)?)/, '$1', null],
  [/\bSteam Deck\b/, 'Steam Deck', null],
  [/\b(PICO [\w ]{1,20}?) OS\d/i, '$1', null],
  [/\b(Quest(?: \d\w?| Pro)?)\)/, '$1', null],
  [/\bApple ?TV/, 'Apple TV', 'tv'],
  [/\bHomePod\b/, 'HomePod', null],
  [/\bwatchOS\b|\bApple Watch\b/, 'Apple Watch', null],
  [/\b(Kindle|Kobo)(?:\/| Touch)/, '$1', null],
  [/\bTesla\//, 'Tesla', null],
  [/\bRoku\w*(?:\/DVP-(\d{1,3}\.\d{1,3}))?/, 'Roku $1', 'tv'],
  [/ DeviceType\/SmartSpeaker\b/, 'Smart speaker', null],
  [/\(Fuchsia\)/, 'Fuchsia', null],
  [/ CrKey\/[\d.]+(?: DeviceType\/Chromecast|$)/, 'Chromecast', 'tv'],
  // HbbTV is what broadcasters' pages on televisions run on. Source: ETSI TS 102 796, section 7.3.2.4.
  [/\bHbbTV\/[\d.]+ \([^;)]{0,40}; ?LGE;|\bNetCast\b/, 'LG TV', 'tv'],
  [/\bHbbTV\/[\d.]+ \([^;)]{0,40}; ?([A-Za-z]{2,20});/, '$1 TV', 'tv'],
  [/\bVIZIO\b/, 'VIZIO TV', 'tv'],
  [/\bSMART-?TV\b|\bHbbTV\b|\((?:DTV|TV);/i, 'Smart TV', 'tv'],
]

/** Finds the console, television, headset or other appliance that a user agent names. */
export function appliance(text: string): Appliance | undefined {
  for (const [pattern, template, type] of APPLIANCES) {
    const found = pattern.exec(text)
    if (found) return { name: template.replace('$1', found[1] ?? '').trim(), type }
  }
  return undefined
}
