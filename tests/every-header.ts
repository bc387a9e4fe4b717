import { addressHeaders } from '../src/find-client-address.ts'

/** Headers of a request that are read, those in which Cloudflare says the place for all platforms'. */
export const everyHeader: readonly string[] = [
  ...addressHeaders,
  'user-agent',
  'cf-ipcountry',
  'cf-ipcity',
  'sec-ch-ua',
  'sec-ch-ua-full-version-list',
  'sec-ch-ua-mobile',
  'sec-ch-ua-model',
  'sec-ch-ua-platform',
  'sec-ch-ua-platform-version',
]
