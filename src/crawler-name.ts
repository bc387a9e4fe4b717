import { versionedLabel } from './plain-label.ts'

/** Robots that no rule below finds, as they spell themselves. */
const KNOWN = [
  'Amazon-Route53-Health-Check-Service',
  'anthropic-ai',
  'AppEngine-Google',
  'Better Uptime Bot',
  'BingPreview',
  'Checkly',
  'Chrome-Lighthouse',
  'cohere-ai',
  'Datadog(?: Agent|Synthetics)?',
  'Dotcom-Monitor',
  'ELB-HealthChecker',
  'Google (?:Favicon|Web Preview)',
  'Google-[A-Z]\\w+(?:-[A-Z]\\w+)?',
  'GoogleAgent-\\w+',
  'GoogleImageProxy',
  'GoogleOther(?:-\\w+)?',
  'GoogleStackdriverMonitoring-UptimeChecks',
  'GTmetrix',
  'HeadlessChrome',
  'kube-probe',
  'Mediapartners-Google',
  'NewRelicSynthetics',
  'NodePing',
  'PhantomJS',
  'Playwright',
  'PTST',
  'RuxitSynthetic',
  'Selenium',
  'Site24x7',
  'SkypeUriPreview',
  'Slack-ImgProxy',
  'Snap URL Preview',
  'Sogou web spider',
  'StatusCake(?:_\\w+)?',
  'ThousandEyes',
  'updown\\.io daemon',
  'Uptime-Kuma',
  'YahooMailProxy',
]

/** Each finds a name and, where told, its major version. */
const CRAWLERS = [
  new RegExp(`(?<![\\w/.-])(${KNOWN.join('|')})(?![\\w-])(?:[/ ]v?(\\d{1,10})|)`),
  // `AhrefsBot/7.0`, `Bytespider;`, `TelegramBot (`, `Googlebot-Image/1.0`, `Slackbot 1.0`, `SEO Spider/21`. Cubot makes phones.
  /(?<![\w/.-])(?!cubot\b)([a-z\d][\w.-]{0,17} ?(?:bot|crawler|spider)(?:-\w[\w-]{0,18})?)(?:\/v?(\d{1,10})| (?:(?=\d+\.)(\d{1,10})|\()|[/;)]|$)/i,
  // `ChatGPT-User/1.0`
  /(?<![\w/.-])([A-Z]\w{0,30}-User)\/(\d{1,10})/,
  // `(compatible; Yeti/1.1; +http://naver.me/spd)`: with a link or an address to its owner.
  /[(;] ?([a-z][\w .-]{0,38}?)(?:\/v?(\d{1,10})[^\s;)]{0,40})?[;,]? ?\+ ?(?:https?:|mailto:|[\w.-]{1,40}@)/i,
  // `(compatible; AmazonProductDiscovery/1.0; https://…)`
  /\(compatible; ([a-z][\w .-]{0,38}?)(?:\/v?(\d{1,10})[^\s;)]{0,40})?[;,] ?https?:/i,
  // `Iframely/1.3.1 (+https://iframely.com/docs/about)`, but not a library whose link is to its source.
  /^(?:Mozilla\/5\.0 )?(?!Mozilla\/)([a-z][\w.-]{0,38})(?:\/v?(\d{1,10})\S{0,20})?;? ?\(?\+https?:\/\/(?!github\.com)/i,
  // What fetches a page for its preview, in the name of an app whose own browser says `Mozilla/5.0`.
  /^(WhatsApp)(?:\/(\d{1,10})[\d.]{0,20})?(?: [A-Z])?$/i,
]

/** What apps are made with, whatever they are named, a chat bot included. */
const APP = / (?:Alamofire|Darwin|Electron|okhttp)\/|; Scale\/|; wv\)/

/** Names the robot that a user agent says it is, `Googlebot 2`. `null` when it says no such thing. */
export function crawlerName(text: string): string | null {
  if (APP.test(text)) return null
  for (const pattern of CRAWLERS) {
    const found = pattern.exec(text)
    if (found) return versionedLabel(found[1], found[2] ?? found[3]) ?? 'Crawler'
  }
  return null
}
