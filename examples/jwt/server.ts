import { serve } from '@hono/node-server'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../generated/jwt/client.ts'
import { createApp } from './app.ts'

const { DATABASE_URL = 'file:./jwt.db', PORT = '3000', TOKEN_SECRET } = process.env
// Source: RFC 7518, section 3.2: a key for HS256 is as long as its hash.
if (!TOKEN_SECRET || TOKEN_SECRET.length < 32)
  throw new Error('TOKEN_SECRET must be set, to 32 random characters or more')

const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: DATABASE_URL, timeout: 5000 }) })
const { fetch } = createApp(prisma, { secret: TOKEN_SECRET })
serve({ fetch, port: Number(PORT), hostname: 'localhost' }, ({ port }) => console.log(`http://localhost:${port}`))
