import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import { findLocation, type Locate, type Location } from '../../src/find-location.ts'
import { firstOf } from '../../src/first-of.ts'

const berlin = { city: 'Berlin', country: 'DE' }
const answering = (answer: unknown): Locate => vi.fn<Locate>(async () => answer as never)
const headers = { 'cf-ipcountry': 'DE' }

function refuse(): never {
  throw new Error('refused')
}

describe('firstOf()', () => {
  test('answers what the first says, and does not ask the others', async () => {
    const second = answering({ city: 'Rome', country: 'IT' })
    expect(await firstOf(answering(berlin), second)('8.8.8.8', headers)).toEqual(berlin)
    expect(second).not.toHaveBeenCalled()
  })

  test('asks each with the address and the headers, one after the other', async () => {
    const asked: unknown[] = []
    const noting =
      (name: string): Locate =>
      async (...given) => {
        asked.push([name, 'begins', ...given])
        await Promise.resolve()
        asked.push([name, 'ends'])
        return null
      }
    expect(await firstOf(noting('a'), noting('b'), noting('c'))('8.8.8.8', headers)).toBe(null)
    expect(asked).toEqual(
      ['a', 'b', 'c'].flatMap((name) => [
        [name, 'begins', '8.8.8.8', headers],
        [name, 'ends'],
      ]),
    )
  })

  test.each([
    ['a city', { city: 'Berlin', country: null }],
    ['a country', { city: null, country: 'DE' }],
  ])('takes an answer with %s alone', async (_, found) => {
    expect(await firstOf(answering(found), answering(berlin))('8.8.8.8', {})).toEqual(found)
  })

  const unreadable = new Proxy({}, { get: refuse })
  test.each<[string, unknown]>([
    ['throws', refuse],
    ['rejects', async () => refuse()],
    ['rejects with nothing', () => Promise.reject()],
    ['answers null', answering(null)],
    ['answers undefined', answering(undefined)],
    ['answers nulls', answering({ city: null, country: null })],
    ['answers nothing in it', answering({})],
    ['answers a text', answering('Berlin')],
    ['answers names that are not safe to show', answering({ city: '<b>Berlin</b>', country: 'de' })],
    ['answers a country that is none', answering({ city: '', country: 'XX' })],
    ['answers other types', answering({ city: ['Berlin'], country: 5 })],
    ['answers what throws when it is read', () => unreadable],
  ])('asks the next when one %s', async (_, locate) => {
    expect(await firstOf(locate as Locate, answering(berlin))('8.8.8.8', {})).toEqual(berlin)
    expect(await firstOf(locate as Locate)('8.8.8.8', {})).toBe(null)
  })

  test('answers names that are safe to show, and nothing else', async () => {
    const answer = { city: 'Berlin', country: 'XX', latitude: 52.5 }
    expect(await firstOf(answering(answer))('8.8.8.8', {})).toEqual({ city: 'Berlin', country: null })
  })

  test('is one of those that it may ask itself', async () => {
    const inner = firstOf(answering(null), answering(berlin))
    expect(await firstOf(answering(null), inner)('8.8.8.8', {})).toEqual(berlin)
  })

  test('keeps to the functions that it was given', async () => {
    const given: [Locate, ...Locate[]] = [answering(berlin)]
    const locate = firstOf(...given)
    given[0] = answering(null)
    expect(await locate('8.8.8.8', {})).toEqual(berlin)
  })

  describe('in findLocation()', () => {
    beforeEach(() => void vi.useFakeTimers())
    afterEach(() => void vi.useRealTimers())

    const after =
      (ms: number, answer: Location | null): Locate =>
      () =>
        new Promise((resolve) => void setTimeout(resolve, ms, answer))

    test.each([
      [400, 599, berlin],
      [400, 601, { city: null, country: null }],
      [2000, 0, { city: null, country: null }],
    ])('has 1 s for all: %i ms and %i ms', async (first, second, found) => {
      const finding = findLocation('8.8.8.8', firstOf(after(first, null), after(second, berlin)))
      await vi.advanceTimersByTimeAsync(1000)
      expect(await finding).toEqual(found)
    })
  })

  test.each([
    ['none', [], 'undefined'],
    ['undefined', [undefined], 'undefined'],
    ['a text', ['cloudflare'], 'string'],
    ['a promise', [Promise.resolve(null)], 'object'],
    ['a list', [[answering(null)]], 'array'],
    ['null after another', [answering(null), null], 'null'],
  ])('refuses %s', (_, locates, type) => {
    const message = `Cannot ask several for a place: locate must be a function: received ${type}`
    expect(() => firstOf(...(locates as [Locate]))).toThrow(new InvalidInputError(message, 'locate'))
  })
})
