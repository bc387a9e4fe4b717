import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../generated/better-auth/client.ts'
import { createApp } from './app.ts'

const { BETTER_AUTH_SECRET, DATABASE_URL = 'file:./better-auth.db', PORT = '3000' } = process.env
const { BETTER_AUTH_URL = `http://localhost:${PORT}` } = process.env
if (!BETTER_AUTH_SECRET) throw new Error('BETTER_AUTH_SECRET must be set, to a long random text')

const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: DATABASE_URL, timeout: 5000 }) })
const app = createApp(prisma, { baseURL: BETTER_AUTH_URL, secret: BETTER_AUTH_SECRET })
app.listen(Number(PORT), 'localhost', () => console.log(BETTER_AUTH_URL))
