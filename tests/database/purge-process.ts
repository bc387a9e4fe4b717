// One process of an application that purges: `purge-process.ts <driver> <url> <time>`. Says after each batch what is removed.
import { purgeSessions } from '../../src/index.ts'
import { connect, type Driver } from '../../scripts/databases.ts'

const [driver, url = '', time = ''] = process.argv.slice(2)
const prisma = connect(driver as Driver, url)
await purgeSessions(prisma, {
  now: new Date(time),
  batchSize: 20,
  onProgress: (counts) => console.log(JSON.stringify(counts)),
})
await prisma.$disconnect()
