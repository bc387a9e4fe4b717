import type { SessionClient } from 'prisma-user-sessions'
import { expect, test } from 'vitest'
import type { Device } from '../device.ts'

/** Tests what holds for every example that has routes and passwords of its own, with a user who has two devices. */
export function testWrongInput(signIn: () => Promise<{ prisma: SessionClient; desktop: Device }>): void {
  test('what is not well-formed is refused and changes nothing', async () => {
    const { prisma, desktop } = await signIn()
    const wrongEmail = { email: { not: '' }, password: 'correct horse battery staple' }
    expect(await desktop.post('/sign-in', wrongEmail)).toMatchObject({ status: 400 })
    expect(await desktop.post('/password', { password: 'short' })).toMatchObject({ status: 400 })
    expect(await desktop.post('/password')).toMatchObject({ status: 400 })
    expect(await desktop.delete('/devices/%00')).toMatchObject({ status: 400 })
    expect(await desktop.get('/me')).toMatchObject({ status: 200 })
    expect(await prisma.session.findMany()).toHaveLength(2)
  })
}
