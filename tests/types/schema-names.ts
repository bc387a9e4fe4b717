// What application.ts knows of prisma/schema.prisma. For other schemas, client.test.ts writes this file anew.
export type UserId = number
export const userId: UserId = 1
export const wrongUserId = 'u1'
/** A column of `UserSession` that this package never reads. */
export type OwnColumn = 'deviceInfo'
export const ownColumn: OwnColumn = 'deviceInfo'
