/** Where the pictures of the control characters begin: \u240A is that of a line feed. */
const PICTURES = 0x2400;
const REPLACEMENT = '\ufffd';

/**
 * A name as it can stand anywhere: in a line of a terminal, in XML, in a file of UTF-8. Every control character
 * is its picture, such as \u240A; what is no character, as half of a surrogate pair, is \ufffd.
 */
export function printable(text: string): string {
  // With the flag a whole pair is one character, so that only halves match.
  return text.replaceAll(/[\p{Cc}\p{Cs}\ufffe\uffff\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0)!;
    if (code < 0x20) return String.fromCodePoint(PICTURES + code);
    return code === 0x7f ? '\u2421' : code === 0x2028 || code === 0x2029 ? ' ' : REPLACEMENT;
  });
}
