// Writes docs/api.md from the docstrings of what package.json exports: `npm run api`.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  Node,
  Project,
  type ClassDeclaration,
  type FunctionDeclaration,
  type InterfaceDeclaration,
  type JSDoc,
  type JSDocableNode,
  type JSDocTag,
  type ParameterDeclaration,
  type SourceFile,
  type TypeAliasDeclaration,
  type VariableDeclaration,
} from 'ts-morph'

const root = fileURLToPath(new URL('../', import.meta.url))

type Declaration =
  | ClassDeclaration
  | FunctionDeclaration
  | InterfaceDeclaration
  | TypeAliasDeclaration
  | VariableDeclaration

interface Entry {
  /** What it is imported from. */
  readonly name: string
  readonly exports: ReadonlyMap<string, Declaration>
}

const kinds = [
  { title: 'Functions', isOf: (node: Node) => Node.isFunctionDeclaration(node) },
  { title: 'Values', isOf: (node: Node) => Node.isVariableDeclaration(node) },
  { title: 'Errors', isOf: (node: Node) => Node.isClassDeclaration(node) },
  { title: 'Types', isOf: (node: Node) => Node.isInterfaceDeclaration(node) || Node.isTypeAliasDeclaration(node) },
]

/** The page, as the docstrings say it now. */
export function apiPage(): string {
  const entries = readEntries()
  const described = new Set<string>()
  const sections: string[] = []
  for (const { name, exports } of entries) {
    const own = [...exports].filter(([exported]) => !described.has(exported))
    const again = [...exports.keys()].filter((exported) => described.has(exported))
    sections.push(`## ${name}`)
    if (again.length > 0) sections.push(`Exports ${again.map(named).join(', ')} as well.`)
    for (const { title, isOf } of kinds) {
      const ofKind = own.filter(([, declaration]) => isOf(declaration))
      if (ofKind.length > 0) sections.push(`### ${title}`)
      for (const [exported, declaration] of ofKind) sections.push(`#### ${exported}`, ...describe(declaration))
    }
    for (const [exported] of own) described.add(exported)
  }
  return withLinks(`${[...head(entries), ...sections].join('\n\n')}\n`, described)
}

function head(entries: readonly Entry[]): string[] {
  return [
    '<!-- Made from the docstrings by `npm run api`. -->',
    '# API',
    'All that the package exports, as its docstrings say it. Durations are in seconds, `db` is your Prisma client.',
    entries
      .map(({ name, exports }) => {
        const values = [...exports].filter(([, declaration]) => !kinds.at(-1)!.isOf(declaration))
        return `- \`${name}\`: ${values.map(([exported]) => named(exported)).join(', ')}`
      })
      .join('\n'),
  ]
}

/** What package.json exports, read from the contents pages in `src/`. */
function readEntries(): Entry[] {
  const { name, exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  const project = new Project({ tsConfigFilePath: `${root}tsconfig.json`, skipAddingFilesFromTsConfig: true })
  project.addSourceFilesAtPaths(`${root}src/*.ts`)
  return Object.entries<string | { default: string }>(exports).flatMap(([path, target]) => {
    const [, file] = typeof target === 'object' ? (/^\.\/dist\/(.+)\.js$/.exec(target.default) ?? []) : []
    if (file === undefined) return []
    return { name: name + path.slice(1), exports: readExports(project.getSourceFileOrThrow(`${root}src/${file}.ts`)) }
  })
}

function readExports(contents: SourceFile): Map<string, Declaration> {
  const exported = contents.getExportDeclarations().flatMap((statement) => {
    const file = statement.getModuleSpecifierSourceFileOrThrow()
    return statement
      .getNamedExports()
      .map((specifier) => [specifier.getName(), declarationIn(file, specifier.getName())])
  })
  return new Map(exported as [string, Declaration][])
}

function declarationIn(file: SourceFile, name: string): Declaration {
  const found =
    file.getFunction(name) ??
    file.getInterface(name) ??
    file.getTypeAlias(name) ??
    file.getClass(name) ??
    file.getVariableDeclaration(name)
  if (found === undefined) throw new Error(`${file.getBaseName()} does not declare ${name}.`)
  return found
}

function describe(declaration: Declaration): string[] {
  const doc = docOf(Node.isVariableDeclaration(declaration) ? declaration.getVariableStatementOrThrow() : declaration)
  return [signatureOf(declaration), textOf(doc), ...membersOf(declaration), ...tagsOf(doc)].filter(
    (part) => part !== '',
  )
}

function docOf(node: JSDocableNode): JSDoc | undefined {
  return node.getJsDocs().at(-1)
}

/** As one would declare it; nothing for an interface, whose members are a table, and a class, whose name says it. */
function signatureOf(declaration: Declaration): string {
  if (Node.isFunctionDeclaration(declaration)) {
    const types = declaration.getTypeParameters().map((parameter) => parameter.getText())
    const generics = types.length > 0 ? `<${types.join(', ')}>` : ''
    const parameters = declaration.getParameters().map(parameterOf)
    const answer = declaration.getReturnTypeNodeOrThrow().getText()
    const start = `function ${declaration.getName()}${generics}`
    const line = `${start}(${parameters.join(', ')}): ${answer}`
    return code(
      line.length <= 100 ? line : `${start}(\n${parameters.map((text) => `  ${text},\n`).join('')}): ${answer}`,
    )
  }
  if (Node.isVariableDeclaration(declaration)) {
    const type = declaration.getTypeNode()?.getText()
    return code(
      `const ${declaration.getName()}${type ? `: ${type}` : ` = ${declaration.getInitializerOrThrow().getText()}`}`,
    )
  }
  if (Node.isInterfaceDeclaration(declaration)) return isGeneric(declaration) ? code(headOf(declaration)) : ''
  if (!Node.isTypeAliasDeclaration(declaration) || hasMethods(declaration)) return ''
  const text = declaration.getText().replace(/^.*?\bexport /s, '')
  if (!text.includes('typeof')) return code(text)
  // Of a list of texts, which is not exported.
  const union = declaration.getType().getUnionTypes()
  const texts = union.map((type) => type.getText().replaceAll('"', "'"))
  return code(`type ${declaration.getName()} = ${texts.join(' | ')}`)
}

function parameterOf(parameter: ParameterDeclaration): string {
  const pattern = parameter.getNameNode()
  const type = parameter.getTypeNode()?.getText() ?? parameter.getType().getText()
  // What a function takes out of an object is its own affair.
  const name = Node.isIdentifier(pattern) ? pattern.getText() : type.charAt(0).toLowerCase() + type.slice(1)
  if (parameter.isRestParameter()) return `...${name}: ${type}`
  return `${name}${parameter.isOptional() ? '?' : ''}: ${type}`
}

const isGeneric = (declaration: InterfaceDeclaration): boolean => declaration.getTypeParameters().length > 0
const headOf = (declaration: InterfaceDeclaration): string =>
  `interface ${declaration.getName()}<${declaration
    .getTypeParameters()
    .map((parameter) => parameter.getText())
    .join(', ')}>`

/** Whether it is an object of methods, which are a table as an interface's members are. */
function hasMethods(declaration: TypeAliasDeclaration): boolean {
  const type = declaration.getTypeNodeOrThrow()
  return Node.isTypeLiteral(type) && type.getMethods().length > 0
}

/** A table of what an object has, where its types mean something to whoever reads this. */
function membersOf(declaration: Declaration): string[] {
  const type = Node.isTypeAliasDeclaration(declaration) ? declaration.getTypeNodeOrThrow() : declaration
  if (Node.isTypeLiteral(type) && hasMethods(declaration as TypeAliasDeclaration)) {
    const rows = type.getMethods().map((method) => {
      const parameters = method.getParameters().filter((parameter) => parameter.getName() !== 'this')
      const names = parameters.map((parameter) => parameter.getName() + (parameter.isOptional() ? '?' : ''))
      return `| \`${method.getName()}(${names.join(', ')})\` | ${cell(textOf(docOf(method)))} |`
    })
    return [`| method | |\n|---|---|\n${rows.join('\n')}`]
  }
  if (!Node.isInterfaceDeclaration(type) && !Node.isClassDeclaration(type)) return []
  const bases = [type.getExtends() ?? []].flat().map((base) => base.getExpression().getText())
  const inherited = bases.filter((base) => base !== 'Error').map((base) => `Has what ${named(base)} has, and`)
  // Loose on purpose, so that every generated client fits: there is nothing to read in them.
  if (
    /\bany\b|Delegate\b/.test(
      type
        .getProperties()
        .map((property) => property.getText())
        .join(),
    )
  )
    return []
  const properties = type.getProperties().filter((property) => {
    // What must be absent; and an error's name is its class's.
    const isName = Node.isClassDeclaration(type) && property.getName() === 'name'
    return property.getTypeNode()?.getText() !== 'never' && !isName
  })
  const rows = properties.map((property) => {
    const isOptional = property.hasQuestionToken()
    const text = property.getTypeNode()?.getText() ?? property.getInitializerOrThrow().getText()
    const shown = isOptional ? text.replace(/ \| undefined$/, '').replace(/^\((.*)\)$/, '$1') : text
    return `| \`${property.getName()}${isOptional ? '?' : ''}\` | \`${cell(shown)}\` | ${cell(textOf(docOf(property)))} |`
  })
  return rows.length === 0 ? inherited : [...inherited, `| | | |\n|---|---|---|\n${rows.join('\n')}`]
}

/** Parameters, what is answered, what is thrown, and examples. */
function tagsOf(doc: JSDoc | undefined): string[] {
  const tags = doc?.getTags() ?? []
  const tagged = (name: string): JSDocTag[] => tags.filter((tag) => tag.getTagName() === name)
  const items = [
    ...tagged('param').map((tag) => lineOf(tag).replace(/^(\w+) - /, '- `$1`: ')),
    ...tagged('returns').map((tag) => `- returns ${lineOf(tag)}`),
    ...tagged('throws').map((tag) => `- throws ${lineOf(tag).replaceAll(/(?<!`)\b\w+Error\b/g, named)}`),
  ]
  const examples = tagged('example').map((tag) => code(bodyOf(tag), 'ts'))
  return [items.join('\n'), ...examples]
}

/** A tag's text as it stands there: the parser takes a link after `@returns` for a type. */
function bodyOf(tag: JSDocTag): string {
  return tag
    .getText()
    .replace(/^@\w+\s+/, '')
    .replaceAll(/^[ \t]*\*[ \t]?/gm, '')
    .trim()
}

function lineOf(tag: JSDocTag): string {
  return linksIn(bodyOf(tag)).replaceAll(/\s*\n\s*/g, ' ')
}

function textOf(doc: JSDoc | undefined): string {
  return linksIn(doc?.getDescription().trim() ?? '')
}

const linksIn = (text: string): string => text.replaceAll(/\{@link (\w+)\}/g, '`$1`')

const cell = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', String.raw`\|`)
// Examples are `ts`, and compiled by the tests; signatures are no whole programs.
const code = (text: string, language = 'typescript'): string => `\`\`\`${language}\n${text}\n\`\`\``

/** A name as code, of which {@link withLinks} makes a link where it is that of an export. */
const named = (name: string): string => `\`${name}\``

/** The names of what is described as links, by the names that GitHub gives to headings: in lowercase, numbered when alike. */
function withLinks(page: string, described: ReadonlySet<string>): string {
  const anchors = new Map<string, string>()
  const seen = new Map<string, number>()
  for (const [, title = ''] of page.matchAll(/^#+ (.+)$/gm)) {
    const name = title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-')
    const count = seen.get(name) ?? 0
    seen.set(name, count + 1)
    if (described.has(title)) anchors.set(title, count === 0 ? name : `${name}-${count}`)
  }
  const fenced = /(^```.*?^```$)/ms
  const linked = (text: string) =>
    text.replaceAll(/`(\w+)`/g, (span, name: string) => (anchors.has(name) ? `[${span}](#${anchors.get(name)})` : span))
  return page
    .split(fenced)
    .map((part) => (fenced.test(part) ? part : linked(part)))
    .join('')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(`${root}docs/api.md`, apiPage())
