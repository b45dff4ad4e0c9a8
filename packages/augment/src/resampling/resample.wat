;; The two passes of a separable resize of 8-bit RGB images, for resampleImage.ts, which fills the tables.
;; Compiled by `npx --package=wabt wat2wasm resample.wat`; resampleBinary.ts holds the result in base64.
;;
;; Weights are int16 with 14 binary places, and come in pairs, so that one instruction weighs two
;; neighbours. Between the passes a value is an int16 with 7 binary places. What is read beyond the end
;; of a row has a weight of 0; what is written there is overwritten by the next row, or never read.
(module
  (memory (export "memory") 1)

  ;; First pass: every output pixel of every row is a weighted sum of neighbours in the row. Two rows
  ;; are done at a time, so where their number is odd, one more is read and written.
  (func (export "resampleColumns")
    (param $source i32)       ;; uint8 RGB rows
    (param $sourceStride i32) ;; bytes from row to row
    (param $rows i32)
    (param $target i32)       ;; int16 RGB rows
    (param $targetStride i32) ;; at least 6 x width + 2
    (param $offsets i32)      ;; int32 [width]: byte offset of the first neighbour of each output pixel
    (param $weights i32)      ;; int16 [width, pairs, 2]
    (param $pairs i32)
    (param $width i32)
    (local $entry i32) (local $lastEntry i32) (local $k i32) (local $pixel i32) (local $weight i32)
    (local $place i32) (local $pair v128) (local $upper v128) (local $lower v128)
    (local.set $lastEntry (i32.add (local.get $offsets) (i32.shl (local.get $width) (i32.const 2))))
    (loop $row
      (local.set $weight (local.get $weights))
      (local.set $place (local.get $target))
      (local.set $entry (local.get $offsets))
      (loop $column
        (local.set $pixel (i32.add (local.get $source) (i32.load (local.get $entry))))
        ;; A half of what the shift cuts off.
        (local.set $upper (v128.const i32x4 64 64 64 64))
        (local.set $lower (local.get $upper))
        (local.set $k (local.get $pairs))
        (loop $tap
          (local.set $pair (v128.load32_splat (local.get $weight)))
          ;; r0 g0 b0 r1 g1 b1 becomes r0 r1 g0 g1 b0 b1, 16 bits each.
          (local.set $upper
            (i32x4.add
              (local.get $upper)
              (i32x4.dot_i16x8_s
                (i8x16.swizzle
                  (v128.load64_zero (local.get $pixel))
                  (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1))
                (local.get $pair))))
          (local.set $lower
            (i32x4.add
              (local.get $lower)
              (i32x4.dot_i16x8_s
                (i8x16.swizzle
                  (v128.load64_zero (i32.add (local.get $pixel) (local.get $sourceStride)))
                  (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1))
                (local.get $pair))))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (local.set $pixel (i32.add (local.get $pixel) (i32.const 6)))
          (br_if $tap (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
        (local.set $upper
          (i16x8.narrow_i32x4_s
            (i32x4.shr_s (local.get $upper) (i32.const 7))
            (i32x4.shr_s (local.get $lower) (i32.const 7))))
        (v128.store64_lane 0 (local.get $place) (local.get $upper))
        (v128.store64_lane 1 (i32.add (local.get $place) (local.get $targetStride)) (local.get $upper))
        (local.set $place (i32.add (local.get $place) (i32.const 6)))
        (local.set $entry (i32.add (local.get $entry) (i32.const 4)))
        (br_if $column (i32.lt_u (local.get $entry) (local.get $lastEntry))))
      (local.set $source (i32.add (local.get $source) (i32.shl (local.get $sourceStride) (i32.const 1))))
      (local.set $target (i32.add (local.get $target) (i32.shl (local.get $targetStride) (i32.const 1))))
      (br_if $row
        (i32.gt_s (local.tee $rows (i32.sub (local.get $rows) (i32.const 2))) (i32.const 0)))))

  ;; Second pass: every output row is a weighted sum of rows of the first pass, rounded to 8 bits.
  (func (export "resampleRows")
    (param $source i32)       ;; rows of the first pass
    (param $sourceStride i32) ;; a multiple of 16
    (param $target i32)       ;; uint8 RGB rows
    (param $targetStride i32) ;; 3 x width
    (param $offsets i32)      ;; int32 [height]: byte offset of the first row of each output row
    (param $weights i32)      ;; int16 [height, pairs, 2]
    (param $pairs i32)
    (param $height i32)
    (local $x i32) (local $k i32) (local $place i32) (local $weight i32)
    (local $first v128) (local $second v128) (local $pair v128) (local $low v128) (local $high v128)
    (loop $row
      (local.set $x (i32.const 0))
      (loop $column
        (local.set $place
          (i32.add (i32.add (local.get $source) (i32.load (local.get $offsets))) (local.get $x)))
        ;; A half of what the shift cuts off.
        (local.set $low (v128.const i32x4 0x100000 0x100000 0x100000 0x100000))
        (local.set $high (local.get $low))
        (local.set $weight (local.get $weights))
        (local.set $k (local.get $pairs))
        (loop $tap
          (local.set $pair (v128.load32_splat (local.get $weight)))
          (local.set $first (v128.load (local.get $place)))
          (local.set $second (v128.load (i32.add (local.get $place) (local.get $sourceStride))))
          (local.set $low
            (i32x4.add
              (local.get $low)
              (i32x4.dot_i16x8_s
                (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
                  (local.get $first) (local.get $second))
                (local.get $pair))))
          (local.set $high
            (i32x4.add
              (local.get $high)
              (i32x4.dot_i16x8_s
                (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31
                  (local.get $first) (local.get $second))
                (local.get $pair))))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (local.set $place
            (i32.add (local.get $place) (i32.shl (local.get $sourceStride) (i32.const 1))))
          (br_if $tap (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
        (v128.store64_lane 0
          (i32.add (local.get $target) (i32.shr_u (local.get $x) (i32.const 1)))
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $low) (i32.const 21))
              (i32x4.shr_s (local.get $high) (i32.const 21)))
            (v128.const i32x4 0 0 0 0)))
        (local.set $x (i32.add (local.get $x) (i32.const 16)))
        (br_if $column (i32.lt_u (local.get $x) (local.get $sourceStride))))
      (local.set $target (i32.add (local.get $target) (local.get $targetStride)))
      (local.set $weights (local.get $weight))
      (local.set $offsets (i32.add (local.get $offsets) (i32.const 4)))
      (br_if $row (local.tee $height (i32.sub (local.get $height) (i32.const 1)))))))
