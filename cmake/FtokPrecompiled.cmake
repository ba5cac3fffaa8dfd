# FTOK_PRECOMPILED: headers that most sources include are parsed once, which saves 1 to 2 seconds of 4 to 10 for each source. Each source
# includes what it needs all the same, and a build without this sees to it. Off with a compiler cache, which shares nothing between such builds.
option(FTOK_PRECOMPILED "Parse the headers that most sources include once" OFF)
if(FTOK_PRECOMPILED)
  # g++ takes a precompiled header only where the macros are those it was made with.
  add_compile_definitions(FMT_SHARED SIMDJSON_THREADS_ENABLED=1)
  add_compile_options(-pthread)
endif()
if(CMAKE_UNITY_BUILD)
  add_compile_options(-Wno-subobject-linkage)  # what a .cc may have in its unnamed namespace looks like a header's
endif()

set(ftok_common_headers <algorithm> <array> <atomic> <chrono> <cstring> <filesystem> <fstream> <functional> <map> <memory> <mutex>
  <optional> <set> <span> <sstream> <string> <string_view> <thread> <unordered_map> <variant> <vector> <fmt/format.h> <simdjson.h>)

# ftok_precompile(TARGET KIND HEADER ...): the sources of TARGET start with the common headers and HEADER ...; the targets of one KIND
# (library, program, test) share them, and are compiled with the same flags.
function(ftok_precompile target kind)
  if(NOT FTOK_PRECOMPILED)
    return()
  endif()
  set(owner ftok_precompiled_${kind})
  if(NOT TARGET ${owner})
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${owner}.cc CONTENT "int main() { return 0; }\n")
    if(kind STREQUAL library)
      add_library(${owner} OBJECT ${PROJECT_BINARY_DIR}/${owner}.cc)
    else()
      add_executable(${owner} EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/${owner}.cc)
    endif()
    target_link_libraries(${owner} PRIVATE ftok_flags)
    if(NOT kind STREQUAL library)
      target_link_libraries(${owner} PRIVATE fmt::fmt simdjson::simdjson)
    endif()
    if(kind STREQUAL test)
      target_link_libraries(${owner} PRIVATE GTest::gtest)
    endif()
    set(headers)
    foreach(header ${ftok_common_headers} ${ARGN})
      list(APPEND headers "$<$<COMPILE_LANGUAGE:CXX>:${header}>")
    endforeach()
    target_precompile_headers(${owner} PRIVATE ${headers})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${owner})
endfunction()

# Sanitizer builds of tools/test compile a target's sources eight at a time (CMAKE_UNITY_BUILD), in half the time. ftok_compile_alone(FILE ...):
# not these, which give a name in their unnamed namespace to something else than another source of the target does.
function(ftok_compile_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
