# Compiled in a copy of this folder, beside a libtorch.gypi that src/libtorch/buildAddon.ts writes:
# it knows the sources, the libtorch to compile against and the flags.
{
  "includes": ["libtorch.gypi"],
  "targets": [
    {
      "target_name": "protocl_torch",
      "sources": ["<@(native_sources)"],
      "defines": ["<@(native_defines)"],
      "cflags!": ["-O2", "-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["<@(native_compiler_flags)"],
      "ldflags": ["<@(native_linker_flags)"],
      # After the objects: a linker that drops what is not needed yet would drop these before them.
      "libraries": ["<@(native_libraries)"],
      "xcode_settings": {
        "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
        "GCC_ENABLE_CPP_RTTI": "YES",
        "CLANG_CXX_LIBRARY": "libc++",
        "OTHER_CPLUSPLUSFLAGS": ["<@(native_compiler_flags)"],
        "OTHER_LDFLAGS": ["<@(native_linker_flags)"]
      }
    }
  ]
}
