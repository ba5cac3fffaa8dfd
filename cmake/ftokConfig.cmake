# What find_package(ftok) reads: the libraries ftok's targets link, then the targets.
include(${CMAKE_CURRENT_LIST_DIR}/FtokDependencies.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/ftokTargets.cmake)
