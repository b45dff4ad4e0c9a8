# Compiled in a copy of this folder by src/libtorch/buildAddon.ts, which writes two files beside this one:
# libtorch.gypi with the flags for the libtorch at hand, and all_sources.cc, which includes every .cc here.
# One compilation reads libtorch's headers once, which is most of the work. So a name in an anonymous
# namespace must be unique among all files.
{
  "includes": ["libtorch.gypi"],
  "targets": [
    {
      "target_name": "protocl_torch",
      "sources": ["all_sources.cc"],
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
