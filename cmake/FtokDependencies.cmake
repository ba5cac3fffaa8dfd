# Third-party libraries, all from the system (tools/setup installs them; README lists the packages).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(TBB REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(simdjson REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc i18n)
foreach(pair "TOMLPP;tomlplusplus" "DEFLATE;libdeflate" "ZSTD;libzstd" "BROTLI;libbrotlidec" "GUMBO;gumbo" "RE2;re2"
             "XXHASH;libxxhash" "PSL;libpsl" "UCHARDET;uchardet" "FASTTEXT;fasttext" "CRYPTO;libcrypto"
             "OPENBLAS;openblas")  # matrix products of the trainer on the CPU
  list(GET pair 0 prefix)
  list(GET pair 1 module)
  pkg_check_modules(${prefix} REQUIRED IMPORTED_TARGET ${module})
endforeach()
