import * as tf from '@tensorflow/tfjs-core';

/**
 * Turns the hue of every image by its own angle; value and saturation in HSV stay.
 *
 * Source: Smith, "Color Gamut Transform Pairs", SIGGRAPH 1978 (the hexcone model).
 *
 * @param planes float32 [N, 3, H, W] in 0 .. 1
 * @param turns one for each image, in turns of the colour circle
 * @returns the same shape; the caller disposes it
 */
export function shiftHue(planes: tf.Tensor4D, turns: readonly number[]): tf.Tensor4D {
  return tf.tidy(() => {
    const most = tf.max<tf.Tensor4D>(planes, 1, true);
    const least = tf.min<tf.Tensor4D>(planes, 1, true);
    const chroma = tf.sub(most, least);
    const sextants = tf.add(
      hueOf(planes, most, chroma),
      tf.tensor4d(
        turns.map((turn) => 6 * turn),
        [turns.length, 1, 1, 1],
      ),
    );
    return tf.add(least, tf.mul(chroma, pureColor(tf.mod(sextants, 6))));
  });
}

/** The hue in sextants, -1 .. 5, [N, 1, H, W]: 0 for red, 2 for green, 4 for blue; 0 for gray. */
function hueOf(planes: tf.Tensor4D, most: tf.Tensor, chroma: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const [red, green, blue] = tf.split(planes, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    // Where two are the largest, either formula gives the same angle.
    const fromGreen = tf.add(tf.sub(blue, red), tf.mul(chroma, 2));
    const fromBlue = tf.add(tf.sub(red, green), tf.mul(chroma, 4));
    const otherwise = tf.where(tf.equal(green, most), fromGreen, fromBlue);
    const numerator = tf.where(tf.equal(red, most), tf.sub(green, blue), otherwise);
    // A gray pixel has no chroma and a numerator of 0.
    return tf.div(numerator, tf.maximum(chroma, 1e-12));
  });
}

/** The color of full saturation and value of a hue: [N, 1, H, W] in sextants 0 .. 6 becomes [N, 3, H, W]. */
function pureColor(sextants: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const perChannel = (values: number[]): tf.Tensor => tf.tensor4d(values, [1, 3, 1, 1]);
    const distance = tf.abs(tf.sub(sextants, perChannel([3, 2, 4])));
    return tf.clipByValue(tf.add(tf.mul(distance, perChannel([1, -1, -1])), perChannel([-1, 2, 2])), 0, 1);
  });
}
