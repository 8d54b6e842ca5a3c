// Hexadecimal, Base64 and SHA-256: the small change between bytes and text.

const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hex. */
export function hex(bytes) {
  let text = "";
  for (const byte of bytes) text += digits[byte];
  return text;
}

/** The bytes of an even number of hex digits; the caller has checked them. */
export function unhex(text) {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Standard Base64 with padding, of short values (a digest, a signature). */
export function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

export function unbase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
