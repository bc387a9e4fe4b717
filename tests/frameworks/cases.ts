import { everyHeader } from '../every-header.ts'
import type { Options } from './application.ts'
import type { Headers } from './post-sign-in.ts'

const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'
const noProxy: Options = { trustedProxies: [] }
export const proxy: Options = { trustedProxies: ['loopback'] }
const twoProxies: Options = { trustedProxies: ['loopback', '198.51.100.0/24'] }

const platformHeaders = ['cf-connecting-ip', 'fly-client-ip', 'x-vercel-forwarded-for'] as const
// In the bytes of UTF-8, as Cloudflare writes it.
const zurich = { 'cf-ipcountry': 'CH', 'cf-ipcity': Buffer.from('Zürich').toString('latin1') }

/** All that a header's value may consist of, white space not at its ends. Source: RFC 9110, section 5.5. */
export const garbage = String.fromCharCode(...from(0x21, 0x7e), ...from(0x80, 0xfe), 0x09, 0x20, 0xff)

/** What a client sends, and what is recorded of it. */
export interface Case {
  rule: string
  options: Options
  headers: Headers
  /** What the row says, of the address if it is not the client's own. */
  row?: object
}

export const cases: Case[] = [
  {
    rule: "where nobody is trusted, the address is the socket's",
    options: noProxy,
    headers: { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.7', 'cf-connecting-ip': '203.0.113.7' },
  },
  {
    rule: "where nobody is trusted, that goes for a platform's header as well",
    options: { ...noProxy, addressHeader: 'cf-connecting-ip' },
    headers: { 'cf-connecting-ip': '203.0.113.7' },
  },
  {
    rule: 'a trusted proxy says who is behind it',
    options: proxy,
    headers: { 'x-forwarded-for': '203.0.113.7' },
    row: { ipAddress: '203.0.113.7' },
  },
  {
    rule: 'a trusted proxy says it in IPv6 as well',
    options: proxy,
    headers: { 'x-forwarded-for': '2001:DB8:0:0::7' },
    row: { ipAddress: '2001:db8::7' },
  },
  {
    rule: 'what a client has forged counts for nothing, left of what the proxy says',
    options: proxy,
    headers: { 'x-forwarded-for': '192.0.2.1, 127.0.0.1, 203.0.113.7' },
    row: { ipAddress: '203.0.113.7' },
  },
  {
    rule: 'what a client has forged counts for nothing, in lines above',
    options: proxy,
    headers: { 'x-forwarded-for': ['192.0.2.1', '127.0.0.1', '203.0.113.7'] },
    row: { ipAddress: '203.0.113.7' },
  },
  {
    rule: 'a chain of trusted proxies may have written a line each',
    options: twoProxies,
    headers: { 'x-forwarded-for': ['192.0.2.1, 203.0.113.7', '198.51.100.1', '198.51.100.2'] },
    row: { ipAddress: '203.0.113.7' },
  },
  {
    rule: 'where Forwarded is named, it says so, and X-Forwarded-For does not',
    options: { ...proxy, addressHeader: 'forwarded' },
    headers: {
      forwarded: ['for=192.0.2.1;proto=https', 'for="[2001:db8::7]:4711";by=127.0.0.1'],
      'x-forwarded-for': '203.0.113.7',
    },
    row: { ipAddress: '2001:db8::7' },
  },
  {
    rule: 'where no header is named, only X-Forwarded-For counts',
    options: proxy,
    headers: {
      forwarded: 'for=203.0.113.7',
      ...Object.fromEntries(platformHeaders.map((name) => [name, '203.0.113.7'])),
    },
  },
  ...platformHeaders.map((addressHeader): Case => ({
    rule: `where ${addressHeader} is named, it says so, and X-Forwarded-For does not`,
    options: { ...proxy, addressHeader },
    headers: { [addressHeader]: '203.0.113.7', 'x-forwarded-for': '192.0.2.1' },
    row: { ipAddress: '203.0.113.7' },
  })),
  {
    rule: "a platform's header in two lines says nothing: one of them is forged",
    options: { ...proxy, addressHeader: 'fly-client-ip' },
    headers: { 'fly-client-ip': ['203.0.113.7', '203.0.113.7'] },
    row: { ipAddress: null },
  },
  {
    rule: 'where cloudfront-viewer-address is named, it says so, with a port',
    options: { ...proxy, addressHeader: 'cloudfront-viewer-address' },
    headers: { 'cloudfront-viewer-address': '2001:db8::7:4711', 'x-forwarded-for': '192.0.2.1' },
    row: { ipAddress: '2001:db8::7' },
  },
  {
    rule: 'the browser and the device are what the client says of them, hints included',
    options: noProxy,
    headers: {
      'user-agent': chrome,
      'sec-ch-ua': '"Chromium";v="126", "Google Chrome";v="126", "Not-A.Brand";v="8"',
      'sec-ch-ua-mobile': '?0',
      'sec-ch-ua-platform': '"Windows"',
      'sec-ch-ua-platform-version': '"15.0.0"',
    },
    row: { browserInfo: 'Chrome 126', deviceInfo: 'Windows 11', deviceType: 'desktop' },
  },
  {
    rule: 'a trusted proxy says where its client is',
    options: proxy,
    headers: { 'x-forwarded-for': '81.2.69.142', ...zurich },
    row: { ipAddress: '81.2.69.142', city: 'Zürich', country: 'CH' },
  },
  { rule: 'where nobody is trusted, the place is unknown', options: noProxy, headers: zurich },
  { rule: 'a client may say nothing of itself', options: proxy, headers: {} },
  {
    rule: 'a user agent may have 15 kB',
    options: noProxy,
    headers: { 'user-agent': chrome.padEnd(15_000, ' (Windows NT 10.0') },
    row: { browserInfo: 'Chrome 126', deviceInfo: 'Windows 10', deviceType: 'desktop' },
  },
  {
    rule: 'a list of addresses may have 15 kB, of which the end is read',
    options: proxy,
    headers: { 'x-forwarded-for': `${'192.0.2.1, '.repeat(1350)}203.0.113.7` },
    row: { ipAddress: '203.0.113.7' },
  },
  {
    rule: 'every header may be any bytes',
    options: { ...proxy, addressHeader: 'forwarded' },
    headers: Object.fromEntries(everyHeader.map((name) => [name, garbage])),
    row: { ipAddress: null },
  },
]

function from(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
