/** What a record may hold. A buffer goes into the file as it is, for what no writer would write. */
export type Field = string | number | boolean | bigint | Buffer | readonly Field[] | { readonly [name: string]: Field }

interface Options {
  ipVersion?: 4 | 6
  recordSize?: 24 | 28 | 32
  /** Fields of the metadata that differ from what is true. */
  metadata?: Record<string, Field>
}

/**
 * A file of the MaxMind DB format with these networks, e.g. `{ '8.8.8.0/24': { city: 'Berlin' } }`. IPv4 networks are at
 * `::/96` in a file for IPv6. Source: MaxMind DB File Format Specification 2.0.
 */
export function writeMmdb(networks: Record<string, Field>, options: Options = {}): Buffer {
  const { ipVersion = 6, recordSize = 28, metadata = {} } = options
  type Node = [left?: Node | number, right?: Node | number]
  const root: Node = []
  const records: Buffer[] = []
  let length = 0
  for (const [network, field] of Object.entries(networks)) {
    const bits = bitsOf(network, ipVersion)
    let node = root
    for (const bit of bits.slice(0, -1)) node = (node[bit] ??= []) as Node
    node[bits.at(-1)!] = length
    records.push(encode(field))
    length += records.at(-1)!.length
  }

  const nodes: Node[] = [root]
  for (const node of nodes) for (const next of node) if (Array.isArray(next)) nodes.push(next)
  const valueOf = (next: Node | number | undefined): number =>
    next === undefined ? nodes.length : typeof next === 'number' ? nodes.length + 16 + next : nodes.indexOf(next)
  const tree = nodes.map(([left, right]) => {
    const digits = recordSize / 4
    const [a, b] = [left, right].map((next) => valueOf(next).toString(16).padStart(digits, '0')) as [string, string]
    // Of 28 bits, the highest four of both are in the byte between them.
    return Buffer.from(recordSize === 28 ? a.slice(1) + a[0] + b[0] + b.slice(1) : a + b, 'hex')
  })
  const truth = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_767_225_600n,
    database_type: 'Test',
    description: { en: 'Test' },
    ip_version: ipVersion,
    languages: ['en'],
    node_count: nodes.length,
    record_size: recordSize,
  }
  const marker = Buffer.from('\u00ab\u00cd\u00efMaxMind.com', 'latin1')
  return Buffer.concat([...tree, Buffer.alloc(16), ...records, marker, encode({ ...truth, ...metadata })])
}

/** A pointer to so many bytes after the beginning of the records. */
export function pointerTo(offset: number): Buffer {
  return Buffer.concat([Buffer.from([0x38]), number(offset, 4)])
}

/** The control byte of a field, and what follows it to say its type and size. */
export function control(type: number, size: number): Buffer {
  const [bits, rest] =
    size < 29
      ? [size, Buffer.alloc(0)]
      : size < 285
        ? [29, number(size - 29, 1)]
        : size < 65_821
          ? [30, number(size - 285, 2)]
          : [31, number(size - 65_821, 3)]
  return Buffer.concat([Buffer.from(type > 7 ? [bits, type - 7] : [(type << 5) | bits]), rest])
}

function encode(field: Field): Buffer {
  if (Buffer.isBuffer(field)) return field
  if (typeof field === 'string') return Buffer.concat([control(2, Buffer.byteLength(field)), Buffer.from(field)])
  if (typeof field === 'boolean') return control(14, Number(field))
  if (typeof field === 'bigint') return Buffer.concat([control(9, 8), number(field, 8)])
  if (typeof field === 'number') return Buffer.concat([control(6, 4), number(field, 4)])
  if (Array.isArray(field)) return Buffer.concat([control(11, field.length), ...field.map(encode)])
  const entries = Object.entries(field as Record<string, Field>)
  return Buffer.concat([control(7, entries.length), ...entries.flat().map((part) => encode(part))])
}

function number(value: number | bigint, bytes: number): Buffer {
  return Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex')
}

function bitsOf(network: string, ipVersion: 4 | 6): (0 | 1)[] {
  const [address = '', prefix] = network.split('/')
  const isIpv4 = address.includes('.')
  const parts = address.split(isIpv4 ? '.' : ':')
  const zeros: string[] = Array.from({ length: 8 - parts.filter(Boolean).length }, () => '0')
  // `::` leaves an empty part in the middle, or two at an end.
  const first = parts.indexOf('')
  const whole = first < 0 ? parts : parts.filter(Boolean).toSpliced(first, 0, ...zeros)
  const digits = whole.map((part) =>
    Number.parseInt(part, isIpv4 ? 10 : 16)
      .toString(2)
      .padStart(isIpv4 ? 8 : 16, '0'),
  )
  const padding = isIpv4 && ipVersion === 6 ? '0'.repeat(96) : ''
  const bits = padding + digits.join('').slice(0, Number(prefix))
  return bits.split('').map((bit) => (bit === '1' ? 1 : 0))
}
