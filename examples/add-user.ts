// Adds somebody who can sign in: node --import tsx examples/add-user.ts cookie ada@example.com 'a long password'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { hashPassword } from './password.ts'

const [example, email, password] = process.argv.slice(2)
if (!example || !email || !password) throw new Error('Name an example, an email address and a password')

const { PrismaClient } = await import(`../generated/${example}/client.ts`)
const { DATABASE_URL = `file:./${example}.db` } = process.env
const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: DATABASE_URL }) })
await prisma.user.create({ data: { email, passwordHash: await hashPassword(password) } })
await prisma.$disconnect()
