import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../generated/cookie/client.ts'
import { createApp } from './app.ts'

const { DATABASE_URL = 'file:./cookie.db', NODE_ENV, PORT = '3000' } = process.env

const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: DATABASE_URL, timeout: 5000 }) })
const app = createApp(prisma, { isSecure: NODE_ENV === 'production' })
console.log(await app.listen({ port: Number(PORT), host: 'localhost' }))
