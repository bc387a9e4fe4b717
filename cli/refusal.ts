/** What the command will not do, said in words that tell how to go on. Nothing was written. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  /** 1 when the schema or a file stands against it, 2 when the command was called wrongly. */
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
