/**
 * What may be stored: words that mean nothing to a page, a terminal, a spreadsheet or a log. Of the 64 characters of a
 * column, 39 are for the longest word, a model, and 25 for its system and version.
 */
const PLAIN = /^[A-Za-z0-9](?:[A-Za-z0-9 ._+()-]{0,37}[A-Za-z0-9._+()-])?$/

/** Whether a word may be stored and shown as it is. */
export function isPlain(word: string | undefined): word is string {
  return word !== undefined && PLAIN.test(word)
}

/** The words that are plain, with spaces between. `null` when none is. */
export function plainLabel(...words: (string | undefined)[]): string | null {
  return words.filter(isPlain).join(' ') || null
}

/** A name with its major version, unless that is 0, which says nothing. `null` when the name is not plain. */
export function versionedLabel(name: string | undefined, version: string | undefined): string | null {
  return isPlain(name) ? plainLabel(name, /^(?!0+(?!\d))\d{1,10}/.exec(version ?? '')?.[0]) : null
}
