import { Controller, HttpCode, Module, Post, Req } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import type { Request } from 'express'
import { describeRequest } from 'prisma-user-sessions/request'
import { listen, type Start } from './application.ts'

export const startNest: Start = async (place, options, signIn) => {
  class SignInController {
    signIn(request: Request) {
      return signIn(describeRequest(request, options))
    }
  }
  // oxlint-disable-next-line typescript/no-extraneous-class -- a module is a class
  class SignInModule {}

  // What the decorators do, which are no JavaScript yet.
  const { prototype } = SignInController
  const method = Object.getOwnPropertyDescriptor(prototype, 'signIn')!
  Controller()(SignInController)
  Post('sign-in')(prototype, 'signIn', method)
  HttpCode(200)(prototype, 'signIn', method)
  Req()(prototype, 'signIn', 0)
  Module({ controllers: [SignInController] })(SignInModule)

  const application = await NestFactory.create(SignInModule, new ExpressAdapter(), { logger: false })
  await application.init()
  const { server } = await listen(application.getHttpServer(), place)
  return { server, close: () => application.close() }
}
