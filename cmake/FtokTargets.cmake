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
if(FTOK_SANITIZE)
  target_compile_options(ftok_flags INTERFACE -fsanitize=${FTOK_SANITIZE} -fno-omit-frame-pointer
                                              -fno-sanitize-recover=all)
  target_link_options(ftok_flags INTERFACE -fsanitize=${FTOK_SANITIZE})
endif()

if(FTOK_FUZZ)  # every library reports its coverage to the fuzzer
  target_compile_options(ftok_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# ftok_library(NAME SOURCES a.cc ... [PUBLIC lib ...] [PRIVATE lib ...]): target ftok_NAME, alias ftok::NAME.
function(ftok_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(ftok_${name} STATIC ${ARG_SOURCES})
  add_library(ftok::${name} ALIAS ftok_${name})
  target_include_directories(ftok_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/ftok>)
  target_link_libraries(ftok_${name} PUBLIC ${ARG_PUBLIC} PRIVATE $<BUILD_INTERFACE:ftok_flags> ${ARG_PRIVATE})
  set_target_properties(ftok_${name} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS ftok_${name} EXPORT ftokTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ftok/${folder}
          FILES_MATCHING PATTERN "*.h")
endfunction()

# ftok_test(NAME SOURCES a_test.cc ... LINK lib ... [LABELS quick]): one GoogleTest binary, each test known to ctest. Labels:
# `quick` (default), `concurrent` (also runs under the thread sanitizer: give it to tests that start threads), `full` (takes
# long), `gpu`. Target concurrent_tests builds those with the label `concurrent` alone.
add_custom_target(concurrent_tests)
function(ftok_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS quick)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} ftok_test_support GTest::gtest_main ftok_flags)
  if(concurrent IN_LIST ARG_LABELS)
    add_dependencies(concurrent_tests ${name})
  endif()
  list(JOIN ARG_LABELS "+" labels)  # "quick+concurrent": gtest_discover_tests cannot pass a list on; ctest -L matches parts
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${labels}" TIMEOUT 600 ENVIRONMENT FTOK_NO_FSYNC=1)
endfunction()
