# How every target of ftok is declared: one static library a folder, warnings and floating-point rules in one place.

add_library(ftok_flags INTERFACE)
target_compile_options(ftok_flags INTERFACE
  $<$<COMPILE_LANGUAGE:C,CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -fno-math-errno
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>>  # false positives of g++ 12 on std::string
  # The same bits on every machine: no fused multiply-add unless a kernel asks for it by name.
  $<$<COMPILE_LANGUAGE:C,CXX>:-ffp-contract=off>)
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")  # elsewhere char may be unsigned, and then bytes of 128 and more compare otherwise
  target_compile_options(ftok_flags INTERFACE $<$<COMPILE_LANGUAGE:C,CXX>:-fsigned-char>)
endif()
# Null pointers end a program under every sanitizer; to look for them takes a tenth of the compiler's time. Misaligned pointers and
# objects of another class take a third of g++'s: the fuzzers, which clang compiles, look for them.
if(FTOK_SANITIZE)
  target_compile_options(ftok_flags INTERFACE -fsanitize=${FTOK_SANITIZE} -fno-omit-frame-pointer
                                              -fno-sanitize-recover=all -fno-sanitize=null,object-size
                                              $<$<CXX_COMPILER_ID:GNU>:-fno-sanitize=alignment,vptr>)
  target_link_options(ftok_flags INTERFACE -fsanitize=${FTOK_SANITIZE})
endif()

if(FTOK_FUZZ)  # every library reports its coverage to the fuzzer
  target_compile_options(ftok_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# What is built: the components of FTOK_COMPONENTS and those they link; all, the program and the tests where it is empty. The
# folders are read from the last room to the first, so that a library knows whether one that links it is built.
set(FTOK_COMPONENTS "" CACHE STRING "Libraries to build, without the program and the tests: extract;tokenizer (empty: everything)")
set_property(GLOBAL PROPERTY ftok_wanted ${FTOK_COMPONENTS})

# Whether the library NAME is built.
function(ftok_is_wanted name result)
  get_property(wanted GLOBAL PROPERTY ftok_wanted)
  if(NOT FTOK_COMPONENTS OR name IN_LIST wanted)
    set(${result} TRUE PARENT_SCOPE)
  else()
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()

# ftok_need(WHO TARGET ...): looks for the third-party libraries among the targets that WHO links; an error where one is missing.
function(ftok_need who)
  foreach(target ${ARGN})
    if(target MATCHES "::" AND NOT target MATCHES "^ftok::")
      ftok_find_library(${target} missing)
      if(missing)
        message(FATAL_ERROR "${who} links ${missing}, which is not found (README, \"Building elsewhere\", names the packages)")
      endif()
    endif()
  endforeach()
endfunction()

# ftok_option(NAME TARGET WHAT): the option FTOK_NAME=AUTO|ON|OFF of a part that links TARGET, and whether it is built,
# FTOK_HAS_NAME. AUTO: where the library is.
function(ftok_option name target what)
  set(FTOK_${name} AUTO CACHE STRING "${what}: AUTO (where it is found), ON, OFF")
  set_property(CACHE FTOK_${name} PROPERTY STRINGS AUTO ON OFF)
  set(has OFF)
  if(NOT FTOK_${name} STREQUAL "OFF")
    ftok_find_library(${target} missing)
    if(NOT missing)
      set(has ON)
    elseif(FTOK_${name} STREQUAL "ON")
      message(FATAL_ERROR "FTOK_${name}=ON, and ${missing} is not found")
    endif()
  endif()
  message(STATUS "${what}: ${has}")
  set(FTOK_HAS_${name} ${has} CACHE INTERNAL "")
endfunction()

# ftok_library(NAME SOURCES a.cc ... [PUBLIC lib ...] [PRIVATE lib ...]): target ftok_NAME, alias ftok::NAME; nothing where NAME
# is not wanted. A component of the installed package, with the headers of a room's own folder.
function(ftok_library name)
  ftok_is_wanted(${name} wanted)
  set_property(GLOBAL APPEND PROPERTY ftok_known ${name})
  if(NOT wanted)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(needs ${ARG_PUBLIC} ${ARG_PRIVATE})
  list(FILTER needs INCLUDE REGEX "::")
  ftok_need("ftok::${name}" ${needs})
  set(rooms ${needs})
  list(FILTER rooms INCLUDE REGEX "^ftok::")
  list(TRANSFORM rooms REPLACE "^ftok::" "")
  set_property(GLOBAL APPEND PROPERTY ftok_wanted ${rooms})
  get_property(components GLOBAL PROPERTY ftok_components)
  set_property(GLOBAL PROPERTY ftok_components ${name} ${components})
  set_property(GLOBAL APPEND_STRING PROPERTY ftok_needs "set(ftok_needs_${name} ${needs})\n")

  add_library(ftok_${name} STATIC ${ARG_SOURCES})
  add_library(ftok::${name} ALIAS ftok_${name})
  target_include_directories(ftok_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/ftok>)
  target_link_libraries(ftok_${name} PUBLIC ${ARG_PUBLIC} PRIVATE $<BUILD_INTERFACE:ftok_flags> ${ARG_PRIVATE})
  set_target_properties(ftok_${name} PROPERTIES EXPORT_NAME ${name})
  ftok_precompile(ftok_${name} library)
  install(TARGETS ftok_${name} EXPORT ftok-${name} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT ftok-${name} NAMESPACE ftok:: DESTINATION ${FTOK_PACKAGE_FOLDER})
  file(RELATIVE_PATH room ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  if(NOT room MATCHES "/")  # headers in subfolders are private to their room
    file(GLOB headers CONFIGURE_DEPENDS *.h)
    install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ftok/${room})
  endif()
endfunction()

# Installs what find_package(ftok) reads. After the last ftok_library.
function(ftok_install_package)
  get_property(known GLOBAL PROPERTY ftok_known)
  foreach(name ${FTOK_COMPONENTS})
    if(NOT name IN_LIST known)
      list(JOIN known ", " listed)
      message(FATAL_ERROR "FTOK_COMPONENTS: there is no component ${name}; there are ${listed}")
    endif()
  endforeach()
  get_property(ftok_components GLOBAL PROPERTY ftok_components)
  list(JOIN ftok_components " " ftok_components)
  get_property(ftok_needs GLOBAL PROPERTY ftok_needs)
  string(REPLACE ";" " " ftok_needs "${ftok_needs}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/ftokConfig.cmake.in ${PROJECT_BINARY_DIR}/ftokConfig.cmake @ONLY)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/ftokConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/FtokDependencies.cmake ${PROJECT_BINARY_DIR}/ftokConfig.cmake
                ${PROJECT_BINARY_DIR}/ftokConfigVersion.cmake DESTINATION ${FTOK_PACKAGE_FOLDER})
endfunction()

# ftok_test(NAME SOURCES a_test.cc ... LINK lib ... [LABELS quick]): one GoogleTest binary, each test known to ctest. Labels:
# `quick` (default), `concurrent` (also runs under the thread sanitizer: give it to tests that start threads), `full` (takes
# long), `gpu`. Target concurrent_tests builds those with the label `concurrent` alone.
# Under sanitizers, where a start takes longer than most tests, ctest knows the binary in FTOK_TEST_PARTS parts instead; what they print
# says how many tests passed (tools/checks/test_summary.py).
set(FTOK_TEST_PARTS 2 CACHE STRING "In how many processes a GoogleTest binary runs under sanitizers")
add_custom_target(concurrent_tests)
function(ftok_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS quick)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} ftok_test_support GTest::gtest_main ftok_flags)
  ftok_precompile(${name} test <gtest/gtest.h>)
  if(concurrent IN_LIST ARG_LABELS)
    add_dependencies(concurrent_tests ${name})
  endif()
  list(JOIN ARG_LABELS "+" labels)  # "quick+concurrent": gtest_discover_tests cannot pass a list on; ctest -L matches parts
  if(NOT FTOK_SANITIZE)
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
      PROPERTIES LABELS "${labels}" TIMEOUT 600)
    return()
  endif()
  math(EXPR last "${FTOK_TEST_PARTS} - 1")
  foreach(part RANGE ${last})
    add_test(NAME ${name}.${part} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name}.${part} PROPERTIES LABELS "${labels}" TIMEOUT 1800
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${FTOK_TEST_PARTS};GTEST_SHARD_INDEX=${part}")
  endforeach()
endfunction()
