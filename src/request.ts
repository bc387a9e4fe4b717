export {
  describeRequest,
  type DescribeRequestOptions,
  type FetchRequest,
  type NodeRequest,
  type RequestDescription,
} from './describe-request.ts'
export { acceptClientHints } from './client-hint-headers.ts'

export type { AddressHeader } from './find-client-address.ts'
export type { ClientHints } from './client-hints.ts'
export type { LocationHeaders } from './find-location.ts'
