// Looked up once: reading a global is slow where tests run.
const { floor, min } = Math;

/** The picture that tools/parity/augment.py paints: uint8 [height, width, 3]. */
export function picture(height: number, width: number): Uint8Array {
  const pixels = new Uint8ClampedArray(height * width * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        const waves = 5 * wave(3 * x + 2 * y + 40 * c, 97) + 3 * wave(5 * y + 2 * x + 90 * c, 61);
        const value = floor(waves / 8);
        const isInverted = (floor(x / 9) + floor(y / 7) + c) % 5 === 0;
        const noise = ((73 * x + 151 * y + 199 * c + 7 * x * y) % 31) - 15;
        pixels[(y * width + x) * 3 + c] = (isInverted ? 255 - value : value) + noise;
      }
    }
  }
  return new Uint8Array(pixels.buffer);
}

function wave(t: number, period: number): number {
  const value = floor(((t % period) * 512) / period);
  return min(value, 511 - value);
}
