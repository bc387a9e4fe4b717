import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parseAst } from 'vitest/node'

const root = fileURLToPath(new URL('../', import.meta.url))
const { dependencies, devDependencies, peerDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
const packages = Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies })

const layers = {
  contents: ['index', 'location', 'request'],
  extension: ['session-tracking', 'session-tracking-methods'],
  verbs: [
    'anonymize-inactive',
    'describe-request',
    'list-sessions',
    'purge-sessions',
    'revoke-session',
    'rotate-session-key',
    'touch-activity',
    'track-session',
  ],
  edges: [
    'client',
    'client-hint-headers',
    'describe-client',
    'fast-geoip',
    'find-client-address',
    'forwarded-nodes',
    'group-calls',
    'id-ranges',
    'mmdb',
    'query',
    'touch-statements',
    'trust-proxies',
    'user-agent',
    'user-id',
  ],
  rules: [
    'anonymize-ip-address',
    'app-name',
    'appliance',
    'batch-options',
    'browser-name',
    'client-hints',
    'client-name',
    'country-name',
    'crawler-name',
    'database-error',
    'device-model',
    'device-type',
    'errors',
    'expiry',
    'find-location',
    'find-system',
    'first-of',
    'ip-address',
    'location-headers',
    'parse-input',
    'parse-options',
    'plain-label',
    'policy',
    'retry',
    'session-key',
  ],
}
const mayImport: Record<string, string[]> = {
  contents: ['extension', 'verbs', 'edges', 'rules'],
  extension: ['extension', 'verbs', 'edges', 'rules'],
  verbs: ['edges', 'rules'],
  edges: ['edges', 'rules'],
  rules: ['rules'],
}

/** Everything that comes from outside src, and which files take it. */
const thirdParties = {
  bowser: ['user-agent'],
  'fast-geoip': ['fast-geoip'],
  'forwarded-parse': ['forwarded-nodes'],
  maxmind: ['mmdb'],
  'node:crypto': ['anonymize-ip-address', 'session-key', 'user-agent'],
  'node:fs': ['fast-geoip', 'mmdb'],
  'node:module': ['fast-geoip', 'mmdb'],
  'node:net': ['ip-address'],
  'node:timers': ['group-calls', 'id-ranges', 'retry'],
  'node:worker_threads': ['fast-geoip'],
  'proxy-addr': ['trust-proxies'],
  'structured-headers': ['client-hint-headers'],
  zod: ['batch-options', 'expiry', 'parse-input', 'parse-options', 'session-key', 'user-id'],
}

/** Names that reach outside a function, and which files may use them. */
const globals = {
  console: [],
  globalThis: [],
  performance: [],
  // For a module of Node's that loads with the first address; imported, `node:process` would open the terminal.
  process: ['ip-address'],
  require: [],
  // Until what else has arrived is known, and between two batches.
  setImmediate: ['group-calls', 'id-ranges'],
  setInterval: [],
  // What a sign-in waits for its place, and a statement for the one before it, both cleared in any case; and between two tries.
  setTimeout: ['find-location', 'group-calls', 'retry'],
}

/** Files whose subject is more than one export. */
const namedAfterSubject = [
  'client-hint-headers',
  'client',
  'database-error',
  'errors',
  'expiry',
  'index',
  'ip-address',
  'location',
  'request',
  'user-agent',
  'user-id',
]

/** Files past 150 lines: verbs with long docstrings, three of them in one file. */
const long = ['revoke-session', 'track-session']

interface Node {
  readonly type: string
  readonly start: number
  readonly [property: string]: any
}

const fileNames = readdirSync(`${root}src`)
const files = fileNames.filter(isTypeScript).map((fileName) => {
  const text = readFileSync(`${root}src/${fileName}`, 'utf8')
  const { body } = parseAst(text, { lang: 'ts' }) as unknown as { body: Node[] }
  const nodes = body.flatMap(withDescendants)
  return { name: fileName.replace(/\.ts$/, ''), text, body, nodes, imports: importsIn(nodes) }
})
type SourceFile = (typeof files)[number]

function isTypeScript(fileName: string): boolean {
  return fileName.endsWith('.ts')
}

function withDescendants(node: Node): Node[] {
  const children = Object.values(node).flat() as (Node | null | undefined)[]
  return [node, ...children.flatMap((child) => (typeof child?.type === 'string' ? withDescendants(child) : []))]
}

/** What a file imports, and what any text in it, code for a worker included, could have something else import. */
function importsIn(nodes: Node[]): string[] {
  const sources = nodes.flatMap(({ source }) => (source ? [source.value ?? 'a computed name'] : []))
  const words = nodes.flatMap(textOf).flatMap((text) => text.split(/['"]/))
  const others = words.filter((word) => packages.includes(packageOf(word)) || /^(@|node:|\.\.?\/)/.test(word))
  return [...new Set([...sources, ...others].map(packageOf))]
}

/** `zod` of `zod/mini`; files are their own. */
function packageOf(specifier: string): string {
  return /^(@[^/]+\/)?[^./@][^/]*(?=\/)/.exec(specifier)?.[0] ?? specifier
}

function textOf({ type, value }: Node): string[] {
  if (type === 'TemplateElement') return [value.raw]
  return type === 'Literal' && typeof value === 'string' ? [value] : []
}

const isOwn = (specifier: string): boolean => specifier.startsWith('./')
const ownImports = ({ imports }: SourceFile): string[] =>
  imports.filter(isOwn).map((specifier) => specifier.replace(/^\.\/(.+)\.ts$/, '$1'))
const layerOf = (name: string): string =>
  Object.entries(layers).find(([, members]) => members.includes(name))?.[0] ?? ''
const namesWhere = (is: (file: SourceFile) => boolean): string[] => files.filter(is).map(({ name }) => name)
const namesWith = (is: (node: Node) => boolean): string[] => namesWhere(({ nodes }) => nodes.some(is))
const namesImporting = (specifier: string): string[] => namesWhere(({ imports }) => imports.includes(specifier))
const isNamed = (node: Node | undefined, name: string): boolean => node?.type === 'Identifier' && node.name === name

const readsClock = ({ type, callee, arguments: given }: Node): boolean =>
  isNamed(callee, 'Date') && (type === 'CallExpression' || given.length === 0)
const isIndirectExport = ({ type, declaration }: Node): boolean =>
  type.startsWith('Export') && (type !== 'ExportNamedDeclaration' || !declaration)
const isVariable = ({ type, kind }: Node): boolean => type === 'VariableDeclaration' && kind !== 'const'
const kebabsOf = (file: SourceFile): string[] =>
  exportsOf(file).map(({ name }) => name.replaceAll(/(?<=.)[A-Z]/g, '-$&').toLowerCase())
const hasDocstring = ({ text }: SourceFile, start: number): boolean =>
  /\/\*\*(?:(?!\*\/).)+\*\/\n$/s.test(text.slice(0, start))

/** The declarations that a file exports, with the statement that each is in. */
function exportsOf({ body }: SourceFile): { name: string; start: number }[] {
  return body.flatMap(({ type, declaration, start }) => {
    if (type !== 'ExportNamedDeclaration' || !declaration) return []
    const declared: Node[] = declaration.declarations ?? [declaration]
    return declared.map(({ id }) => ({ name: id.name, start }))
  })
}

test('src is flat, and every file of it has a layer', () => {
  expect(fileNames.filter((name) => !isTypeScript(name))).toEqual([])
  expect(files.map(({ name }) => name).toSorted()).toEqual(Object.values(layers).flat().toSorted())
})

test('files import from the layers that theirs may import from', () => {
  const strays = files.flatMap((file) => {
    const allowed = mayImport[layerOf(file.name)] ?? []
    return ownImports(file).flatMap((name) => (allowed.includes(layerOf(name)) ? [] : [`${file.name} → ${name}`]))
  })
  expect(strays).toEqual([])
})

test('no file imports itself by way of others', () => {
  const importsOf = new Map(files.map((file) => [file.name, ownImports(file)]))
  const circles = [...importsOf.keys()].filter((name) => {
    const reached = new Set(importsOf.get(name))
    for (const other of reached) for (const next of importsOf.get(other) ?? []) reached.add(next)
    return reached.has(name)
  })
  expect(circles).toEqual([])
})

test('each third party is imported where it belongs, and nothing from a generated client', () => {
  const specifiers = new Set(files.flatMap(({ imports }) => imports.filter((specifier) => !isOwn(specifier))))
  expect(Object.fromEntries([...specifiers].map((name) => [name, namesImporting(name)]))).toEqual(thirdParties)
})

test("Prisma's names are in client.ts only, and its error codes in database-error.ts", () => {
  const prismas = /Prisma|\bP\d{4}\b|^\$(connect|disconnect|executeRaw|extends|on|queryRaw|transaction|use)/
  const users = namesWith((node) => [node.name, node.raw, ...textOf(node)].some((word) => prismas.test(word)))
  expect(users).toEqual(['client', 'database-error'])
})

test('what reaches outside a function is used where it belongs', () => {
  const users = Object.keys(globals).map((name) => [name, namesWith((node) => isNamed(node, name))])
  expect(Object.fromEntries(users)).toEqual(globals)
})

test('the clock is read in one place, and nothing is left to chance but how long a retry waits', () => {
  const clocks = files.flatMap(({ name, nodes }) => nodes.filter(readsClock).map(() => name))
  expect(clocks).toEqual(['parse-options'])
  // Date.UTC is arithmetic.
  expect(namesWith(({ object, property }) => isNamed(object, 'Date') && !isNamed(property, 'UTC'))).toEqual([])
  expect(namesWith(({ object, property }) => isNamed(object, 'Math') && isNamed(property, 'random'))).toEqual(['retry'])
})

test('only errors are classes, and nothing that answers depend on is kept between calls but the worker of fast-geoip.ts', () => {
  expect(namesWith(({ type }) => type === 'ClassDeclaration' || type === 'ClassExpression')).toEqual(['errors'])
  expect(namesWhere(({ body }) => body.some((node) => isVariable(node.declaration ?? node)))).toEqual(['fast-geoip'])
})

test.each(layers.contents)('%s.ts is a contents page: named re-exports under their own names', (page) => {
  const { body } = files.find(({ name }) => name === page)!
  expect(body.filter(({ type, source }) => type !== 'ExportNamedDeclaration' || !source)).toEqual([])
  const specifiers: Node[] = body.flatMap((node) => node.specifiers)
  const isRenamed = ({ local, exported }: Node) => local.name !== exported.name || local.name === 'default'
  expect(specifiers.filter(isRenamed)).toEqual([])
})

test.each([
  ['index', ['bowser', 'fast-geoip', 'zod']],
  ['location', ['fast-geoip', 'maxmind', 'zod']],
  ['request', ['forwarded-parse', 'proxy-addr', 'structured-headers', 'zod']],
])('who imports %s.ts pays for no package but %o', (page, expected) => {
  const reached = new Set([page])
  for (const name of reached)
    for (const next of ownImports(files.find((file) => file.name === name)!)) reached.add(next)
  const imported = files.flatMap(({ name, imports }) => (reached.has(name) ? imports : []))
  expect([...new Set(imported)].filter((name) => packages.includes(name)).toSorted()).toEqual(expected)
})

test('files are named after what they export, and none is a drawer', () => {
  expect(namesWhere((file) => !kebabsOf(file).includes(file.name))).toEqual(namedAfterSubject)
  expect(namesWhere(({ name }) => /\b(utils?|helpers?|common|shared|misc|types|constants?)\b/.test(name))).toEqual([])
})

test('every export is a declaration with a docstring directly above it', () => {
  expect(namesWhere(({ body }) => body.some(isIndirectExport))).toEqual(layers.contents)
  const bare = files.flatMap((file) => exportsOf(file).filter(({ start }) => !hasDocstring(file, start)))
  expect(bare.map(({ name }) => name)).toEqual([])
})

test('files past 150 lines are two, or explained', () => {
  expect(namesWhere(({ text }) => text.split('\n').length - 1 > 150)).toEqual(long)
})

test('importing index.ts keeps nothing open, listens to nothing and adds no global', () => {
  const script = `
    import 'bowser'
    import 'zod'
    import { setTimeout } from 'node:timers/promises'
    const look = async () => (await settled(), {
      globals: Reflect.ownKeys(globalThis).length,
      listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
      resources: process.getActiveResourcesInfo().toSorted(),
    })
    // Loading a file leaves its reading behind for a moment.
    const settled = () => setTimeout(200)
    const before = await look()
    await import(${JSON.stringify(new URL('../src/index.ts', import.meta.url))})
    const after = await look()
    process.on('exit', () => console.log(JSON.stringify([before, after])))`
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script]
  const output = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 30_000, stdio: 'pipe' })
  const [before, after] = JSON.parse(output)
  expect(after).toEqual(before)
})
