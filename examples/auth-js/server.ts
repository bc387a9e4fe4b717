import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../generated/auth-js/client.ts'
import { createApp } from './app.ts'

const { AUTH_SECRET, DATABASE_URL = 'file:./auth-js.db', PORT = '3000' } = process.env
const { ORIGIN = `http://localhost:${PORT}` } = process.env
if (!AUTH_SECRET) throw new Error('AUTH_SECRET must be set, to a long random text')

const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: DATABASE_URL, timeout: 5000 }) })
// Your mailer comes here.
const sendLink = async (email: string, link: string): Promise<void> => console.log(`To ${email}: ${link}`)
const app = createApp(prisma, { origin: ORIGIN, secret: AUTH_SECRET, sendLink })
app.listen(Number(PORT), 'localhost', () => console.log(ORIGIN))
