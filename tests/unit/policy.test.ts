import { describe, expect, it } from 'vitest'
import { createPolicy, defaultPolicy, InvalidPolicyError, policyFromEnvironment, type Policy } from '../../src/index.ts'

const names = ['idleTimeoutSeconds', 'absoluteTimeoutSeconds', 'touchIntervalSeconds', 'retentionSeconds'] as const
const century = 100 * 365 * 86_400
const secret = 'x'.repeat(32)

describe('defaultPolicy', () => {
  it('is 30 minutes idle, 12 hours at all, a write a minute, 30 days of history and whole addresses', () => {
    expect(defaultPolicy).toEqual({
      idleTimeoutSeconds: 1800,
      absoluteTimeoutSeconds: 43_200,
      touchIntervalSeconds: 60,
      retentionSeconds: 2_592_000,
      ipAddress: 'full',
    })
    expect(Object.isFrozen(defaultPolicy)).toBe(true)
  })
})

describe('createPolicy()', () => {
  it('gives the default where nothing differs', () => {
    expect(createPolicy()).toEqual(defaultPolicy)
    expect(createPolicy({})).toEqual(defaultPolicy)
    expect(createPolicy(undefined)).toEqual(defaultPolicy)
  })

  it('gives what differs, and the default for the rest', () => {
    expect(createPolicy({ idleTimeoutSeconds: 900, retentionSeconds: 1 })).toEqual({
      ...defaultPolicy,
      idleTimeoutSeconds: 900,
      retentionSeconds: 1,
    })
    const other = {
      idleTimeoutSeconds: 10,
      absoluteTimeoutSeconds: 10,
      touchIntervalSeconds: 9.999,
      retentionSeconds: century,
      ipAddress: 'hashed',
      ipAddressKey: secret,
    } as const
    expect(createPolicy(other)).toEqual(other)
  })

  it('gives a frozen policy, which a later change of its argument does not reach', () => {
    const overrides = { idleTimeoutSeconds: 900 }
    const policy = createPolicy(overrides)
    overrides.idleTimeoutSeconds = 1
    expect(Object.isFrozen(policy)).toBe(true)
    expect(policy.idleTimeoutSeconds).toBe(900)
    expect(Object.isFrozen(overrides)).toBe(false)
  })

  it('gives a policy back that it has made', () => {
    const policy = createPolicy({ idleTimeoutSeconds: 900 })
    expect(createPolicy(policy)).toBe(policy)
    expect(createPolicy(defaultPolicy)).toBe(defaultPolicy)
    expect(createPolicy({ ...policy })).toEqual(policy)
  })

  it.each([
    [1800, 60],
    [121, 60],
    [120, 60],
    [119, 59.5],
    [60, 30],
    [1, 0.5],
  ])('has for an idle timeout of %d s a touch interval of %d s', (idleTimeoutSeconds, touchIntervalSeconds) => {
    expect(createPolicy({ idleTimeoutSeconds })).toMatchObject({ idleTimeoutSeconds, touchIntervalSeconds })
  })

  const wrong = [0, -0, -1, Number.NaN, Infinity, -Infinity, century + 1, '60', '', true, {}, [60], undefined, null]
  it.each(names.flatMap((name) => wrong.map((value) => [name, value] as const)))('refuses %s: %o', (name, value) => {
    const create = () => createPolicy({ [name]: value })
    expect(create).toThrow(InvalidPolicyError)
    expect(create).toThrow(expect.objectContaining({ code: 'ERR_INVALID_POLICY', field: name }))
  })

  it.each(['', 'Full', 'hash', 'constructor', null, undefined, true, 24, ['full'], {}, Symbol('full')])(
    'refuses ipAddress: %o',
    (ipAddress) => {
      const create = () => createPolicy({ ipAddress: ipAddress as never, ipAddressKey: secret })
      expect(create).toThrow(InvalidPolicyError)
      expect(create).toThrow(expect.objectContaining({ field: 'ipAddress' }))
    },
  )

  it.each(['', ' '.repeat(40), 'x'.repeat(31), 'x'.repeat(1025), `${secret}\0`, `${secret}\ud800`, null, 42, {}])(
    'refuses ipAddressKey: %.40o, without repeating it',
    (ipAddressKey) => {
      for (const ipAddress of ['full', 'hashed'] as const) {
        const create = () => createPolicy({ ipAddress, ipAddressKey: ipAddressKey as never })
        expect(create).toThrow(expect.objectContaining({ code: 'ERR_INVALID_POLICY', field: 'ipAddressKey' }))
        expect(create).toThrow(
          /^Cannot use policy: ipAddressKey must be a secret of 32 to 1024 characters: received \w+$/,
        )
      }
    },
  )

  it('refuses hashed addresses without a key', () => {
    const create = () => createPolicy({ ipAddress: 'hashed' })
    expect(create).toThrow(
      'Cannot use policy: ipAddressKey must be given where ipAddress is hashed: received undefined',
    )
  })

  it.each([60n, Symbol('60')])('refuses idleTimeoutSeconds: %o', (idleTimeoutSeconds) => {
    expect(() => createPolicy({ idleTimeoutSeconds: idleTimeoutSeconds as never })).toThrow(InvalidPolicyError)
  })

  it.each([
    ['an idle timeout above the absolute one', { idleTimeoutSeconds: 43_200.001 }, 'idleTimeoutSeconds'],
    ['an absolute timeout below the idle one', { absoluteTimeoutSeconds: 1799.999 }, 'idleTimeoutSeconds'],
    ['a touch interval of the idle timeout', { touchIntervalSeconds: 1800 }, 'touchIntervalSeconds'],
    ['a touch interval above the idle timeout', { touchIntervalSeconds: 1801 }, 'touchIntervalSeconds'],
    [
      'a touch interval of a short idle timeout',
      { idleTimeoutSeconds: 5, touchIntervalSeconds: 5 },
      'touchIntervalSeconds',
    ],
    ['a misspelt name', { idleTimeout: 60 }, 'policy'],
    ['a name too many', { ...defaultPolicy, limit: 5 }, 'policy'],
  ])('refuses %s', (_, overrides, field) => {
    const create = () => createPolicy(overrides as Partial<Policy>)
    expect(create).toThrow(InvalidPolicyError)
    expect(create).toThrow(expect.objectContaining({ field }))
  })

  it.each([null, 60, '60', true, [], [60], () => {}, 60n])('refuses %o', (overrides) => {
    const create = () => createPolicy(overrides as never)
    expect(create).toThrow(InvalidPolicyError)
    expect(create).toThrow(expect.objectContaining({ field: 'policy' }))
  })

  it('takes an idle timeout of the absolute one, and a touch interval just below', () => {
    expect(createPolicy({ idleTimeoutSeconds: 43_200 }).idleTimeoutSeconds).toBe(43_200)
    expect(createPolicy({ touchIntervalSeconds: 1799.999 }).touchIntervalSeconds).toBe(1799.999)
  })

  it('says what is needed and what type came, never the value', () => {
    expect(() => createPolicy({ idleTimeoutSeconds: 'secret' as never })).toThrow(
      'Cannot use policy: idleTimeoutSeconds must be a number above 0 and at most 3153600000: received string',
    )
  })
})

describe('policyFromEnvironment()', () => {
  it.each([
    ['30', 1800],
    ['0.5', 30],
    [' 15 ', 900],
    ['\t1\n', 60],
    ['007', 420],
    ['2.50', 150],
    ['720', 43_200],
  ])('reads EXPIRY_TIME %o as minutes: %d s', (EXPIRY_TIME, idleTimeoutSeconds) => {
    const policy = policyFromEnvironment({ EXPIRY_TIME })
    expect(policy).toEqual(createPolicy({ idleTimeoutSeconds }))
    expect(Object.isFrozen(policy)).toBe(true)
  })

  it.each(['', ' ', undefined])('gives the default for EXPIRY_TIME %o', (EXPIRY_TIME) => {
    expect(policyFromEnvironment({ EXPIRY_TIME })).toEqual(defaultPolicy)
  })

  it('gives the default without EXPIRY_TIME', () => {
    expect(policyFromEnvironment({})).toEqual(defaultPolicy)
    expect(policyFromEnvironment({ expiry_time: '5', OTHER: 'x' })).toEqual(defaultPolicy)
  })

  const noMinutes = ['0', '0.0', '00', '-1', '-0', '+5', 'abc', '5m', '1e3', '0x10', '0b1', '1_000', '1,5', '.5', '5.']
  it.each([...noMinutes, '1.2.3', 'NaN', 'Infinity', 'null', '1 5', '٣', 'secret'])(
    'refuses EXPIRY_TIME %o',
    (EXPIRY_TIME) => {
      const read = () => policyFromEnvironment({ EXPIRY_TIME })
      expect(read).toThrow(InvalidPolicyError)
      expect(read).toThrow(expect.objectContaining({ field: 'EXPIRY_TIME', code: 'ERR_INVALID_POLICY' }))
      expect(read).toThrow('Cannot use policy: EXPIRY_TIME must be a number of minutes above 0: received other text')
    },
  )

  it.each(['721', '720.01', '9'.repeat(20), '9'.repeat(400)])(
    'refuses more than the absolute timeout: EXPIRY_TIME %.20o',
    (EXPIRY_TIME) => {
      const read = () => policyFromEnvironment({ EXPIRY_TIME })
      expect(read).toThrow(InvalidPolicyError)
      expect(read).toThrow(expect.objectContaining({ field: 'idleTimeoutSeconds' }))
    },
  )

  it('takes more where the absolute timeout is raised', () => {
    const overrides = { absoluteTimeoutSeconds: 86_400 }
    expect(policyFromEnvironment({ EXPIRY_TIME: '721' }, overrides)).toMatchObject({
      idleTimeoutSeconds: 43_260,
      absoluteTimeoutSeconds: 86_400,
    })
  })

  it('goes before what the program says of the idle timeout, which holds without it', () => {
    const overrides = { idleTimeoutSeconds: 600, retentionSeconds: 5 }
    expect(policyFromEnvironment({ EXPIRY_TIME: '5' }, overrides)).toMatchObject({
      idleTimeoutSeconds: 300,
      retentionSeconds: 5,
    })
    expect(policyFromEnvironment({}, overrides)).toMatchObject({ idleTimeoutSeconds: 600, retentionSeconds: 5 })
  })

  it('refuses wrong overrides, with and without EXPIRY_TIME', () => {
    for (const environment of [{}, { EXPIRY_TIME: '5' }]) {
      expect(() => policyFromEnvironment(environment, { retentionSeconds: 0 })).toThrow(InvalidPolicyError)
      expect(() => policyFromEnvironment(environment, { touchIntervalSeconds: 1800 })).toThrow(InvalidPolicyError)
    }
  })
})
