/** The same client, which does something else before a transaction of its begins: what comes between two statements. */
export function beforeTransaction<Client extends { $transaction: Function }>(
  prisma: Client,
  work: () => Promise<unknown>,
): Client {
  const $transaction = async (...args: unknown[]): Promise<unknown> => {
    await work()
    return prisma.$transaction(...args)
  }
  return new Proxy(prisma, {
    get: (client, name) => (name === '$transaction' ? $transaction : Reflect.get(client, name)),
  })
}
