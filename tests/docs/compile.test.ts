import { describe, expect, test } from 'vitest'
import * as sessions from '../../src/index.ts'
import * as location from '../../src/location.ts'
import * as requests from '../../src/request.ts'
import { frameworkPages } from './framework-pages.ts'
import { newApplication } from './new-application.ts'
import { pages, readBlocks, readFiles } from './read-blocks.ts'

describe.each(frameworkPages)('$page', ({ page, files, settings }) => {
  test('names the file of every block', () => {
    expect(readBlocks(page).filter(({ file }) => file === undefined)).toEqual([])
  })

  test('compiles', async () => {
    expect(await newApplication(files, settings).compile()).toBe('')
  })
})

test('the files that README.md names compile', async () => {
  expect(await newApplication(readFiles('README.md')).compile()).toBe('')
})

/** What the blocks of all other pages take for granted: what they imported further up, and their reader's application. */
const preamble = `
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import type { Request, Response } from 'express'
import type { Context } from 'hono'
import * as sessions from 'prisma-user-sessions'
import * as location from 'prisma-user-sessions/location'
import * as requests from 'prisma-user-sessions/request'
import * as generated from './generated/prisma/client.ts'
declare global {
  ${globals('sessions', sessions)}
  ${globals('location', location)}
  ${globals('requests', requests)}
  var PrismaClient: typeof generated.PrismaClient, prisma: generated.PrismaClient, adapter: SqlDriverAdapterFactory
  var user: generated.User, userId: number, sessionKey: string, form: Record<string, string>
  var req: Request<{ id: string }>, res: Response, request: typeof req & { raw: Request }, response: Response
  var trustedProxies: string[], client: sessions.ClientDescription, policy: sessions.Policy, locate: sessions.Locate
  var input: sessions.TrackSessionInput<number>, userSession: sessions.UserSessionOf<generated.PrismaClient>
  var c: Context, getConnInfo: typeof import('@hono/node-server/conninfo').getConnInfo
  var headers: () => Promise<Headers>
}`

function globals(module: string, exports: object): string {
  return Object.keys(exports)
    .map((name) => `var ${name}: typeof ${module}.${name}`)
    .join('; ')
}

/** Of a schema with other names. */
const excerpts = [/prisma\.device/]

test('the blocks of all other pages compile', async () => {
  const others = pages.filter((page) => frameworkPages.every((framework) => framework.page !== page))
  const files = others.flatMap((page) => {
    const snippets = readBlocks(page).filter(({ file, code }) => {
      return file === undefined && excerpts.every((excerpt) => !excerpt.test(code))
    })
    return snippets.map(({ code, number }) => [`${page.replaceAll(/\W/g, '-')}-block-${number}.ts`, asModule(code)])
  })
  expect(files.length).toBeGreaterThan(20)
  const application = newApplication({ 'preamble.ts': preamble, ...Object.fromEntries(files) })
  expect(await application.compile()).toBe('')
})

/** Its imports, and the rest in a function, where a block may return, and declare what the preamble does. */
function asModule(code: string): string {
  const imports = /^import .*?'$/gms
  const rest = code.replaceAll(imports, '')
  return `${code.match(imports)?.join('\n') ?? ''}\nexport async function block() {\n${rest}}\n`
}
