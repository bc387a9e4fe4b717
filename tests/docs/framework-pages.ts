import type { ApplicationSettings } from './new-application.ts'
import { readFiles, readPage } from './read-blocks.ts'

const ownSchema = readPage('prisma/schema.prisma')

/** What the pages leave to their reader: the client, and whose password it is. */
const prisma = `
  import { PrismaLibSql } from '@prisma/adapter-libsql'
  import { PrismaClient } from './generated/prisma/client.ts'
  export const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: process.env.DATABASE_URL! }) })`
const users = `
  import { prisma } from './prisma.ts'
  const passwords = new Map<number, string>()
  export async function checkPassword(email: string, password: string) {
    const user = await prisma.user.findUnique({ where: { email } })
    return user && password === (passwords.get(user.id) ?? 'the first') ? user : null
  }
  export async function setPassword(userId: number, password: string) {
    passwords.set(userId, password)
  }`

/** The same as providers. */
const prismaService = `
  import { Injectable } from '@nestjs/common'
  import { PrismaLibSql } from '@prisma/adapter-libsql'
  import { PrismaClient } from './generated/prisma/client'
  @Injectable()
  export class PrismaService extends PrismaClient {
    constructor() {
      super({ adapter: new PrismaLibSql({ url: process.env.DATABASE_URL! }) })
    }
  }`
const usersProvider = `
  import { Injectable } from '@nestjs/common'
  import { PrismaService } from './prisma.service'
  @Injectable()
  export class Users {
    private readonly passwords = new Map<number, string>()
    constructor(private readonly prisma: PrismaService) {}
    async checkPassword(email: string, password: string) {
      const user = await this.prisma.user.findUnique({ where: { email } })
      return user && password === (this.passwords.get(user.id) ?? 'the first') ? user : null
    }
    async setPassword(userId: number, password: string) {
      this.passwords.set(userId, password)
    }
  }`

export interface FrameworkPage {
  readonly page: string
  readonly files: Record<string, string>
  readonly settings: ApplicationSettings
  /** What starts it, compiled. */
  readonly main?: string
}

/** Each framework's page as an application, its compiler set as the framework's own template sets it. */
export const frameworkPages: FrameworkPage[] = [
  page('express', { 'prisma.ts': prisma, 'users.ts': users }, 'app'),
  page('fastify', { 'prisma.ts': prisma, 'users.ts': users }, 'app'),
  page('hono', { 'prisma.ts': prisma, 'users.ts': users }, 'app'),
  page('nestjs', { 'prisma.service.ts': prismaService, 'users.ts': usersProvider }, 'main', {
    type: 'commonjs',
    schema: ownSchema.replace(/output +=.*/, 'output = "./generated/prisma"\n  moduleFormat = "cjs"'),
    compilerOptions: {
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      isolatedModules: true,
      allowImportingTsExtensions: false,
    },
  }),
  page('nextjs', { 'lib/prisma.ts': prisma.replace('./gen', '../gen'), 'lib/users.ts': users }, undefined, {
    compilerOptions: {
      module: 'esnext',
      moduleResolution: 'bundler',
      lib: ['dom', 'dom.iterable', 'esnext'],
      jsx: 'react-jsx',
      isolatedModules: true,
      noEmit: true,
    },
  }),
]

function page(
  name: string,
  own: Record<string, string>,
  main?: string,
  settings: ApplicationSettings = {},
): FrameworkPage {
  const path = `docs/${name}.md`
  return { page: path, files: { ...own, ...readFiles(path) }, settings, ...(main && { main: `dist/${main}.js` }) }
}
