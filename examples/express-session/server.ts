import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../generated/express-session/client.ts'
import { createApp } from './app.ts'

const { DATABASE_URL = 'file:./express-session.db', NODE_ENV, PORT = '3000', SESSION_SECRET } = process.env
if (!SESSION_SECRET) throw new Error('SESSION_SECRET must be set, to a long random text')

const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: DATABASE_URL, timeout: 5000 }) })
const app = createApp(prisma, { secret: SESSION_SECRET, isSecure: NODE_ENV === 'production' })
app.listen(Number(PORT), 'localhost', () => console.log(`http://localhost:${PORT}`))
