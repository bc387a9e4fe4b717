import { versionedLabel } from './plain-label.ts'

/** Apps that do not write `product/version`, or whose product says something else. The first that matches counts. */
const APPS: readonly (readonly [string, RegExp])[] = [
  ['Messenger', /\bFB(?:AN|_IAB)\/(?:Messenger|MESSENGER|Orca)(?:[^\]]*?;FBAV\/(\d+))?/],
  ['Facebook', /\bFB(?:AN|AV|_IAB)\/(?:[^\]]*?;FBAV\/(\d+))?|\bMetaIAB Facebook\b/],
  ['Douyin', /\baweme_(?:(\d{1,3})\.)?/],
  // On Android a build number follows the name, and the version comes later.
  ['TikTok', /\b(?:musical_ly|trill)_(?:(\d{1,3})\.|.*? app_version\/(\d+))/],
  ['TikTok', /\b(?:musical_ly|trill)_|\bBytedanceWebview\/|^com\.(?:zhiliaoapp\.musically|ss\.android\.ugc\.trill)\//],
  ['LinkedIn', /\[LinkedInApp\](?:\/(\d+))?/],
  ['Pinterest', /\[Pinterest\/|^Pinterest for (?:Android|iOS)(?: Tablet)?\/(\d+)/],
  ['Twitter', /\bTwitter(?:Android| for (?:iPhone|iPad|Android)(?:\/(\d+))?)/],
  ['NAVER', /\bNAVER\(inapp;(?:[^;)]*;){2} ?(\d+)\./],
  ['KakaoTalk', /\bKAKAOTALK[/ ](?:(\d{1,3})\.)?/],
  ['Weibo', /\bWeibo \((?:[^)]*?__weibo__(\d+))?/],
  ['Taobao', /\bAliApp\(TB\/(\d+)/],
  ['Reddit', /\bReddit\/Version (\d+)/],
  ['Gmail', /\bGmail\/(\d+)/],
  ['Yahoo Japan', /\bYJApp-(?:[A-Z]+ [\w.]+\/(\d+))?/i],
  ['Microsoft Outlook', /\bOutlook-iOS|\bMacOutlook\/(\d+)|\bMicrosoft (?:Office )?Outlook (?:Mail )?(\d+)/],
  ['Microsoft Office', /^Microsoft Office\/(\d+)/],
  ['Steam', /\bValve Steam\b/],
  ['Ecosia', /\(Ecosia \w+@(\d+)/],
  // On iPhones it stands at the end, without a version.
  ['Brave', / Brave(?: Chrome\/(\d+)|\/(\d+)|$)/],
  // Opera Touch is called that no longer on iPhones.
  ['Opera', / like Mac .* OPT\/(\d+)/],
  ['Opera Mini', /\bOpera Mini\/(\d+)/],
  ['Silk', /\bPlayStation Vita\b.* Silk\/(\d+)/],
  ['LG Browser', /\bLG Browser\/(\d+)/],
  ['Java', /^Java\/(?:1\.)?(\d+)/],
]

/** Products that bowser misses or garbles, by their names in lower case, the one that says most first. */
const PRODUCTS: ReadonlyMap<string, string> = new Map([
  ['instagram', 'Instagram'],
  ['barcelona', 'Threads'],
  ['snapchat', 'Snapchat'],
  ['qq', 'QQ'],
  ['line', 'LINE'],
  ['zalo', 'Zalo'],
  ['alipayclient', 'Alipay'],
  ['baiduboxapp', 'Baidu'],
  ['daumapps', 'Daum'],
  ['telegram-android', 'Telegram'],
  ['vkandroidapp', 'VK'],
  ['vkclient', 'VK'],
  ['spotify', 'Spotify'],
  ['youtube', 'YouTube'],
  ['robloxapp', 'Roblox'],
  ['slack_ssb', 'Slack'],
  ['chatlyio', 'Slack'],
  ['discord', 'Discord'],
  ['teams', 'Microsoft Teams'],
  ['code', 'Visual Studio Code'],
  ['bingsapphire', 'Bing'],
  ['gsa', 'Google App'],
  ['duckduckgo', 'DuckDuckGo'],
  ['opios', 'Opera Mini'],
  ['phx', 'Phoenix'],
  ['oprgx', 'Opera GX'],
  ['opx', 'Opera GX'],
  ['kindle', 'Kindle'],
  ['huaweibrowser', 'Huawei Browser'],
  ['miuibrowser', 'Mi Browser'],
  ['oculusbrowser', 'Oculus Browser'],
  ['picobrowser', 'Pico Browser'],
  ['samsungbrowser', 'Samsung Internet'],
  ['sailfishbrowser', 'Sailfish Browser'],
  ['nintendobrowser', 'Nintendo Browser'],
  ['yasearchbrowser', 'Yandex Browser'],
  ['coc_coc_browser', 'Coc Coc'],
  ['quark', 'Quark'],
  ['quarkpc', 'Quark'],
  ['ucbrowser', 'UC Browser'],
  ['ubrowser', 'UC Browser'],
  ['whale', 'Whale'],
  ['maxthon', 'Maxthon'],
  ['mxbrowser', 'Maxthon'],
  ['mxios', 'Maxthon'],
  ['sleipnir', 'Sleipnir'],
  ['epiphany', 'Epiphany'],
  ['qutebrowser', 'qutebrowser'],
  ['focus', 'Firefox Focus'],
  ['klar', 'Firefox Klar'],
  ['windowspowershell', 'PowerShell'],
  ['powershell', 'PowerShell'],
  ['aiohttp', 'aiohttp'],
  ['jsdom', 'jsdom'],
])
/** `product/version`, or `Instagram 336.0`, or `trill_43.0`. */
const PRODUCT = /([a-z][\w-]{0,39}?)(?:\/v?|[ _](?=\d{1,4}\.))(\d{1,4}(?!\d))?/gi
/** An app built on Electron says its name before that of its browser. */
const ELECTRON = /\(KHTML, like Gecko\) ([a-z][\w-]{0,38})\/(\d{1,4})[\w.-]{0,40} Chrome\/[\d.]+ Electron\//i

/** Names what a user agent tells beside the browser that it is built on: `Instagram 336`. `null` without it. */
export function appName(text: string): string | null {
  for (const [name, pattern] of APPS) {
    const found = pattern.exec(text)
    if (found) return versionedLabel(name, found[1] ?? found[2])
  }
  const told = new Map([...text.matchAll(PRODUCT)].map(([, product, major]) => [product?.toLowerCase(), major]))
  for (const [product, name] of PRODUCTS) if (told.has(product)) return versionedLabel(name, told.get(product))
  const [, shell, major] = ELECTRON.exec(text) ?? []
  return versionedLabel(shell, major)
}
