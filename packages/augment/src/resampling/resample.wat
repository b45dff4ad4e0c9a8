;; The two passes of a separable resize of 8-bit RGB images, for resampleImage.ts,
;; which fills the tables.
;; Compiled by `npx --package=wabt wat2wasm resample.wat`; resampleBinary.ts holds the result in base64.
;; A pixel is four float32 lanes from the first pass to the second: red, green, blue, and one unused.
(module
  (memory (export "memory") 1)

  ;; First pass: every output pixel of every row is a weighted sum of `taps` neighbours in the row.
  (func (export "resampleColumns")
    (param $source i32)       ;; uint8 RGB rows; one byte after the last may be read
    (param $sourceStride i32) ;; bytes from row to row
    (param $rows i32)
    (param $target i32)       ;; float32 x 4 for each pixel
    (param $offsets i32)      ;; int32 [width]: byte offset of the first neighbour of each output pixel
    (param $weights i32)      ;; float32 [width, taps]
    (param $taps i32)
    (param $width i32)
    (local $x i32) (local $k i32) (local $pixel i32) (local $weight i32) (local $sum v128)
    (loop $row
      (local.set $weight (local.get $weights))
      (local.set $x (i32.const 0))
      (loop $column
        (local.set $pixel
          (i32.add
            (local.get $source)
            (i32.load (i32.add (local.get $offsets) (i32.shl (local.get $x) (i32.const 2))))))
        (local.set $sum (v128.const f32x4 0 0 0 0))
        (local.set $k (local.get $taps))
        (loop $tap
          (local.set $sum
            (f32x4.add
              (local.get $sum)
              (f32x4.mul
                (v128.load32_splat (local.get $weight))
                (f32x4.convert_i32x4_u
                  (i32x4.extend_low_i16x8_u
                    (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $pixel))))))))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (local.set $pixel (i32.add (local.get $pixel) (i32.const 3)))
          (br_if $tap (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
        (v128.store (local.get $target) (local.get $sum))
        (local.set $target (i32.add (local.get $target) (i32.const 16)))
        (local.set $x (i32.add (local.get $x) (i32.const 1)))
        (br_if $column (i32.lt_u (local.get $x) (local.get $width))))
      (local.set $source (i32.add (local.get $source) (local.get $sourceStride)))
      (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; Second pass: every output row is a weighted sum of `taps` rows of the first pass, rounded to 8 bits.
  (func (export "resampleRows")
    (param $source i32)       ;; rows of the first pass
    (param $rowBytes i32)     ;; 16 x width
    (param $target i32)       ;; uint8 RGB; one byte after the last is overwritten
    (param $offsets i32)      ;; int32 [height]: byte offset of the first row of each output row
    (param $weights i32)      ;; float32 [height, taps]
    (param $taps i32)
    (param $height i32)
    (local $x i32) (local $k i32) (local $pixel i32) (local $weight i32) (local $sum v128)
    (loop $row
      (local.set $x (i32.const 0))
      (loop $column
        (local.set $pixel
          (i32.add (i32.add (local.get $source) (i32.load (local.get $offsets))) (local.get $x)))
        ;; A half, since the conversion cuts off.
        (local.set $sum (v128.const f32x4 0.5 0.5 0.5 0.5))
        (local.set $weight (local.get $weights))
        (local.set $k (local.get $taps))
        (loop $tap
          (local.set $sum
            (f32x4.add
              (local.get $sum)
              (f32x4.mul (v128.load32_splat (local.get $weight)) (v128.load (local.get $pixel)))))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (local.set $pixel (i32.add (local.get $pixel) (local.get $rowBytes)))
          (br_if $tap (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
        ;; Three bytes and one that the next pixel overwrites.
        (v128.store32_lane 0
          (local.get $target)
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s
              (i32x4.trunc_sat_f32x4_s (local.get $sum))
              (v128.const i32x4 0 0 0 0))
            (v128.const i32x4 0 0 0 0)))
        (local.set $target (i32.add (local.get $target) (i32.const 3)))
        (local.set $x (i32.add (local.get $x) (i32.const 16)))
        (br_if $column (i32.lt_u (local.get $x) (local.get $rowBytes))))
      (local.set $weights (local.get $weight))
      (local.set $offsets (i32.add (local.get $offsets) (i32.const 4)))
      (br_if $row (local.tee $height (i32.sub (local.get $height) (i32.const 1)))))))
