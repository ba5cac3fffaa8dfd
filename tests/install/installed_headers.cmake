# installed_headers(NAME ROOM...): the program NAME compiles every header that is installed for these rooms. After find_package(ftok).
function(installed_headers name)
  set(headers "")
  foreach(room ${ARGN})
    file(GLOB found ${ftok_DIR}/../../../include/ftok/${room}/*.h)
    foreach(header ${found})
      if(NOT header MATCHES "/ordered_pipeline.h$")  # over TBB, for those who link it
        string(APPEND headers "#include \"${header}\"\n")
      endif()
    endforeach()
  endforeach()
  file(WRITE ${PROJECT_BINARY_DIR}/headers.cc "${headers}")
  target_sources(${name} PRIVATE ${PROJECT_BINARY_DIR}/headers.cc)
endfunction()
