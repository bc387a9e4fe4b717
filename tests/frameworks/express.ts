import { createServer } from 'node:http'
import express from 'express'
import { describeRequest } from 'prisma-user-sessions/request'
import { listen, type Start } from './application.ts'

export const startExpress: Start = (place, options, signIn) => {
  const application = express()
  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- since Express 5 a rejection is its to answer
  application.post('/sign-in', async (request, response) => {
    response.json(await signIn(describeRequest(request, options)))
  })
  return listen(createServer(application), place)
}
