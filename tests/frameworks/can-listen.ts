import { once } from 'node:events'
import { createServer } from 'node:net'

/** Whether a server can listen on an address of this machine. */
export async function canListen(host: string): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(0, host)
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
