# Third-party libraries, all from the system (tools/setup installs them; README lists the packages). Each is looked for when
# something that is built links it. Installed with the package, where find_package(ftok) looks for them in the same way.

# An imported target | where it comes from: a package and its component, or a module of pkg-config.
set(ftok_libraries
  "TBB::tbb|package|TBB"
  "fmt::fmt|package|fmt"
  "CLI11::CLI11|package|CLI11"
  "simdjson::simdjson|package|simdjson"
  "CURL::libcurl|package|CURL"
  "ZLIB::ZLIB|package|ZLIB"
  "ICU::uc|package|ICU|uc"
  "ICU::i18n|package|ICU|i18n"
  "Threads::Threads|package|Threads"
  "PkgConfig::TOMLPP|module|tomlplusplus"
  "PkgConfig::DEFLATE|module|libdeflate"
  "PkgConfig::ZSTD|module|libzstd"
  "PkgConfig::BROTLI|module|libbrotlidec"
  "PkgConfig::GUMBO|module|gumbo"
  "PkgConfig::RE2|module|re2"
  "PkgConfig::XXHASH|module|libxxhash"
  "PkgConfig::PSL|module|libpsl"
  "PkgConfig::UCHARDET|module|uchardet"
  "PkgConfig::FASTTEXT|module|fasttext"
  "PkgConfig::CRYPTO|module|libcrypto"
  "PkgConfig::HTTPLIB|module|cpp-httplib"
  "PkgConfig::OPENBLAS|module|openblas")

# ftok_find_library(TARGET MISSING): makes the imported target; MISSING is "", or what was not found.
function(ftok_find_library target missing)
  set(${missing} "" PARENT_SCOPE)
  if(TARGET ${target})
    return()
  endif()
  set(row ${ftok_libraries})
  list(FILTER row INCLUDE REGEX "^${target}\\|")
  string(REPLACE "|" ";" row "${row}")
  list(POP_FRONT row unused kind name)
  if(kind STREQUAL package)
    find_package(${name} QUIET COMPONENTS ${row})
    set(${missing} "the CMake package ${name}" PARENT_SCOPE)
  else()
    find_package(PkgConfig QUIET)
    string(REPLACE "PkgConfig::" "" prefix ${target})
    set(scope)
    if(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)
      set(scope GLOBAL)
    endif()
    if(PKG_CONFIG_FOUND)
      pkg_check_modules(${prefix} QUIET IMPORTED_TARGET ${scope} ${name})
    endif()
    set(${missing} "the pkg-config module ${name}" PARENT_SCOPE)
  endif()
  if(TARGET ${target})
    set(${missing} "" PARENT_SCOPE)
  endif()
endfunction()
